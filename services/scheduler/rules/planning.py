"""From a command to an enrolment and its steps; and what a change of terms does to them."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

import msgspec

from services.policy.model import Pack, Zones
from services.scheduler.model import (
    Book,
    Command,
    Customer,
    Enrolled,
    Enrolment,
    Key,
    Obligation,
    Outcome,
    Step,
    StepPlan,
    StepState,
    Suppressed,
)
from services.scheduler.rules import habits, timing
from services.scheduler.rules.ending import complete_if_done
from services.scheduler.rules.holds import held
from services.scheduler.rules.noticing import wanted_ahead
from services.scheduler.rules.obligations import fill_gaps
from services.scheduler.rules.placing import place_steps, suppress
from services.scheduler.rules.stops import MAIL, Stop, stopped
from services.scheduler.rules.told_late import taken_over
from services.scheduler.rules.waiting import still_waits

FRESH = timedelta(hours=12)
"""Who has just agreed knows the dates: nothing is reminded of before so long after it."""

_AT_ONCE = frozenset({"due", "trigger", "instalment"})
"""Anchors of the steps that are planned when an enrolment begins."""

_MOVABLE = frozenset({"past", "superseded", "too_late", "hours", "cap", "gap", "no_due_date"})
"""Suppressions that a later due date may undo: the customer was not contacted."""


def plan(book: Book, command: Command, packs: Sequence[Pack], now: datetime) -> list[Outcome]:
    """Enrol the customer as ordered; or update the running enrolment; or say why not.

    One enrolment runs per customer, playbook and obligation: a second command for it brings new
    terms to the steps that are not dispatched yet, and no second contact. After an enrolment has
    ended, a new one begins only where what ended it has passed, or for a later due date.
    """
    customer = book.customer(command.tenant, command.customer)
    asked = command.enrolment
    before = book.obligations.get(asked.obligation_key)
    obligation = fill_gaps(before, command.terms)
    if obligation != before:
        book.put(obligation)
    former = former_of(book, asked)
    if former and former[-1].active:
        return _update(book, former[-1], asked, packs, now)
    zones = timing.zones_of(customer, asked, obligation)
    stop = _not_to_begin(customer, obligation, asked, former, zones, packs, now)
    if stop is not None:
        return [_suppressed_trigger(asked, stop)]
    begun = numbered(book, asked, former)
    told = _enrol(book, begun, obligation, zones, packs, now)
    if not customer.kept and not customer.handoffs:
        return told
    return [*told, *taken_over(book, book.enrolments[begun.id], now)]


def replan(book: Book, enrolment: Enrolment, packs: Sequence[Pack], now: datetime) -> list[Outcome]:
    """Move the steps that count from the due date to where it is now."""
    obligation = book.obligations[enrolment.obligation_key]
    if obligation.due_date == enrolment.due_date:
        return []
    moved = msgspec.structs.replace(enrolment, due_date=obligation.due_date)
    book.put(moved)
    customer = book.customer(moved.tenant, moved.customer)
    zones = timing.zones_of(customer, moved, obligation)
    steps = [step for step in book.steps_of(moved.id) if _movable(step)]
    if not zones.names or not steps:
        return []
    outcomes = place_steps(book, moved, obligation, steps, zones, packs, now)
    return [*outcomes, *complete_if_done(book, moved, now)]


def resume(book: Book, enrolment: Enrolment, packs: Sequence[Pack], now: datetime) -> list[Outcome]:
    """Bring steps back to their time that waited for what is over now: a payment, a pause, a
    person, a hold, a notice. Those whose time has passed meanwhile are suppressed, and say so."""
    obligation = book.obligations[enrolment.obligation_key]
    customer = book.customer(enrolment.tenant, enrolment.customer)
    steps = book.steps_of(enrolment.id)
    put_off = [one for one in steps if one.state is StepState.PLANNED and one.reason is not None]
    if not put_off:
        return []
    zones = timing.zones_of(customer, enrolment, obligation)
    waiting = []
    for step in put_off:
        approach = timing.approach_of(step.plan, enrolment, obligation)
        ruling = held(customer, obligation, approach, zones, packs, now)
        silenced = ruling is not None and ruling.silent
        if not still_waits(step.reason or "", customer, enrolment, obligation, silenced, now):
            waiting.append(step)
    if not waiting or not zones.names:
        return []
    outcomes = place_steps(book, enrolment, obligation, waiting, zones, packs, now)
    return [*outcomes, *complete_if_done(book, enrolment, now)]


def place_again(
    book: Book, enrolment: Enrolment, steps: list[Step], packs: Sequence[Pack], now: datetime
) -> list[Outcome]:
    """Give steps the day that is theirs now; those whose day is over already say so."""
    obligation = book.obligations[enrolment.obligation_key]
    customer = book.customer(enrolment.tenant, enrolment.customer)
    zones = timing.zones_of(customer, enrolment, obligation)
    if not zones.names or not steps:
        return []
    return place_steps(book, enrolment, obligation, steps, zones, packs, now, now)


def carry_on(
    book: Book, enrolment: Enrolment, names: Collection[str], packs: Sequence[Pack], now: datetime
) -> list[Outcome]:
    """Begin an enrolment in the place of one that ended, with those of its steps that are named.

    What lies in the past is skipped and says so, valid or not: it is not made up for.
    """
    obligation = book.obligations[enrolment.obligation_key]
    customer = book.customer(enrolment.tenant, enrolment.customer)
    zones = timing.zones_of(customer, enrolment, obligation)
    if not zones.names:
        return []
    return _enrol(book, enrolment, obligation, zones, packs, now, names)


def place_anew(book: Book, step: Step, packs: Sequence[Pack], now: datetime) -> list[Outcome]:
    """Give a step its day where the due date has moved while it was on its way."""
    if not has_moved(book, step):
        return []
    enrolment = book.enrolments[step.enrolment_id]
    obligation = book.obligations[enrolment.obligation_key]
    customer = book.customer(step.tenant, step.customer)
    zones = timing.zones_of(customer, enrolment, obligation)
    outcomes = place_steps(book, enrolment, obligation, [step], zones, packs, now)
    return [*outcomes, *complete_if_done(book, enrolment, now)]


def has_moved(book: Book, step: Step) -> bool:
    """Whether the due date has moved while the step was on its way."""
    if step.plan.anchor != "due" or step.attempt == 1:
        return False
    enrolment = book.enrolments[step.enrolment_id]
    obligation = book.obligations[enrolment.obligation_key]
    zones = timing.zones_of(book.customer(step.tenant, step.customer), enrolment, obligation)
    if not zones.names:
        return False
    return timing.planned_instant(step.plan, enrolment, obligation, zones) != step.planned_at


def plan_chosen(
    book: Book, enrolment: Enrolment, packs: Sequence[Pack], now: datetime
) -> list[Outcome]:
    """Plan the steps that the customer's choice brings about."""
    customer = book.customer(enrolment.tenant, enrolment.customer)
    obligation = book.obligations[enrolment.obligation_key]
    zones = timing.zones_of(customer, enrolment, obligation)
    name = enrolment.chosen.name if enrolment.chosen else None
    steps = [
        _blank(book, enrolment, position, p, now)
        for position, p in enumerate(enrolment.plans)
        if p.anchor == "choice" and p.choice == name
    ]
    ways = steps[0].plan.ways if steps else MAIL
    stop = stopped(customer, obligation, enrolment, ways, packs, now)
    if stop is None and not zones.names:
        stop = Stop("place_unknown", "place")
    if stop is not None:
        return [suppress(book, enrolment, step, stop, stop.version) for step in steps]
    return place_steps(book, enrolment, obligation, steps, zones, packs, now)


