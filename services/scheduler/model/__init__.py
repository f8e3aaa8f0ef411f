"""What the scheduler knows and decides, as plain values.

A `Book` holds the part of the state that one decision may touch; rules read and change it, and
return `Outcome`s.
"""

from services.scheduler.model.book import LOOKS_AHEAD, Book
from services.scheduler.model.enrolment import (
    Agreement,
    Cause,
    ChoiceTerms,
    Chosen,
    Enrolment,
    EnrolmentStatus,
    ExitRule,
    Instalment,
    Step,
    StepPlan,
    StepState,
    Trigger,
)
from services.scheduler.model.habits import Answer, Counts, HourChoice, Learning, Pool
from services.scheduler.model.news import Command, Heard
from services.scheduler.model.outcomes import (
    Cancelled,
    Completed,
    Deferred,
    Dispatched,
    Enrolled,
    Joined,
    LiftRefused,
    NoticeWanted,
    Outcome,
    PersonDue,
    Planned,
    Suppressed,
)
from services.scheduler.model.state import (
    Customer,
    Handoff,
    Hold,
    Key,
    Obligation,
    ObligationKey,
    ObligationState,
    Place,
    Reserved,
)

__all__ = [
    "LOOKS_AHEAD",
    "Agreement",
    "Answer",
    "Book",
    "Cancelled",
    "Cause",
    "ChoiceTerms",
    "Chosen",
    "Command",
    "Completed",
    "Counts",
    "Customer",
    "Deferred",
    "Dispatched",
    "Enrolled",
    "Enrolment",
    "EnrolmentStatus",
    "ExitRule",
    "Handoff",
    "Heard",
    "Hold",
    "HourChoice",
    "Instalment",
    "Joined",
    "Key",
    "Learning",
    "LiftRefused",
    "NoticeWanted",
    "Obligation",
    "ObligationKey",
    "ObligationState",
    "Outcome",
    "PersonDue",
    "Place",
    "Planned",
    "Pool",
    "Reserved",
    "Step",
    "StepPlan",
    "StepState",
    "Suppressed",
    "Trigger",
]
