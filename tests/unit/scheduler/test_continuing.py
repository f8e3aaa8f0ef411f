"""What goes on when what ended it is undone, and what may begin again."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from scheduler_world import (
    FIRST_CONTACT,
    PACKS,
    PAID,
    START,
    TENANT,
    World,
    at,
    bill,
    command,
    heard,
    paid,
)

from services.scheduler.model import (
    Cancelled,
    Command,
    Dispatched,
    Enrolled,
    Enrolment,
    ExitRule,
    Heard,
    Outcome,
    Planned,
    StepPlan,
    Suppressed,
)
from services.scheduler.rules import hearing

LADDER = (
    *FIRST_CONTACT,
    StepPlan("third", "trigger", 6, timedelta(days=2), "third", at="10:00"),
    StepPlan("new_offer", "broken", 0, timedelta(days=2), "new_offer"),
    StepPlan("last_word", "broken", 5, timedelta(days=2), "last_word", at="10:00"),
)
EXITS = (PAID, ExitRule("handoff.requested", "person"), ExitRule("agreement.made", "agreed"))
TERMS = {"agreement_id": "a1", "case_id": "c1", "obligation_id": "b1"}
NOON = at("2026-03-13 12:00")


def missed(world: World, **more: Any) -> list[Outcome]:
    event = bill("payment.missed", world.now)
    return world.start(event, plans=LADDER, purpose="collection", exits=EXITS, **more)


def taken_back(world: World, type: str = "payment.reversed", payment: str = "p1") -> Heard:
    terms: dict[str, Any] = {"payment_id": payment, "amount_minor": 12_000, "currency": "EUR"}
    return heard(type, world.now, bill_id="b1", remaining_minor=12_000, **terms)


def names(outcomes: list[Outcome], kind: type[Planned] | type[Suppressed]) -> list[str]:
    return [one.step.plan.name for one in outcomes if isinstance(one, kind) and one.step]


def enrolled(outcomes: list[Outcome]) -> list[Enrolment]:
    return [one.enrolment for one in outcomes if isinstance(one, Enrolled)]


@pytest.mark.parametrize("type", ["payment.reversed", "payment.failed"])
def test_what_is_taken_back_opens_again_and_only_what_is_ahead_goes_on(type: str) -> None:
    world = World(NOON)
    (first,) = enrolled(missed(world))
    world.hear(paid(world.now))
    world.until(at("2026-03-17 09:00"))
    told = world.hear(taken_back(world, type))
    (second,) = enrolled(told)
    assert (second.continues, second.tone, second.trigger) == (first.id, "neutral", first.trigger)
    assert names(told, Planned) == ["third"]
    assert [(o.step.plan.name, o.reason) for o in told if isinstance(o, Suppressed) and o.step] == [
        ("first", "past"),
        ("second", "past"),
    ]
    world.until(at("2026-03-25 00:00"))
    assert world.sent() == [(at("2026-03-19 10:00"), "third")]


def test_a_payment_may_come_and_go_and_each_step_still_goes_out_once() -> None:
    world = World(NOON)
    missed(world)
    world.until(at("2026-03-13 13:00"))
    for number in range(3):
        world.hear(paid(world.now, payment_id=f"p{number}"))
        world.hear(taken_back(world, payment=f"p{number}"))
    assert sum(one.active for one in world.book.enrolments.values()) == 1
    world.until(at("2026-03-25 00:00"))
    assert [name for _, name in world.sent()] == ["first", "second", "third"]


def test_old_news_of_a_reversal_opens_the_bill_and_begins_nothing() -> None:
    world = World(NOON)
    missed(world)
    world.hear(paid(world.now))
    assert world.hear(msgspec.structs.replace(taken_back(world), old=True)) == []
    assert world.book.obligations["default", "bill", "b1"].amount_minor == 12_000


def test_a_reversal_wakes_nobody_who_has_opted_out_since() -> None:
    world = World(NOON)
    missed(world)
    world.hear(paid(world.now))
    world.hear(heard("contact.unsubscribed", world.now, channel="email", purpose="*"))
    assert world.hear(taken_back(world)) == []


def test_a_promise_that_is_not_kept_is_met_gently_within_the_hour() -> None:
    world = World(NOON)
    (first,) = enrolled(missed(world))
    world.hear(heard("agreement.made", world.now, **TERMS))
    assert not world.book.enrolments[first.id].active
    world.until(at("2026-03-16 09:30"))
    told = world.hear(heard("agreement.broken", world.now, **TERMS, instalment=1, short_minor=1))
    (second,) = enrolled(told)
    assert (second.tone, second.continues) == ("gentle", first.id)
    assert names(told, Planned) == ["new_offer", "last_word"]
    world.until(at("2026-03-31 00:00"))
    assert world.sent() == [
        (at("2026-03-16 09:30"), "new_offer"),
        (at("2026-03-21 10:00"), "last_word"),
    ]


def test_a_promise_may_be_broken_long_after_the_last_letter() -> None:
    world = World(NOON)
    missed(world)
    for one in range(3):
        dispatched = world.next_dispatch(at("2026-03-25 00:00"))
        assert dispatched is not None, one
        world.answer(dispatched)
    world.hear(heard("agreement.made", world.now, **TERMS))
    told = world.hear(heard("agreement.broken", world.now, **TERMS, instalment=1, short_minor=1))
    assert names(told, Planned) == ["new_offer", "last_word"]


def test_another_agreements_end_changes_nothing() -> None:
    world = World(NOON)
    missed(world)
    world.hear(heard("agreement.made", world.now, **TERMS))
    other = {**TERMS, "agreement_id": "a0"}
    broken = heard("agreement.broken", world.now, **other, instalment=1, short_minor=1)
    assert world.hear(broken) == []


def person(world: World, outcome: str) -> list[Outcome]:
    asked = {"handoff_id": "h1", "case_id": "c1", "obligation_id": "b1", "reason": "question"}
    world.hear(heard("handoff.requested", world.now, **asked))
    assert not any(one.active for one in world.book.enrolments.values())
    world.until(at("2026-03-15 12:00"))
    return world.hear(heard("handoff.resolved", world.now, handoff_id="h1", outcome=outcome))


@pytest.mark.parametrize("outcome", ["done", "unreachable", "identity_confirmed"])
def test_a_person_who_hands_back_lets_it_go_on(outcome: str) -> None:
    world = World(NOON)
    missed(world)
    assert names(person(world, outcome), Planned) == ["second", "third"]


@pytest.mark.parametrize("outcome", ["passed_to_creditor", "hold_requested", "terms_agreed"])
def test_a_person_who_keeps_it_keeps_it_for_good(outcome: str) -> None:
    world = World(NOON)
    missed(world)
    assert person(world, outcome) == []
    world.hear(paid(world.now))
    assert world.hear(taken_back(world)) == []


def test_a_person_keeps_what_was_begun_anew_while_they_cared() -> None:
    world = World(NOON)
    missed(world)
    world.hear(paid(world.now))
    asked = {"handoff_id": "h1", "case_id": "c1", "obligation_id": "b1", "reason": "question"}
    world.hear(heard("handoff.requested", world.now, **asked))
    assert enrolled(world.hear(taken_back(world)))
    told = world.hear(
        heard("handoff.resolved", world.now, handoff_id="h1", outcome="passed_to_creditor")
    )
    assert [one.reason for one in told if isinstance(one, Cancelled)] == ["person"]
    world.until(at("2026-03-25 00:00"))
    assert world.sent() == []


def closed_and_billed_anew(world: World) -> tuple[Heard, datetime]:
    """A bill is recalled, and one of a later day takes its place, which is told of later."""
    missed(world)
    world.hear(heard("bill.closed", world.now, bill_id="b1", why="recalled"))
    later = world.now + timedelta(hours=1)
    return bill("payment.missed", later, due_date="2026-03-13"), later + timedelta(hours=1)


@pytest.mark.parametrize(("left", "asked"), [(0, None), (5_400, 5_400)])
def test_what_was_paid_of_a_later_bill_counts_though_the_bill_is_told_of_after_it(
    left: int, asked: int | None
) -> None:
    world = World(NOON)
    anew, when = closed_and_billed_anew(world)
    world.hear(paid(when, left))
    world.hear(anew)
    world.order(command(anew, plans=LADDER, purpose="collection", exits=EXITS))
    told = world.until(at("2026-03-14 12:00"))
    sums = [one.obligation.amount_minor for one in told if isinstance(one, Dispatched)]
    assert sums == ([] if asked is None else [asked])


def test_a_bill_that_was_paid_twice_is_not_asked_for_again() -> None:
    world = World(NOON)
    missed(world)
    again = bill("payment.missed", NOON + timedelta(hours=1), due_date="2026-03-13")
    world.hear(paid(NOON + timedelta(hours=2)), again, paid(NOON + timedelta(hours=3)))
    told_anew = bill("payment.missed", NOON + timedelta(hours=4), due_date="2026-03-13")
    assert not enrolled(world.start(told_anew, plans=LADDER, purpose="collection"))


def test_what_waited_for_a_payment_goes_out_when_it_has_failed() -> None:
    world = World()
    world.start(bill())
    world.hear(paid(START + timedelta(hours=1), payment_id="p1", pending=True))
    world.hear(paid(START + timedelta(hours=1), payment_id="p2", pending=True))
    world.until(at("2026-03-05 12:00"))
    world.hear(taken_back(world, "payment.failed", "p1"))
    world.until(at("2026-03-05 13:00"))
    assert world.sent() == []  # the other is still under way
    world.hear(taken_back(world, "payment.failed", "p2"))
    world.until(at("2026-03-05 14:00"))
    assert world.sent() == [(at("2026-03-05 13:00"), "t-7")]


def test_late_news_that_a_payment_is_under_way_does_not_wait_for_ever() -> None:
    world = World()
    world.start(bill())
    world.hear(taken_back(world, "payment.failed", "p1"))
    world.hear(paid(START - timedelta(hours=1), payment_id="p1", pending=True))
    assert not world.book.obligations["default", "bill", "b1"].pending


def test_a_paused_enrolment_sends_nothing_and_what_is_over_is_skipped() -> None:
    world = World(NOON)
    (running,) = enrolled(missed(world))
    hearing.pause_enrolment(world.book, running, None)
    world.until(at("2026-03-16 12:00"))
    assert world.sent() == []
    again = world.book.enrolments[running.id]
    told = hearing.resume_enrolment(world.book, again, PACKS, world.now)
    assert names(told, Planned) == ["second"]
    world.until(at("2026-03-25 00:00"))
    assert world.sent() == [(at("2026-03-16 12:00"), "second"), (at("2026-03-19 10:00"), "third")]


@pytest.mark.parametrize("whole", [True, False])
def test_what_was_ordered_before_a_pause_is_refused_and_goes_when_it_is_resumed(
    whole: bool,
) -> None:
    world = World(NOON)
    (running,) = enrolled(missed(world))
    (sent,) = [one for one in world.claim() if isinstance(one, Dispatched)]
    until = world.now + timedelta(hours=20)

    def pause(until: datetime | None) -> list[Outcome]:
        if whole:
            return hearing.pause(world.book, TENANT, "ann", until, PACKS, world.now)
        current = world.book.enrolments[running.id]
        if until is None:
            return hearing.resume_enrolment(world.book, current, PACKS, world.now)
        hearing.pause_enrolment(world.book, current, until)
        return []

    pause(until)
    reason = "suppressed:paused" if whole else "paused"
    world.answer(sent, "message.refused", reason=reason, retryable=True, not_before=str(until))
    assert world.until(world.now + timedelta(hours=2)) == []
    assert names(pause(None), Planned) == ["first"]
    assert [name for _, name in world.sent()] == ["first"]
    world.claim()
    assert [name for _, name in world.sent()] == ["first", "first"]


def test_a_refusal_that_comes_after_the_pause_is_over_waits_its_turn() -> None:
    """The messenger may not have heard the end yet: to ask it again at once would waste tries."""
    world = World(NOON)
    missed(world)
    (sent,) = [one for one in world.claim() if isinstance(one, Dispatched)]
    world.answer(sent, "message.refused", reason="paused", retryable=True)
    assert world.until(world.now + timedelta(minutes=10), timedelta(minutes=1)) == []
    world.until(world.now + timedelta(minutes=10), timedelta(minutes=1))
    assert [name for _, name in world.sent()] == ["first", "first"]


def ordered(world: World, reentry: str) -> Command:
    event = bill("payment.missed", world.now)
    world.hear(event)
    asked = command(event, plans=FIRST_CONTACT[:1], purpose="collection")
    enrolment = msgspec.structs.replace(asked.enrolment, reentry=reentry)
    return msgspec.structs.replace(asked, enrolment=enrolment)


@pytest.mark.parametrize(
    ("reentry", "days", "may"),
    [("never", 90, False), ("after_end", 0, True), ("P30D", 29, False), ("P30D", 31, True)],
)
def test_when_a_new_trigger_may_enrol_again(reentry: str, days: int, may: bool) -> None:
    world = World(NOON)
    world.order(ordered(world, reentry))
    dispatched = world.next_dispatch(at("2026-03-15 00:00"))
    assert dispatched is not None
    world.answer(dispatched)
    world.now += timedelta(days=days, minutes=1)
    told = world.order(ordered(world, reentry))
    assert bool(enrolled(told)) is may
    refused = [(o.reason, o.rule) for o in told if isinstance(o, Suppressed)]
    assert refused == ([] if may else [("already_enrolled", "reentry")])
