"""What the scheduler knows and decides, as plain values. Instants are aware; money is minor units.

A `Book` holds the part of the state that one decision may touch; rules read and change it, and
return `Outcome`s, which become facts and dispatches.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec

from services.policy.model import CapCount, ConsentRecord, Contact, Zones

Key = tuple[str, str]
"""Tenant and an id within it."""


class ObligationState(StrEnum):
    """Whether an obligation may still be talked about."""

    OPEN = "open"
    SETTLED = "settled"
    """Paid in full; a reversed payment opens it again."""
    CLOSED = "closed"
    """Closed, renewed, cancelled, completed or withdrawn."""


class StepState(StrEnum):
    """Where a step stands. All but `planned` and `dispatched` are ends."""

    PLANNED = "planned"
    DISPATCHED = "dispatched"
    SENT = "sent"
    FAILED = "failed"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"


class EnrolmentStatus(StrEnum):
    """Whether an enrolment still plans."""

    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """Evidence of where a customer is; a `services.policy.model.Place`."""

    timezone: str | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None

    @property
    def known(self) -> bool:
        """Whether there is any evidence of a zone."""
        return bool(self.timezone or self.country)


class Hold(msgspec.Struct, frozen=True, omit_defaults=True):
    """A typed reason that stops or changes contact, as last placed or lifted.

    obligation_id None: about the whole customer. until None: open-ended.
    """

    kind: str
    at: datetime
    obligation_id: str | None = None
    until: datetime | None = None
    lifted: bool = False


class Customer(msgspec.Struct, frozen=True, omit_defaults=True):
    """One customer, as events and facts left them.

    applied: by partition of customer.events (`topic/partition`), the offset of this customer's
    last event that is applied here. paused_until: an operator's pause.
    """

    tenant: str
    id: str
    place: Place = Place()
    locale: str | None = None
    consents: tuple[ConsentRecord, ...] = ()
    holds: tuple[Hold, ...] = ()
    applied: dict[str, int] = {}
    paused_until: datetime | None = None
    merged_into: str | None = None

    @property
    def key(self) -> Key:
        """Tenant and id."""
        return self.tenant, self.id


class Obligation(msgspec.Struct, frozen=True, omit_defaults=True):
    """What outreach may be about, as events left it.

    version: the publisher's, highest seen. as_of: time of the newest event about its terms.
    closed_at, closed_version: of the event that ended it, whose id is closed_by. reopens_from:
    a later period (due on that local date or after) opens it again. pending: a payment is under
    way. agreement_id: an agreement that runs. holds: those about this obligation alone.
    """

    tenant: str
    id: str
    kind: str = "bill"
    creditor: str | None = None
    amount_minor: int | None = None
    balance_minor: int | None = None
    currency: str | None = None
    due_date: date | None = None
    due_timezone: str | None = None
    product: str | None = None
    version: int | None = None
    actor_role: str = "creditor"
    parties: tuple[str, ...] = ()
    state: ObligationState = ObligationState.OPEN
    reason: str | None = None
    closed_at: datetime | None = None
    closed_version: int | None = None
    closed_by: str | None = None
    reopens_from: date | None = None
    as_of: datetime | None = None
    pending: bool = False
    agreement_id: str | None = None
    holds: tuple[Hold, ...] = ()

    @property
    def key(self) -> Key:
        """Tenant and id."""
        return self.tenant, self.id


class StepPlan(msgspec.Struct, frozen=True, omit_defaults=True):
    """One contact that a playbook foresees. at: local time `HH:MM`, None for the first permitted.

    anchor: `due` or `trigger`, what `days` counts from. valid_for: counted from the planned
    instant; afterwards the step is too late.
    """

    name: str
    anchor: str
    days: int
    valid_for: timedelta
    template: str
    channel: str = "email"
    at: str | None = None


class ExitRule(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event or fact that ends the enrolment; `keep` names steps that stay planned."""

    on: str
    reason: str
    when: str | None = None
    keep: tuple[str, ...] = ()


class Cause(msgspec.Struct, frozen=True, omit_defaults=True):
    """The command behind an enrolment, to carry on the chain of causes."""

    command_id: str
    traceparent: str | None = None
    correlationid: str | None = None


class Trigger(msgspec.Struct, frozen=True, omit_defaults=True):
    """The customer event that started an enrolment."""

    event_id: str
    event_type: str
    time: datetime