def former_of(book: Book, asked: Enrolment) -> list[Enrolment]:
    """Earlier enrolments in the same playbook about the same obligation, oldest first."""
    same = [
        one
        for one in book.of_customer((asked.tenant, asked.customer))
        if (one.playbook, one.obligation_key) == (asked.playbook, asked.obligation_key)
    ]
    return sorted(same, key=lambda one: (one.number, one.started_at))


def first_id(
    derive: Callable[..., str], who: Key, playbook: str, kind: str, obligation_id: str
) -> str:
    """The id of the first enrolment of a customer in a playbook about an obligation.

    A playbook may begin upon obligations of several kinds, and those may have the same id.
    """
    of_kind = () if kind == "bill" else (kind,)
    return derive(*who, playbook, obligation_id, *of_kind)


def numbered(book: Book, asked: Enrolment, former: list[Enrolment]) -> Enrolment:
    """The enrolment that comes after `former`, with an id of its own."""
    if not former:
        return asked
    number = len(former) + 1
    return msgspec.structs.replace(asked, id=book.derive(former[0].id, number), number=number)


def _not_to_begin(
    customer: Customer,
    obligation: Obligation,
    asked: Enrolment,
    former: list[Enrolment],
    zones: Zones,
    packs: Sequence[Pack],
    now: datetime,
) -> Stop | None:
    ways = asked.plans[0].ways if asked.plans else MAIL
    stop = stopped(customer, obligation, asked, ways, packs, now)
    if stop is not None:
        return stop
    if not zones.names:
        return Stop("place_unknown", "place")
    if former and not may_reenter(former[-1], asked, obligation, now):
        return Stop("already_enrolled", "reentry")
    return None


