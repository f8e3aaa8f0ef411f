"""What was still to come under an id that gave way goes on under the one that stays: once."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from services.policy.model import Pack, Zones
from services.scheduler.model import (
    Book,
    Enrolment,
    EnrolmentStatus,
    Heard,
    Key,
    Outcome,
    Step,
    StepState,
)
from services.scheduler.rules import planning, timing
from services.scheduler.rules.continuing import successor
from services.scheduler.rules.ending import complete_if_done
from services.scheduler.rules.merging import survivor
from services.scheduler.rules.placing import place_steps
from services.scheduler.rules.stops import MERGED, stopped
from services.scheduler.rules.told_late import is_kept

Steps = Mapping[str, Sequence[Step]]
"""By enrolment."""


def still_planned(book: Book, customer: Key) -> Steps:
    """A customer's planned steps, as they are before their enrolments end."""
    return {
        one.id: [step for step in book.steps_of(one.id) if step.state is StepState.PLANNED]
        for one in book.of_customer(customer)
        if one.active
    }


def carry_over(
    book: Book, heard: Heard, planned: Steps, packs: Sequence[Pack], now: datetime
) -> list[Outcome]:
    """Go on under the id that stays with what was `planned` under the old one.

    What is ahead gets its instant anew, at the place of the one that stays; what has come already
    and was put off is put off as long.
    """
    old = heard.tenant, heard.customer
    into = survivor(book, old)
    if into == old:
        return []
    told: list[Outcome] = []
    for last in book.of_customer(old):
        moving = planned.get(last.id, ())
        if last.ended_by != MERGED or not moving or _has_own(book, into, last, now):
            continue
        again = _begun_anew(book, last, last, into, packs, now)
        if again is None:
            continue
        put_off = [step for step in moving if step.planned_at <= now]
        moved = [_moved(book, step, again) for step in put_off]
        ahead = {step.plan.name for step in moving if step.planned_at > now}
        told += planning.carry_on(book, again, ahead, packs, now)
        told += _placed(book, moved, again, packs, now, now)
    return told


def not_sent(
    book: Book, step: Step, at: datetime, packs: Sequence[Pack], now: datetime
) -> list[Outcome]:
    """Plan a step that was on its way when its id gave way, and was not sent, under the one that
    stays. at: when it is tried again."""
    last = book.enrolments[step.enrolment_id]
    if last.ended_by != MERGED or at >= step.not_after:
        return []
    into = survivor(book, (step.tenant, step.customer))
    theirs = planning.former_of(book, msgspec.structs.replace(last, customer=into[1]))
    latest = theirs[-1] if theirs else None
    if latest is not None and not _lacks(book, latest, last, step):
        return []
    if latest is not None and latest.active:
        return _placed(book, [_retried(book, step, latest)], latest, packs, at, now)
    again = _begun_anew(book, latest or last, last, into, packs, now)
    if again is None:
        return []
    return [
        planning.begin(book, again),
        *_placed(book, [_retried(book, step, again)], again, packs, at, now),
    ]


def _lacks(book: Book, latest: Enrolment, last: Enrolment, step: Step) -> bool:
    """Whether it goes on with `last`, or did until nothing was left, and has no such step."""
    goes_on = latest.active or latest.status is EnrolmentStatus.COMPLETED
    same = latest.continues is not None and latest.trigger == last.trigger
    names = {one.plan.name for one in book.steps_of(latest.id)}
    return goes_on and same and step.plan.name not in names


def _begun_anew(
    book: Book, before: Enrolment, last: Enrolment, into: Key, packs: Sequence[Pack], now: datetime
) -> Enrolment | None:
    """The enrolment that takes the place of `before` under the id that stays, unless something
    stops it there. last: of the id that gave way."""
    kept, obligation = book.customer(*into), book.obligations[last.obligation_key]
    over = stopped(kept, obligation, last, last.plans[0].ways, packs, now)
    if over is not None or is_kept(kept, last):
        return None
    again = msgspec.structs.replace(
        successor(book, before, now),
        customer=into[1],
        id=planning.first_id(
            book.derive, into, last.playbook, last.obligation_kind, last.obligation_id
        ),
        number=1,
        paused=last.paused,
        paused_until=last.paused_until,
    )
    again = planning.numbered(book, again, planning.former_of(book, again))
    return again if _zones(book, again).names else None


def _moved(book: Book, step: Step, again: Enrolment) -> Step:
    moved = msgspec.structs.replace(
        step,
        customer=again.customer,
        id=book.derive(again.id, step.plan.name),
        enrolment_id=again.id,
        attempt=step.attempt + 1,
    )
    book.put(moved)
    return moved


def _retried(book: Book, step: Step, again: Enrolment) -> Step:
    planned = msgspec.structs.replace(step, state=StepState.PLANNED, dispatch_id=None)
    return _moved(book, planned, again)


def _placed(
    book: Book,
    moved: list[Step],
    again: Enrolment,
    packs: Sequence[Pack],
    at: datetime,
    now: datetime,
) -> list[Outcome]:
    """Give steps their instants, none of them before `at`."""
    obligation = book.obligations[again.obligation_key]
    running = book.enrolments[again.id]
    if not moved:
        return []
    told = place_steps(book, running, obligation, moved, _zones(book, again), packs, at)
    return [*told, *complete_if_done(book, running, now)]


def _zones(book: Book, one: Enrolment) -> Zones:
    customer = book.customer(one.tenant, one.customer)
    return timing.zones_of(customer, one, book.obligations[one.obligation_key])


def _has_own(book: Book, into: Key, last: Enrolment, now: datetime) -> bool:
    """Whether the one that stays is, or was, in the playbook about it themselves: then what goes
    on is as a second trigger, that may enrol nobody twice."""
    theirs = planning.former_of(book, msgspec.structs.replace(last, customer=into[1]))
    if not theirs:
        return False
    obligation = book.obligations[last.obligation_key]
    return theirs[-1].active or not planning.may_reenter(theirs[-1], last, obligation, now)
