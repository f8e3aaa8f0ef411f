"""What the scheduler keeps: customers, obligations, enrolments, steps, contacts.

Instants are aware; money is minor units.
"""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec

from services.policy.model import ConsentRecord, Contact
from services.scheduler.model.habits import Counts

Key = tuple[str, str]
"""Tenant and an id within it."""

ObligationKey = tuple[str, str, str]
"""Tenant, kind and the publisher's id: a bill and a subscription may have the same id."""


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
    HANDED_OVER = "handed_over"
    """A person was asked to see to it."""


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
    phone_country: str | None = None
    phone_zones: tuple[str, ...] = ()
    postal_areas: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether there is any evidence of a zone."""
        return bool(self.timezone or self.country or self.phone_country or self.phone_zones)


class Hold(msgspec.Struct, frozen=True, omit_defaults=True):
    """A typed reason that stops or changes contact; a `services.policy.holds.Hold`.

    obligation_id None: about the whole customer.
    """

    kind: str
    at: datetime | None = None
    obligation_id: str | None = None
    until: datetime | None = None
    lifted_at: datetime | None = None
    freed_at: datetime | None = None


class Handoff(msgspec.Struct, frozen=True, omit_defaults=True):
    """A hand-off to a person that is open; without an obligation it is about the customer."""

    id: str
    reason: str
    obligation_id: str | None = None


class Customer(msgspec.Struct, frozen=True, omit_defaults=True):
    """One customer, as events and facts left them.

    consents: as the publisher tells. preferences: what the customer chose here, by opt-out or on
    the preferences page; a refusal among them wins over any consent. handoffs: open ones.
    wrong_channels: those whose address is somebody else's. addresses: by channel, whether there is
    one that works, as far as that was told. left: purposes that they opted out of, by whatever
    channel (`*`: all). tier: the publisher's. applied: by
    partition of customer.events (`topic/partition`), the offset of this customer's last event
    that is applied here. paused_until: a pause. hours, max_a_week: their own wishes, as
    `services.policy.preferences` has them. erased_at: since when they are forgotten, and nothing
    was told of them. answers: theirs by local hour; answered_at: the hour of the last one, from its
    beginning. segments: by playbook with steps that may move to their hour, the one they were in
    last.
    """

    tenant: str
    id: str
    place: Place = Place()
    locale: str | None = None
    tier: str | None = None
    consents: tuple[ConsentRecord, ...] = ()
    preferences: tuple[ConsentRecord, ...] = ()
    holds: tuple[Hold, ...] = ()
    handoffs: tuple[Handoff, ...] = ()
    wrong_channels: tuple[str, ...] = ()
    addresses: dict[str, bool] = {}
    left: frozenset[str] = frozenset()
    applied: dict[str, int] = {}
    paused_until: datetime | None = None
    hours: str | None = None
    max_a_week: int | None = None
    merged_into: str | None = None
    erased_at: datetime | None = None
    answers: Counts = {}
    answered_at: datetime | None = None
    segments: dict[str, str] = {}

    @property
    def key(self) -> Key:
        """Tenant and id."""
        return self.tenant, self.id

    def has_address(self, channel: str) -> bool:
        """Whether they can be reached by it. Mail is tried where nothing was told."""
        return self.addresses.get(channel, channel == "email")


class Obligation(msgspec.Struct, frozen=True, omit_defaults=True):
    """What outreach may be about, as events left it.

    version: the publisher's, highest seen. as_of: time of the newest event about it; terms_at: of
    the newest that told its terms, and not only of money.
    closed_at, closed_version: of the event that ended it, whose id is closed_by. reopens_from:
    a later period (due on that local date or after) opens it again. pending_payments: those under
    way, and since when. past_payments: those whose outcome is known, and since when.
    agreement_id: an agreement that runs, made at agreed_at. holds: those about this obligation
    alone. notices: kinds of statutory notices that the publisher has sent.
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
    terms_at: datetime | None = None
    pending_payments: dict[str, datetime] = {}
    past_payments: dict[str, datetime] = {}
    agreement_id: str | None = None
    agreed_at: datetime | None = None
    holds: tuple[Hold, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def key(self) -> ObligationKey:
        """Tenant, kind and id."""
        return self.tenant, self.kind, self.id

    @property
    def pending(self) -> bool:
        """Whether a payment is under way."""
        return bool(self.pending_payments)


class StepPlan(msgspec.Struct, frozen=True, omit_defaults=True):
    """One contact that a playbook foresees. at: local time `HH:MM`, None for the first permitted.

    anchor: `due`, `trigger`, `choice` or `broken` (a promise), `instalment` or `completed` (an
    agreement), what `days` counts from. valid_for: counted from the planned instant; afterwards
    the step is too late. own_hour: it may move within its day to the hour at which the customer
    answers. by: `machine`, or `person`: then nothing is sent and template is empty. choice: with
    its anchor, the choice that plans the step. seniority: of the person. instalment: with its
    anchor, the number of the one it reminds of, from 1. channels: in the order in which they are
    tried; empty where there is only `channel`.
    """

    name: str
    anchor: str
    days: int
    valid_for: timedelta
    template: str
    channel: str = "email"
    channels: tuple[str, ...] = ()
    at: str | None = None
    by: str = "machine"
    choice: str | None = None
    seniority: str | None = None
    instalment: int | None = None
    own_hour: bool = False

    @property
    def thanks(self) -> bool:
        """Whether it thanks for what is paid, and so asks for nothing."""
        return self.anchor == "completed"

    @property
    def ways(self) -> tuple[str, ...]:
        """The channels by which it may go; never empty."""
        return self.channels or (self.channel,)


class Instalment(msgspec.Struct, frozen=True):
    """One payment of an agreement, due on a local date."""

    due_date: date
    amount_minor: int


class Agreement(msgspec.Struct, frozen=True, omit_defaults=True):
    """The agreement that an enrolment cares for. kept: how many of its instalments are paid.

    completed_at: when the last of it was.
    """

    id: str
    instalments: tuple[Instalment, ...]
    kept: int = 0
    completed_at: datetime | None = None


class ChoiceTerms(msgspec.Struct, frozen=True, omit_defaults=True):
    """A one-tap answer that mails may offer. does: `person`, `request`, `steps` or `stop`.

    keep: names of steps that stay planned when it is made.
    """

    name: str
    does: str
    request: str | None = None
    keep: tuple[str, ...] = ()
    seniority: str | None = None


class Chosen(msgspec.Struct, frozen=True):
    """The choice that counts: the first of its enrolment."""

    name: str
    at: datetime


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

    number: counts those of this customer, playbook and obligation, from 1. continues: the one
    whose place it takes. answers: the hand-off in whose talk it is an answer. reentry: when a new
    trigger may enrol anew after an end, `never` (about the same due date), `after_end`, or an ISO
    8601 duration after it. reenter: ended by something
    that may pass, so that a new trigger may enrol anew in any case. ended_by: the rule that ended
    it. paused: until resumed, or until paused_until. place, locale: as the command gave them, used
    where the customer's own are unknown. due_date: the one that the steps were planned by. offers:
    the authority for terms, carried through. chosen: the customer's choice among `choices`.
    broken_at: when the promise was broken that it answers. reopened: how often a message that came
    back opened it again after it was complete. consolidate: what falls due together
    goes out in one message. agreement: the one that it cares for, whose reminders it plans.
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
    choices: tuple[ChoiceTerms, ...] = ()
    chosen: Chosen | None = None
    context: dict[str, Any] = {}
    offers: dict[str, Any] | None = None
    locale: str | None = None
    place: Place = Place()
    due_date: date | None = None
    obligation_kind: str = "bill"
    consolidate: bool = False
    number: int = 1
    continues: str | None = None
    reentry: str = "never"
    answers: str | None = None
    broken_at: datetime | None = None
    reopened: int = 0
    agreement: Agreement | None = None
    paused: bool = False
    paused_until: datetime | None = None
    status: EnrolmentStatus = EnrolmentStatus.ACTIVE
    reason: str | None = None
    reenter: bool = False
    ended_by: str | None = None
    ended_at: datetime | None = None

    @property
    def obligation_key(self) -> ObligationKey:
        """What it is about: tenant, kind and id."""
        return self.tenant, self.obligation_kind, self.obligation_id

    @property
    def active(self) -> bool:
        """Whether it still plans."""
        return self.status is EnrolmentStatus.ACTIVE


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One planned contact of an enrolment.

    planned_at: by the playbook alone. due_at: when it is tried, after rules, or the customer's own
    hour, moved it. not_after:
    from then on it is too late. attempt: of the next or running dispatch, from 1. reason: why it
    ended, or, of a planned one, what it waits for.
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
