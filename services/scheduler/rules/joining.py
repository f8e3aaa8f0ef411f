"""Which steps go out together, in one message that counts as one contact."""

from collections.abc import Iterator
from datetime import datetime

from services.scheduler.model import Book, Enrolment, Joined, Step, StepState
from services.scheduler.rules.timing import WITHIN, place_of

MOST = 20
"""Obligations that one message may be about."""
_STANDS = (StepState.PLANNED, StepState.DISPATCHED, StepState.SENT, StepState.UNKNOWN)
"""A step that goes out, or may have."""


def may_join(book: Book, lead: Step, now: datetime) -> Iterator[Joined]:
    """The steps that could go out with `lead`, soonest due first, at most one an enrolment.

    They say the same kind of thing in the same spirit: same version of the playbook, segment,
    tone and channel, and the same clock. Whether each may go out at all is judged one by one.
    """
    own = book.enrolments[lead.enrolment_id]
    if not own.consolidate:
        return
    found = [
        first
        for enrolment in book.of_customer((own.tenant, own.customer))
        if enrolment.id != own.id and _alike(book, own, enrolment)
        if (first := _next_due(book, enrolment, lead, now)) is not None
    ]
    for step in sorted(found, key=lambda one: (one.due_at, one.planned_at, one.id)):
        enrolment = book.enrolments[step.enrolment_id]
        yield Joined(step, enrolment, book.obligations[enrolment.obligation_key])


def superseded(book: Book, step: Step, now: datetime) -> bool:
    """Whether a later step of the enrolment has come as well: then only that one goes out, or
    has gone out where this one was put off.

    A person's step neither stands for a message nor gives way to one.
    """
    return step.plan.by == "machine" and any(
        other.planned_at <= now
        and other.state in _STANDS
        and other.plan.by == "machine"
        and (other.planned_at, other.position) > (step.planned_at, step.position)
        for other in book.steps_of(step.enrolment_id)
    )


def _alike(book: Book, own: Enrolment, other: Enrolment) -> bool:
    customer = book.customer(own.tenant, own.customer)

    def spirit(one: Enrolment) -> tuple[object, ...]:
        clock = book.obligations[one.obligation_key].due_timezone, place_of(customer, one)
        return one.playbook, one.playbook_version, one.purpose, one.segment, one.tone, clock

    return other.active and spirit(own) == spirit(other)


def _next_due(book: Book, enrolment: Enrolment, lead: Step, now: datetime) -> Step | None:
    if any(step.state is StepState.DISPATCHED for step in book.steps_of(enrolment.id)):
        return None  # one of it is on its way: no second follows on its heels
    soon = [
        step
        for step in book.steps_of(enrolment.id)
        if step.state is StepState.PLANNED
        and step.plan.by == "machine"
        and step.due_at <= now + WITHIN
        and step.plan.channel == lead.plan.channel
        and not superseded(book, step, now)
    ]
    return min(soon, key=lambda one: (one.due_at, one.planned_at, one.position), default=None)
