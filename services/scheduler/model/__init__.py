"""What the scheduler knows and decides, as plain values.

A `Book` holds the part of the state that one decision may touch; rules read and change it, and
return `Outcome`s.
"""

from services.scheduler.model.book import Book
from services.scheduler.model.news import Command, Heard
from services.scheduler.model.outcomes import (
    Cancelled,
    Completed,
    Deferred,
    Dispatched,
    Enrolled,
    Joined,
    Outcome,
    PersonDue,
    Planned,
    Suppressed,
)
from services.scheduler.model.state import (
    Cause,
    ChoiceTerms,
    Chosen,
    Customer,
    Enrolment,
    EnrolmentStatus,
    ExitRule,
    Handoff,
    Hold,
    Key,
    Obligation,
    ObligationKey,
    ObligationState,
    Place,
    Reserved,
    Step,
    StepPlan,
    StepState,
    Trigger,
)

__all__ = [
    "Book",
    "Cancelled",
    "Cause",
    "ChoiceTerms",
    "Chosen",
    "Command",
    "Completed",
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
    "Joined",
    "Key",
    "Obligation",
    "ObligationKey",
    "ObligationState",
    "Outcome",
    "PersonDue",
    "Place",
    "Planned",
    "Reserved",
    "Step",
    "StepPlan",
    "StepState",
    "Suppressed",
    "Trigger",
]
