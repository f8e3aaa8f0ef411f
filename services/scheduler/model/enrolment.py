"""One customer in one playbook about one obligation: what is planned, by what, and where it stands.

Instants are aware; money is minor units.
"""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec

from services.scheduler.model.state import ObligationKey, Place


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


class Step(msgspec.Struct, frozen=True):
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