def may_reenter(last: Enrolment, asked: Enrolment, obligation: Obligation, now: datetime) -> bool:
    """Whether a new trigger may enrol again after `last` has ended."""
    if last.reenter or asked.reentry == "after_end":
        return True
    # A benefit is told of once, however long it comes to last.
    if (
        obligation.kind != "benefit"
        and obligation.due_date is not None
        and last.due_date is not None
        and obligation.due_date > last.due_date
    ):
        return True
    if asked.reentry == "never" or last.ended_at is None:
        return False
    return now >= last.ended_at + msgspec.convert(asked.reentry, timedelta)


def begin(book: Book, enrolment: Enrolment) -> Enrolled:
    """Let an enrolment run, by the due date of now."""
    obligation = book.obligations[enrolment.obligation_key]
    enrolment = msgspec.structs.replace(enrolment, due_date=obligation.due_date)
    book.put(enrolment)
    habits.note_segment(book, enrolment)
    return Enrolled(enrolment, obligation)


def _enrol(
    book: Book,
    enrolment: Enrolment,
    obligation: Obligation,
    zones: Zones,
    packs: Sequence[Pack],
    now: datetime,
    named: Collection[str] | None = None,
) -> list[Outcome]:
    begun = begin(book, enrolment)
    enrolment = begun.enrolment
    steps = [
        _blank(book, enrolment, position, p, now)
        for position, p in enumerate(enrolment.plans)
        if (p.name in named if named is not None else p.anchor in _AT_ONCE)
    ]
    outcomes: list[Outcome] = [begun]
    outcomes += wanted_ahead(enrolment, obligation, zones, packs, now)
    not_before = _knows_until(enrolment) if named is None else now
    outcomes += place_steps(book, enrolment, obligation, steps, zones, packs, now, not_before)
    return [*outcomes, *complete_if_done(book, enrolment, now)]


def _knows_until(enrolment: Enrolment) -> datetime | None:
    """Until when the customer needs no reminder: they have only just agreed."""
    return enrolment.trigger.time + FRESH if enrolment.agreement else None


def _update(
    book: Book, running: Enrolment, asked: Enrolment, packs: Sequence[Pack], now: datetime
) -> list[Outcome]:
    """A second trigger: its words and place replace the first's; the playbook stays pinned."""
    updated = msgspec.structs.replace(
        running,
        context={**running.context, **asked.context},
        place=asked.place if asked.place.known else running.place,
        locale=asked.locale or running.locale,
    )
    if updated != running:
        book.put(updated)
    return replan(book, updated, packs, now)


def _suppressed_trigger(asked: Enrolment, stop: Stop) -> Suppressed:
    return Suppressed(
        tenant=asked.tenant,
        customer=asked.customer,
        playbook=asked.playbook,
        obligation_id=asked.obligation_id,
        reason=stop.reason,
        rule=stop.rule,
        rule_version=stop.version,
        trigger_event_id=asked.trigger.event_id,
    )


def _movable(step: Step) -> bool:
    if step.plan.anchor != "due":
        return False
    return step.state is StepState.PLANNED or (
        step.state is StepState.SUPPRESSED and step.reason in _MOVABLE
    )


def _blank(book: Book, enrolment: Enrolment, position: int, plan: StepPlan, now: datetime) -> Step:
    return Step(
        tenant=enrolment.tenant,
        customer=enrolment.customer,
        id=book.derive(enrolment.id, plan.name),
        enrolment_id=enrolment.id,
        position=position,
        plan=plan,
        planned_at=now,
        due_at=now,
        not_after=now + plan.valid_for,
    )
