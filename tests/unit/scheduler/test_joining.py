"""Which due steps go out in one message, and what becomes of each."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from scheduler_world import REMINDERS, START, World, at, bill, heard, paid, step_ids

from services.scheduler.model import (
    Cancelled,
    Deferred,
    Dispatched,
    Heard,
    Outcome,
    StepPlan,
    StepState,
    Suppressed,
)
from services.scheduler.rules import joining

TEN = at("2026-03-05 10:00")
NOTICE = (StepPlan("notice", "trigger", 0, timedelta(days=3), "notice"),)


def owing(*names: str, **more: Any) -> World:
    """A world in which a customer of a consolidating playbook has these bills."""
    world = World()
    for name in names:
        world.start(bill(bill_id=name), consolidate=True, **more)
    return world


def granted(world: World, name: str, valid_until: str | None = None, **more: Any) -> list[Outcome]:
    """A benefit, and the notice that it gives rise to."""
    data: dict[str, Any] = {
        "benefit_id": name,
        "kind": "coupon",
        "title": "A coupon",
        "valid_until": valid_until,
    }
    event = heard("benefit.granted", world.now, **data)
    return world.start(
        event, plans=NOTICE, playbook="benefit-notice", purpose="service", consolidate=True, **more
    )


def dispatched(outcomes: list[Outcome]) -> list[Dispatched]:
    return [one for one in outcomes if isinstance(one, Dispatched)]


def about(one: Dispatched) -> list[str]:
    return [one.obligation.id, *(other.obligation.id for other in one.joined)]


def states(world: World, one: Dispatched) -> list[StepState]:
    return [world.book.steps[step_id].state for step_id in step_ids(one)]


def first_of(world: World, until: datetime = TEN) -> Dispatched:
    found = dispatched(world.until(until))
    assert len(found) == 1
    return found[0]


def test_three_bills_are_one_message_and_one_contact() -> None:
    world = owing("b1", "b2", "b3")
    one = first_of(world)
    assert sorted(about(one)) == ["b1", "b2", "b3"]
    assert states(world, one) == [StepState.DISPATCHED] * 3
    assert {s.dispatch_id for s in map(world.book.steps.get, step_ids(one)) if s} == {
        one.step.dispatch_id
    }
    assert len(world.book.contacts_of(("default", "ann"))) == 1
    world.answer(one)
    assert states(world, one) == [StepState.SENT] * 3


def test_without_consolidate_each_goes_alone() -> None:
    world = World()
    for name in ("b1", "b2"):
        world.start(bill(bill_id=name))
    assert [about(one) for one in dispatched(world.until(TEN))] == [["b1"]]
    assert about(first_of(world, TEN + timedelta(hours=1))) == ["b2"]


@pytest.mark.parametrize(
    "other",
    [
        {"playbook": "recover"},
        {"tone": "gentle"},
    ],
)
def test_only_what_is_alike_goes_together(other: dict[str, Any]) -> None:
    world = owing("b1")
    world.start(bill(bill_id="b2"), consolidate=True, **other)
    apart = world.until(TEN + timedelta(hours=1))
    assert [about(one) for one in dispatched(apart)] == [["b1"], ["b2"]]


def test_another_customers_step_never_joins() -> None:
    world = owing("b1")
    other = bill(bill_id="b2")
    theirs = Heard("default", "bob", other.type, other.id, other.time, other.data, "b2")
    world.start(theirs, consolidate=True)
    assert {one.customer.id: about(one) for one in dispatched(world.until(TEN))} == {
        "ann": ["b1"],
        "bob": ["b2"],
    }


def test_another_step_of_the_playbook_joins_too_for_it_is_said_at_once() -> None:
    world = owing("b1")
    world.start(bill(bill_id="b2", due_date="2026-03-08"), consolidate=True)
    world.answer(first_of(world, at("2026-03-04 12:00")))  # b2's first step
    one = first_of(world)
    assert [one.step.plan.name, *(o.step.plan.name for o in one.joined)] == ["t-7", "t-3"]


def test_what_falls_due_within_the_hour_joins_and_what_is_later_does_not() -> None:
    late = tuple(StepPlan(p.name, p.anchor, p.days, p.valid_for, p.template, at="11:30")
                 for p in REMINDERS)  # fmt: skip
    soon = tuple(StepPlan(p.name, p.anchor, p.days, p.valid_for, p.template, at="10:40")
                 for p in REMINDERS)  # fmt: skip
    world = owing("b1")
    world.start(bill(bill_id="b2"), consolidate=True, plans=soon)
    world.start(bill(bill_id="b3"), consolidate=True, plans=late)
    assert about(first_of(world)) == ["b1", "b2"]
    assert about(first_of(world, at("2026-03-05 12:00"))) == ["b3"]


def test_benefits_that_come_within_an_hour_are_told_together() -> None:
    world = World()
    granted(world, "one")
    world.until(START + timedelta(minutes=30))
    granted(world, "two")
    assert about(first_of(world, START + timedelta(hours=3))) == ["one", "two"]
    assert [when for when, _ in world.sent()] == [START + timedelta(hours=1)]


def test_a_benefit_is_told_of_before_it_ends_or_not_at_all() -> None:
    world = World(at("2026-03-02 20:30"))  # the hour of rest ends after the permitted ones
    outcomes = granted(world, "one", valid_until="2026-03-02")
    assert [o.reason for o in outcomes if isinstance(o, Suppressed)] == ["hours"]
    world.until(at("2026-03-04 12:00"))
    assert world.sent() == []
    outcomes = granted(world, "past", valid_until="2026-03-03")
    assert [o.reason for o in outcomes if isinstance(o, Suppressed)] == ["past"]


def test_a_benefit_that_is_withdrawn_while_it_waits_drops_out() -> None:
    world = World()
    granted(world, "one")
    granted(world, "two")
    world.hear(heard("benefit.withdrawn", START + timedelta(minutes=1), benefit_id="one"))
    assert about(first_of(world, START + timedelta(hours=3))) == ["two"]


def test_a_benefit_is_told_of_once_however_often_it_is_granted() -> None:
    world = World()
    granted(world, "one", valid_until="2026-03-20")
    world.answer(first_of(world, START + timedelta(hours=3)))
    (refused,) = granted(world, "one", valid_until="2026-04-20")
    assert isinstance(refused, Suppressed)
    assert refused.reason == "already_enrolled"


def test_what_is_settled_or_waits_is_not_taken_along() -> None:
    world = owing("b1", "b2", "b3")
    world.hear(
        paid(START + timedelta(hours=1), bill_id="b2"),
        paid(START + timedelta(hours=1), bill_id="b3", pending=True),
    )
    told = world.until(TEN)
    (one,) = dispatched(told)
    assert about(one) == ["b1"]
    waiting = [o.step.enrolment_id for o in told if isinstance(o, Deferred)]
    assert [world.book.enrolments[i].obligation_id for i in waiting] == ["b3"]


def test_what_is_left_out_ends_or_is_tried_again_and_the_others_go() -> None:
    world = owing("b1", "b2", "b3")
    one = first_of(world)
    paid_one, waiting, sent = step_ids(one)
    world.leave_out(one, paid_one)
    (moved,) = world.leave_out(one, waiting, reason="payment_pending", retryable=True)
    assert isinstance(moved, Deferred)
    world.answer(one, without=(paid_one, waiting))
    ends = [world.book.steps[i].state for i in (paid_one, waiting, sent)]
    assert ends == [StepState.REFUSED, StepState.PLANNED, StepState.SENT]
    assert len(world.book.contacts_of(("default", "ann"))) == 1


@pytest.mark.parametrize("kind", ["message.refused", "message.failed"])
def test_a_dispatch_that_may_be_tried_again_is_tried_as_one(kind: str) -> None:
    world = owing("b1", "b2")
    one = first_of(world)
    later = TEN + timedelta(hours=2)
    more: dict[str, Any] = {"reason": "hours", "retryable": True, "not_before": later.isoformat()}
    world.answer(one, kind, **more)
    assert world.book.contacts_of(("default", "ann")) == []
    again = first_of(world, later)
    assert sorted(about(again)) == ["b1", "b2"]
    assert [s.attempt for s in map(world.book.steps.get, step_ids(again)) if s] == [2, 2]
    assert again.step.dispatch_id != one.step.dispatch_id


def test_a_final_refusal_ends_every_step() -> None:
    world = owing("b1", "b2")
    one = first_of(world)
    world.answer(one, "message.refused", reason="no_address", rule="address", retryable=False)
    assert states(world, one) == [StepState.REFUSED] * 2


def test_a_joined_step_on_its_way_is_named_when_its_enrolment_is_cancelled() -> None:
    world = owing("b1", "b2")
    one = first_of(world)
    (ended,) = world.hear(paid(world.now, bill_id="b2"))
    assert isinstance(ended, Cancelled)
    assert one.joined[0].step.id in ended.step_ids


def test_one_message_is_about_so_many_and_the_rest_go_next() -> None:
    world = owing(*(f"b{n}" for n in range(joining.MOST + 3)))
    first, second = dispatched(world.until(TEN + timedelta(hours=1)))
    assert (len(about(first)), len(about(second))) == (joining.MOST, 3)


def test_what_is_tried_again_after_its_day_has_moved_is_not_taken_along() -> None:
    world = owing("b1")
    one = first_of(world)
    world.hear(bill(time=TEN, bill_id="b1", due_date="2026-03-20", version=2))
    world.answer(one, "message.failed", reason="greylisted", retryable=True)
    world.start(bill(bill_id="b2"), consolidate=True)
    world.now = TEN + timedelta(minutes=20)
    assert [about(other) for other in dispatched(world.claim())] == [["b2"]]
    assert world.book.steps[one.step.id].planned_at == at("2026-03-13 10:00")
