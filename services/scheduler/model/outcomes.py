"""What the scheduler decided; each becomes a fact, and a dispatch an order as well."""

from datetime import datetime

import msgspec

from services.policy.holds import Ruling
from services.policy.model import CapCount, Zones
from services.scheduler.model.enrolment import Enrolment, Step
from services.scheduler.model.habits import HourChoice
from services.scheduler.model.state import Customer, Obligation


class Enrolled(msgspec.Struct, frozen=True):
    """A customer entered a playbook."""

    enrolment: Enrolment
    obligation: Obligation


class Planned(msgspec.Struct, frozen=True):
    """A step has an instant. instead_of: the step by another channel whose place it takes. hour:
    how its hour was chosen, where the playbook leaves it open."""

    step: Step
    zones: tuple[str, ...]
    instead_of: str | None = None
    hour: HourChoice | None = None


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


class Joined(msgspec.Struct, frozen=True):
    """A step that goes out in the message of another."""

    step: Step
    enrolment: Enrolment
    obligation: Obligation


class Dispatched(msgspec.Struct, frozen=True):
    """A step is to be sent now, with what the decision rested on; others may go with it."""

    step: Step
    enrolment: Enrolment
    obligation: Obligation
    customer: Customer
    zones: Zones
    packs: tuple[tuple[str, int], ...]
    counts: tuple[CapCount, ...]
    decided_at: datetime
    joined: tuple[Joined, ...] = ()


class PersonDue(msgspec.Struct, frozen=True):
    """A person is to see to a step now. ruling: the hold that leaves it to them, if one does."""

    step: Step
    enrolment: Enrolment
    obligation: Obligation
    customer: Customer
    ruling: Ruling | None = None


class NoticeWanted(msgspec.Struct, frozen=True):
    """The publisher must send a statutory notice before contact about an obligation."""

    tenant: str
    customer: str
    obligation_id: str
    notice: str


class LiftRefused(msgspec.Struct, frozen=True):
    """A publisher lifted a hold that only an operator lifts, by the rule (`pack/rule`)."""

    tenant: str
    customer: str
    kind: str
    obligation_id: str | None
    event_id: str
    rule: str
    rule_version: int


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


Outcome = (
    Enrolled
    | Planned
    | Deferred
    | Suppressed
    | Dispatched
    | PersonDue
    | NoticeWanted
    | LiftRefused
    | Cancelled
    | Completed
)