class Enrolment(msgspec.Struct, frozen=True, omit_defaults=True):
    """One customer in one playbook about one obligation; the playbook's version is pinned.

    reenter: ended by something that may pass, so that a new trigger may enrol anew. place,
    locale: as the command gave them, used where the customer's own are unknown. due_date: the
    one that the steps were planned by. offers: the authority for terms, carried through.
    """

    tenant: str
    customer: str
    id: str
    playbook: str
    playbook_version: int
    purpose: str
    segment: str
    tone: str
    obligation_id: str
    cause: Cause
    trigger: Trigger
    started_at: datetime
    plans: tuple[StepPlan, ...] = ()
    exits: tuple[ExitRule, ...] = ()
    context: dict[str, Any] = {}
    offers: dict[str, Any] | None = None
    locale: str | None = None
    place: Place = Place()
    due_date: date | None = None
    status: EnrolmentStatus = EnrolmentStatus.ACTIVE
    reason: str | None = None
    reenter: bool = False
    ended_at: datetime | None = None

    @property
    def active(self) -> bool:
        """Whether it still plans."""
        return self.status is EnrolmentStatus.ACTIVE


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One planned contact of an enrolment.

    planned_at: by the playbook alone. due_at: when it is tried, after rules moved it. not_after:
    from then on it is too late. attempt: of the next or running dispatch, from 1.
    """

    tenant: str
    customer: str
    id: str
    enrolment_id: str
    position: int
    plan: StepPlan
    planned_at: datetime
    due_at: datetime
    not_after: datetime
    state: StepState = StepState.PLANNED
    attempt: int = 1
    dispatch_id: str | None = None
    reason: str | None = None

    @property
    def open(self) -> bool:
        """Whether it may still lead to a contact."""
        return self.state in (StepState.PLANNED, StepState.DISPATCHED)


class Reserved(msgspec.Struct, frozen=True):
    """A contact made or under way, by its dispatch; it counts for every cap from `at` on."""

    tenant: str
    customer: str
    dispatch_id: str
    contact: Contact


class Command(msgspec.Struct, frozen=True):
    """The order to enrol a customer. `terms`: the obligation as the command describes it."""

    tenant: str
    customer: str
    terms: Obligation
    enrolment: Enrolment


class Heard(msgspec.Struct, frozen=True):
    """One fact of the log, or the customer event that an `event.applied` tells of.

    stale: a higher publisher's version was known, so that it changes nothing. position: for
    customer events, topic/partition and offset on customer.events.
    """

    tenant: str
    customer: str
    type: str
    id: str
    time: datetime
    data: Mapping[str, Any]
    obligation_id: str | None = None
    stale: bool = False
    position: tuple[str, int] | None = None

    @property
    def version(self) -> int | None:
        """The publisher's version of the obligation."""
        return self.data.get("version")


class Enrolled(msgspec.Struct, frozen=True):
    """A customer entered a playbook."""

    enrolment: Enrolment
    obligation: Obligation


class Planned(msgspec.Struct, frozen=True):
    """A step has an instant."""

    step: Step
    zones: tuple[str, ...]


class Deferred(msgspec.Struct, frozen=True):
    """A step was moved."""

    step: Step
    was: datetime
    reason: str
    rule: str
    rule_version: int


class Suppressed(msgspec.Struct, frozen=True):
    """A trigger (step None) or a step is not contacted."""

    tenant: str
    customer: str
    playbook: str
    obligation_id: str
    reason: str
    rule: str
    rule_version: int
    trigger_event_id: str
    enrolment_id: str | None = None
    step: Step | None = None


class Dispatched(msgspec.Struct, frozen=True):
    """A step is to be sent now, with what the decision rested on."""

    step: Step
    enrolment: Enrolment
    obligation: Obligation
    customer: Customer
    zones: Zones
    packs: tuple[tuple[str, int], ...]
    counts: tuple[CapCount, ...]
    decided_at: datetime


class Cancelled(msgspec.Struct, frozen=True):
    """An enrolment ended before its last step."""

    enrolment: Enrolment
    reason: str
    step_ids: tuple[str, ...]
    cause_event_id: str | None


class Completed(msgspec.Struct, frozen=True):
    """An enrolment came to its end."""

    enrolment: Enrolment
    reason: str


Outcome = Enrolled | Planned | Deferred | Suppressed | Dispatched | Cancelled | Completed


