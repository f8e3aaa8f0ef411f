"""How enrolments end: cancelled by something that happened, or completed."""

from datetime import datetime

import msgspec

from services.scheduler.model import (
    Book,
    Cancelled,
    Completed,
    Enrolment,
    EnrolmentStatus,
    Outcome,
    StepState,
)

_DONE = frozenset({StepState.SENT, StepState.UNKNOWN, StepState.HANDED_OVER})


def cancel(
    book: Book,
    enrolment: Enrolment,
    reason: str,
    cause_event_id: str | None,
    now: datetime,
    reenter: bool,
    rule: str,
) -> Cancelled:
    """End the enrolment now. Steps on their way are named as well: the messenger stops them.

    reenter: whether a later trigger may enrol the customer anew. rule: what ended it; see
    `continuing`.
    """
    opened = [step for step in book.steps_of(enrolment.id) if step.open]
    for step in opened:
        if step.state is StepState.PLANNED:
            book.put(msgspec.structs.replace(step, state=StepState.CANCELLED, reason=reason))
    ended = msgspec.structs.replace(
        enrolment,
        status=EnrolmentStatus.CANCELLED,
        reason=reason,
        reenter=reenter,
        ended_by=rule,
        ended_at=now,
    )
    book.put(ended)
    return Cancelled(ended, reason, tuple(step.id for step in opened), cause_event_id)


def complete_if_done(book: Book, enrolment: Enrolment, now: datetime) -> list[Outcome]:
    """Complete an active enrolment of which no step is planned or on its way."""
    steps = book.steps_of(enrolment.id)
    if not enrolment.active or any(step.open for step in steps):
        return []
    contacted = any(step.state in _DONE for step in steps)
    reason = "all_steps_done" if contacted else "nothing_sent"
    ended = msgspec.structs.replace(
        enrolment, status=EnrolmentStatus.COMPLETED, reason=reason, ended_at=now
    )
    book.put(ended)
    return [Completed(ended, reason)]
