"""Which of several contacts goes first where the caps do not leave room for all of them.

Service goes before collection, collection before retention, retention before marketing: what is
needed most before what is only offered. Where two of a kind compete, the older goes first.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from services.policy import gate
from services.policy.model import Contact, Pack
from services.policy.places import applying
from services.policy.preferences import wished
from services.scheduler.model import Book, Step, StepState
from services.scheduler.rules import timing

ORDER = ("service", "collection", "retention", "marketing")


class Yields(NamedTuple):
    """It waits until `until`, since a contact of `purpose` would find no room; None: no time."""

    until: datetime | None
    purpose: str


def turn(book: Book, step: Step) -> tuple[int, datetime, datetime, int]:
    """What decides the order of steps that are due together."""
    return _rank(book, step), step.due_at, step.planned_at, step.position


def yields(book: Book, step: Step, packs: Sequence[Pack], now: datetime) -> Yields | None:
    """Whether a contact now would take the room of one that goes before it and comes soon.

    It does where the other would have to go later than it can without it.
    """
    waiting = _before(book, step, now)
    if not waiting:
        return None
    mine = _contact(book, step, now)
    to_come: list[Contact] = []
    for other in sorted(waiting, key=lambda one: one.due_at):
        when = _after(book, other, other.due_at, packs, to_come)
        if when is None or when >= other.not_after:
            continue
        theirs = [*to_come, _contact(book, other, when)]
        if _after(book, other, other.due_at, packs, [*to_come, mine]) != when:
            purpose = book.enrolments[other.enrolment_id].purpose
            return Yields(_after(book, step, when, packs, theirs), purpose)
        to_come = theirs
    return None


def _rank(book: Book, step: Step) -> int:
    return ORDER.index(book.enrolments[step.enrolment_id].purpose)


def _before(book: Book, step: Step, now: datetime) -> list[Step]:
    """The customer's contacts that go before this one and are planned for the days ahead."""
    rank = _rank(book, step)
    if rank == 0:
        return []
    return [
        other
        for enrolment in book.of_customer((step.tenant, step.customer))
        if enrolment.active and ORDER.index(enrolment.purpose) < rank
        for other in book.steps_of(enrolment.id)
        if other.state is StepState.PLANNED
        and other.plan.by == "machine"
        and now < other.due_at <= now + book.looks_ahead
    ]


def _contact(book: Book, step: Step, at: datetime) -> Contact:
    enrolment = book.enrolments[step.enrolment_id]
    return Contact(at, enrolment.purpose, step.plan.channel, (enrolment.obligation_id,))


def _after(
    book: Book, step: Step, at: datetime, packs: Sequence[Pack], more: Sequence[Contact]
) -> datetime | None:
    """The first instant from `at` on that the rules permit for the step."""
    enrolment = book.enrolments[step.enrolment_id]
    obligation = book.obligations[enrolment.obligation_key]
    customer = book.customer(step.tenant, step.customer)
    zones = timing.zones_of(customer, enrolment, obligation)
    approach = timing.approach_of(step.plan, enrolment, obligation)
    contacts = [*book.contacts_about(customer.key, obligation), *more]
    rules = (*applying(packs, zones), *wished(customer.hours, customer.max_a_week))
    return gate.next_permitted(at, zones, rules, approach, contacts)