class Book:
    """The rows that one transaction decides on, and which of them changed.

    derive: makes a stable id of its parts.
    """

    def __init__(self, derive: Callable[..., str]) -> None:
        self.derive = derive
        self.customers: dict[Key, Customer] = {}
        self.obligations: dict[Key, Obligation] = {}
        self.enrolments: dict[str, Enrolment] = {}
        self.steps: dict[str, Step] = {}
        self.reserved: dict[str, Reserved] = {}
        self.released: set[tuple[str, str, str]] = set()
        self.changed: set[tuple[str, Any]] = set()
        self._enrolments_of: dict[tuple[str, Key], list[str]] = {}
        self._steps_of: dict[str, list[str]] = {}
        self._reserved_of: dict[Key, list[str]] = {}

    def load(
        self,
        customers: Iterable[Customer] = (),
        obligations: Iterable[Obligation] = (),
        enrolments: Iterable[Enrolment] = (),
        steps: Iterable[Step] = (),
        reserved: Iterable[Reserved] = (),
    ) -> None:
        """Take in rows as they are stored."""
        for customer in customers:
            self.customers[customer.key] = customer
        for obligation in obligations:
            self.obligations[obligation.key] = obligation
        for enrolment in enrolments:
            self._keep_enrolment(enrolment)
        for step in steps:
            self._keep_step(step)
        for one in reserved:
            self._keep_reserved(one)

    def put(self, row: Customer | Obligation | Enrolment | Step | Reserved) -> None:
        """Replace or add a row; it will be saved."""
        if isinstance(row, Customer):
            self.customers[row.key] = row
            self.changed.add(("customer", row.key))
        elif isinstance(row, Obligation):
            self.obligations[row.key] = row
            self.changed.add(("obligation", row.key))
        elif isinstance(row, Enrolment):
            self._keep_enrolment(row)
            self.changed.add(("enrolment", row.id))
        elif isinstance(row, Step):
            self._keep_step(row)
            self.changed.add(("step", row.id))
        else:
            self._keep_reserved(row)
            self.changed.add(("reserved", row.dispatch_id))

    def release(self, tenant: str, customer: str, dispatch_id: str) -> None:
        """Forget a reserved contact: it was not made."""
        self.released.add((tenant, customer, dispatch_id))
        self.changed.discard(("reserved", dispatch_id))
        one = self.reserved.pop(dispatch_id, None)
        if one is not None:
            self._reserved_of[one.tenant, one.customer].remove(dispatch_id)

    def customer(self, tenant: str, customer: str) -> Customer:
        """The customer, a blank one if not known yet."""
        return self.customers.get((tenant, customer)) or Customer(tenant, customer)

    def of_customer(self, key: Key) -> list[Enrolment]:
        """The loaded enrolments of a customer."""
        return [self.enrolments[i] for i in self._enrolments_of.get(("customer", key), ())]

    def of_obligation(self, key: Key) -> list[Enrolment]:
        """The loaded enrolments about an obligation, whoever is enrolled."""
        return [self.enrolments[i] for i in self._enrolments_of.get(("obligation", key), ())]

    def steps_of(self, enrolment_id: str) -> list[Step]:
        """The steps of an enrolment in the playbook's order."""
        steps = [self.steps[i] for i in self._steps_of.get(enrolment_id, ())]
        return sorted(steps, key=lambda step: step.position)

    def contacts_of(self, key: Key) -> list[Contact]:
        """The customer's loaded contacts."""
        return [self.reserved[i].contact for i in self._reserved_of.get(key, ())]

    def _keep_enrolment(self, row: Enrolment) -> None:
        if row.id not in self.enrolments:
            for index in (
                ("customer", (row.tenant, row.customer)),
                ("obligation", (row.tenant, row.obligation_id)),
            ):
                self._enrolments_of.setdefault(index, []).append(row.id)
        self.enrolments[row.id] = row

    def _keep_step(self, row: Step) -> None:
        if row.id not in self.steps:
            self._steps_of.setdefault(row.enrolment_id, []).append(row.id)
        self.steps[row.id] = row

    def _keep_reserved(self, row: Reserved) -> None:
        if row.dispatch_id not in self.reserved:
            self._reserved_of.setdefault((row.tenant, row.customer), []).append(row.dispatch_id)
        self.reserved[row.dispatch_id] = row
