"""What becomes of a step that is due: dispatched, deferred, suppressed or cancelled."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import msgspec

from services.policy import gate
from services.policy.consent import check_consent
from services.policy.holds import Ruling
from services.policy.model import CapCount, Contact, Pack, Zones
from services.policy.places import applying
from services.policy.preferences import wished
from services.policy.sending import SendingStop, halting
from services.scheduler.model import (
    Book,
    Customer,
    Deferred,
    Dispatched,
    Enrolment,
    Joined,
    Obligation,
    Outcome,
    PersonDue,
    Reserved,
    Step,
    StepState,
)
from services.scheduler.rules import arbitration, noticing, timing
from services.scheduler.rules.ending import cancel, complete_if_done
from services.scheduler.rules.holds import held
from services.scheduler.rules.joining import MOST, may_join, superseded
from services.scheduler.rules.placing import suppress
from services.scheduler.rules.planning import has_moved, place_anew
from services.scheduler.rules.spreading import spread
from services.scheduler.rules.stops import RELATIONSHIP_KINDS, Stop, stopped
from services.scheduler.rules.waiting import SENDING_STOPPED, rests_on_payments, waits
from services.scheduler.rules.ways import choose, way_shut

GENTLE = "gentle"
"""The tone of whoever is held gently, whatever their segment says."""


class Dispatch(NamedTuple):
    """It goes out now. gentler: in gentler words than were chosen."""

    zones: Zones
    packs: tuple[tuple[str, int], ...]
    counts: tuple[CapCount, ...]
    gentler: bool = False


class HandOver(NamedTuple):
    """A person is to see to it now. ruling: the hold that leaves it to them, if one does."""

    ruling: Ruling | None = None


class Defer(NamedTuple):
    """It is tried again at `to_at`."""

    to_at: datetime
    reason: str
    rule: str
    rule_version: int


class Suppress(NamedTuple):
    """It never goes out."""

    stop: Stop
    rule_version: int


class Cancel(NamedTuple):
    """The whole enrolment is over."""

    stop: Stop


Decision = Dispatch | HandOver | Defer | Suppress | Cancel


def claim(
    book: Book,
    step_ids: Iterable[str],
    packs: Sequence[Pack],
    now: datetime,
    alone: bool = False,
) -> list[Outcome]:
    """Decide on steps that are due, in their order, and do what was decided.

    Contacts count at once: of two steps of a customer, the second sees the first. alone: none
    takes another with it.
    """
    outcomes: list[Outcome] = []
    due = [book.steps[step_id] for step_id in step_ids]
    for step in sorted(due, key=lambda one: arbitration.turn(book, one)):
        current = book.steps[step.id]
        if current.state is StepState.PLANNED and current.due_at <= now:
            outcomes += _settle(book, current, packs, now, alone)
    return outcomes


def put_aside(book: Book, step_id: str, now: datetime) -> list[Outcome]:
    """End a planned step on which no decision can be made, for a fault of ours or of its data."""
    step = book.steps[step_id]
    enrolment = book.enrolments[step.enrolment_id]
    ended = suppress(book, enrolment, step, Stop("fault", "fault"), 1)
    return [ended, *complete_if_done(book, enrolment, now)]


def decide_step(
    step: Step,
    enrolment: Enrolment,
    obligation: Obligation,
    customer: Customer,
    contacts: Sequence[Contact],
    packs: Sequence[Pack],
    now: datetime,
    sending_stops: Sequence[SendingStop] = (),
    unsure_until: datetime | None = None,
) -> Decision:
    """Judge one due step by everything known at `now`; the strictest reading wins.

    contacts: the customer's, over all playbooks, and those with others who are party to the
    obligation. packs: all that are loaded. A person's step is
    no contact of ours: hours, caps and other people at work do not bind it, all else does.
    unsure_until: set while customers' events lag, so that payments may be missing.
    """
    stop = stopped(customer, obligation, enrolment, step.plan.ways, packs, now)
    if stop is not None:
        return Cancel(stop)
    if now >= step.not_after:
        return Suppress(Stop("too_late", "valid_for"), 1)
    if step.plan.channels:
        closed = way_shut(customer, enrolment, step.plan.channels, step.plan.channel, now)
        if closed is not None:  # none of them is open
            return Suppress(closed, closed.version)
    zones = timing.zones_of(customer, enrolment, obligation)
    applied = applying(packs, zones)
    approach = timing.approach_of(step.plan, enrolment, obligation)
    ruling = held(customer, obligation, approach, zones, packs, now)
    if ruling is not None and ruling.effect == "stop":
        return _await(step, ruling.until, ruling.reason, ruling.rule, ruling.rule_version)
    consent = check_consent(
        now,
        zones,
        applied,
        approach,
        customer.consents,
        relationship=obligation.kind in RELATIONSHIP_KINDS,
    )
    if not consent.allowed:
        stop = Stop(consent.reason or "no_consent", consent.rule or "consent")
        return Suppress(stop, consent.rule_version or 1)
    wait = waits(customer, enrolment, obligation, step.plan.by, now)
    if wait is not None:
        if wait.until is None:
            return _await(step, None, wait.reason, wait.rule, 1)
        return _defer(step, Defer(wait.until, wait.reason, wait.rule, 1))
    for notice in noticing.missing(obligation, approach, zones, packs, now):
        return _await(step, None, notice.reason, notice.rule, notice.rule_version)
    if ruling is not None and ruling.asks_person:
        return HandOver(ruling)
    if step.plan.by == "person":
        return HandOver()
    halt = halting(sending_stops, enrolment.tenant, enrolment.playbook, obligation.creditor)
    if halt is not None:
        return _await(step, None, SENDING_STOPPED, halt.rule, 1)
    if unsure_until is not None and rests_on_payments(enrolment, obligation):
        return _defer(step, Defer(unsure_until, "payment_lag", "payment_lag", 1))
    rules = (*applied, *wished(customer.hours, customer.max_a_week))
    verdict = gate.check(now, zones, rules, approach, contacts)
    if not verdict.allowed:
        stop = Stop(verdict.reason or "refused", verdict.rule or "policy")
        version = verdict.rule_version or 1
        if verdict.not_before is None:
            return Suppress(stop, version)
        return _defer(step, Defer(verdict.not_before, stop.reason, stop.rule, version))
    counts = gate.cap_counts(now, zones, applied, approach, contacts)
    return Dispatch(zones, _named(applied), counts, gentler=ruling is not None)


@lru_cache(1024)
def _named(packs: tuple[Pack, ...]) -> tuple[tuple[str, int], ...]:
    """What facts cite of packs. Many contacts share it."""
    return tuple((pack.name, pack.version) for pack in packs)


def _await(step: Step, until: datetime | None, reason: str, rule: str, version: int) -> Defer:
    """Wait for what may end at any time, and then wakes the step, or at `until`.

    Where it does not end in time, the step ends by itself when it is too late.
    """
    return Defer(min(until or step.not_after, step.not_after), reason, rule, version)


def _defer(step: Step, wanted: Defer) -> Defer | Suppress:
    if wanted.to_at >= step.not_after:
        return Suppress(Stop(wanted.reason, wanted.rule), wanted.rule_version)
    return wanted


def _settle(
    book: Book, step: Step, packs: Sequence[Pack], now: datetime, alone: bool
) -> list[Outcome]:
    enrolment = book.enrolments[step.enrolment_id]
    obligation = book.obligations[enrolment.obligation_key]
    customer = book.customer(enrolment.tenant, enrolment.customer)
    if superseded(book, step, now):
        overtaken = suppress(book, enrolment, step, Stop("superseded", "one_at_a_time"), 1)
        return [overtaken, *complete_if_done(book, enrolment, now)]
    if moved_by := place_anew(book, step, packs, now):
        return moved_by
    step = choose(step, enrolment, obligation, customer, packs, now)
    contacts = book.contacts_about(customer.key, obligation)
    stops, unsure = book.sending_stops, book.unsure_until
    decision = decide_step(
        step, enrolment, obligation, customer, contacts, packs, now, stops, unsure
    )
    if isinstance(decision, Dispatch):
        decision = _unless_it_yields(book, step, decision, packs, now)
    match decision:
        case Dispatch() as decided:
            joined = () if alone else _joining(book, step, packs, now)
            return [_dispatch(book, step, enrolment, obligation, customer, decided, joined, now)]
        case HandOver(ruling):
            asked = msgspec.structs.replace(step, state=StepState.HANDED_OVER, reason=None)
            book.put(asked)
            told = PersonDue(asked, enrolment, obligation, customer, ruling)
            return [told, *complete_if_done(book, enrolment, now)]
        case Defer(to_at, reason, rule, version):
            if reason == "hours":
                to_at = _spread(book, step, enrolment, obligation, to_at, packs)
            moved = msgspec.structs.replace(step, due_at=to_at, reason=reason)
            book.put(moved)
            waits_for: list[Outcome] = []
            if reason.startswith(noticing.WAITING):
                notice = reason.removeprefix(noticing.WAITING)
                waits_for = [noticing.wanted(enrolment, obligation, notice)]
            return [*waits_for, Deferred(moved, step.due_at, reason, rule, version)]
        case Suppress(stop, version):
            ended = suppress(book, enrolment, step, stop, version)
            return [ended, *complete_if_done(book, enrolment, now)]
        case Cancel(stop):
            cause = obligation.closed_by
            rule = stop.rule
            return [cancel(book, enrolment, stop.reason, cause, now, reenter=True, rule=rule)]


def _unless_it_yields(
    book: Book, step: Step, decided: Dispatch, packs: Sequence[Pack], now: datetime
) -> Decision:
    """It goes out, unless it would take the room of a contact that goes before it."""
    found = arbitration.yields(book, step, packs, now)
    if found is None:
        return decided
    stop = Stop("arbitration", f"arbitration/{found.purpose}")
    if found.until is None:
        return Suppress(stop, 1)
    return _defer(step, Defer(found.until, stop.reason, stop.rule, 1))


def _spread(
    book: Book,
    step: Step,
    enrolment: Enrolment,
    obligation: Obligation,
    opens: datetime,
    packs: Sequence[Pack],
) -> datetime:
    """Not all whom the hours kept waiting are contacted the instant they open."""
    customer = book.customer(step.tenant, step.customer)
    zones = timing.zones_of(customer, enrolment, obligation)
    applied = (*applying(packs, zones), *wished(customer.hours, customer.max_a_week))
    approach = timing.approach_of(step.plan, enrolment, obligation)

    def permitted(at: datetime) -> bool:
        return gate.check(at, zones, applied, approach).allowed

    return spread(opens, book.spread, customer.key, step.not_after, permitted)


def _joining(book: Book, lead: Step, packs: Sequence[Pack], now: datetime) -> tuple[Joined, ...]:
    """Those that go out with `lead`, each judged as if it went alone.

    What must wait or end is left to its own turn.
    """
    customer = book.customer(lead.tenant, lead.customer)

    def permitted(one: Joined) -> bool:
        if has_moved(book, one.step):
            return False
        contacts = book.contacts_about(customer.key, one.obligation)
        decided = decide_step(
            one.step,
            one.enrolment,
            one.obligation,
            customer,
            contacts,
            packs,
            now,
            book.sending_stops,
            book.unsure_until,
        )
        return isinstance(decided, Dispatch)

    return tuple(islice(filter(permitted, may_join(book, lead, now)), MOST - 1))


def _dispatch(
    book: Book,
    step: Step,
    enrolment: Enrolment,
    obligation: Obligation,
    customer: Customer,
    decided: Dispatch,
    joined: Sequence[Joined],
    now: datetime,
) -> Dispatched:
    dispatch_id = book.derive(step.id, step.attempt)

    def sent(one: Step) -> Step:
        gone = msgspec.structs.replace(
            one, state=StepState.DISPATCHED, dispatch_id=dispatch_id, reason=None
        )
        book.put(gone)
        return gone

    about = (obligation.id, *(one.obligation.id for one in joined))
    contact = Contact(now, enrolment.purpose, step.plan.channel, about)
    book.put(Reserved(step.tenant, step.customer, dispatch_id, contact))
    return Dispatched(
        step=sent(step),
        enrolment=msgspec.structs.replace(enrolment, tone=GENTLE) if decided.gentler else enrolment,
        obligation=obligation,
        customer=customer,
        zones=decided.zones,
        packs=decided.packs,
        counts=decided.counts,
        decided_at=now,
        joined=tuple(Joined(sent(one.step), one.enrolment, one.obligation) for one in joined),
    )
