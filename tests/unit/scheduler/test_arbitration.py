"""What goes first where the caps do not leave room for all."""

from datetime import timedelta
from typing import Any

import pytest
from scheduler_world import World, at, bill, heard

from services.scheduler.model import Deferred, Dispatched, Outcome, StepPlan, Suppressed

START = at("2026-03-02 09:00")
NOW = (StepPlan("now", "trigger", 0, timedelta(days=20), "now"),)
BRIEF = (StepPlan("now", "trigger", 0, timedelta(days=2), "now"),)


def planned(*days: int) -> tuple[StepPlan, ...]:
    """A ladder of steps at ten, so many days after the trigger."""
    return tuple(
        StepPlan(f"day {day}", "trigger", day, timedelta(days=1), "x", at="10:00") for day in days
    )


def begin(world: World, purpose: str, plans: tuple[StepPlan, ...], name: str) -> list[Outcome]:
    event = bill("payment.missed", world.now, bill_id=name)
    return world.start(event, plans=plans, purpose=purpose, playbook=f"{purpose}-{name}")


def willing(world: World) -> None:
    """The customer agreed to hear of offers."""
    world.hear(heard("customer.consent_changed", START, channel="*", purpose="*", status="granted"))


def purposes(outcomes: list[Outcome]) -> list[str]:
    return [one.enrolment.purpose for one in outcomes if isinstance(one, Dispatched)]


def test_what_is_due_together_goes_in_the_order_of_need() -> None:
    world = World(START)
    willing(world)
    for index, purpose in enumerate(["marketing", "retention", "collection", "service"]):
        begin(world, purpose, NOW, f"b{index}")
    found = purposes(world.until(START + timedelta(hours=6)))
    assert found == ["service", "collection", "retention"]


@pytest.mark.parametrize(("minutes", "goes"), [(20, False), (59, False), (60, True)])
def test_an_offer_keeps_its_distance_from_what_is_needed_more(minutes: int, goes: bool) -> None:
    world = World(START)
    willing(world)
    begin(world, "service", planned(1), "b1")
    world.now = at("2026-03-03 10:00") - timedelta(minutes=minutes)
    begin(world, "marketing", NOW, "b2")
    told = world.claim()
    assert purposes(told) == (["marketing"] if goes else [])
    if not goes:
        (moved,) = [one for one in told if isinstance(one, Deferred)]
        assert (moved.reason, moved.rule) == ("arbitration", "arbitration/service")
        assert moved.step.due_at == at("2026-03-03 14:00")
    world.until(at("2026-03-03 10:00"), every=timedelta(minutes=1))
    assert world.sent()[-1] == (at("2026-03-03 10:00"), "day 1")


def test_what_waits_for_its_own_kind_keeps_its_room() -> None:
    world = World(START)
    willing(world)
    for name in ("b1", "b2", "b3"):  # all at ten, so an hour apart
        begin(world, "service", planned(1), name)
    begin(world, "marketing", NOW, "b4")
    (moved,) = [one for one in world.claim() if isinstance(one, Deferred)]
    assert moved.rule == "arbitration/service"
    assert len(purposes(world.until(at("2026-03-03 20:00")))) == 3


@pytest.mark.parametrize("purpose", ["collection", "retention", "marketing"])
def test_a_contact_leaves_room_for_those_before_it_and_says_so(purpose: str) -> None:
    world = World(START)
    willing(world)
    begin(world, "service", planned(1, 3, 5), "b1")
    begin(world, purpose, NOW, "b2")
    told = world.claim()
    (moved,) = [one for one in told if isinstance(one, Deferred)]
    assert (moved.reason, moved.rule) == ("arbitration", "arbitration/service")
    assert moved.step.due_at > at("2026-03-07 10:00")
    world.until(at("2026-03-07 20:00"))
    assert [name for _, name in world.sent()] == ["day 1", "day 3", "day 5"]
    world.until(at("2026-03-20 20:00"))
    assert [name for _, name in world.sent()][3:] == ["now"]


def test_what_cannot_wait_so_long_is_suppressed_and_says_why() -> None:
    world = World(START)
    willing(world)
    begin(world, "service", planned(1, 3, 5), "b1")
    begin(world, "marketing", BRIEF, "b2")
    (ended,) = [one for one in world.claim() if isinstance(one, Suppressed)]
    assert (ended.reason, ended.rule) == ("arbitration", "arbitration/service")


@pytest.mark.parametrize(
    ("first", "second"), [("marketing", "marketing"), ("service", "marketing")]
)
def test_nobody_yields_to_an_equal_or_to_less(first: str, second: str) -> None:
    world = World(START)
    willing(world)
    begin(world, second, planned(1, 3, 5), "b1")
    begin(world, first, NOW, "b2")
    assert purposes(world.claim()) == [first]


def test_where_there_is_room_for_all_nobody_waits() -> None:
    world = World(START)
    willing(world)
    begin(world, "service", planned(3, 5), "b1")
    begin(world, "collection", NOW, "b2")
    assert purposes(world.claim()) == ["collection"]


def test_it_looks_no_further_ahead_than_it_is_told() -> None:
    for days, first in ((7, []), (5, ["marketing"]), (0, ["marketing"])):
        world = World(START)
        world.book.looks_ahead = timedelta(days=days)
        willing(world)
        begin(world, "service", planned(1, 3, 6), "b1")
        world.now = at("2026-03-02 10:00")
        begin(world, "marketing", NOW, "b2")
        assert purposes(world.claim()) == first, days


def test_who_wants_one_message_a_week_gets_the_one_that_is_needed_most() -> None:
    world = World(START)
    willing(world)
    world.hear(heard("contact.preference_changed", START, changes={"max_a_week": 1}))
    begin(world, "service", planned(3), "b1")
    begin(world, "marketing", BRIEF, "b2")
    (ended,) = [one for one in world.claim() if isinstance(one, Suppressed)]
    assert (ended.reason, ended.rule) == ("arbitration", "arbitration/service")
    assert purposes(world.until(at("2026-03-06 12:00"))) == ["service"]


def test_what_has_ended_keeps_no_room() -> None:
    world = World(START)
    willing(world)
    begin(world, "service", planned(1, 3, 5), "b1")
    begin(world, "marketing", NOW, "b2")
    terms: dict[str, Any] = {"payment_id": "p", "amount_minor": 1, "currency": "EUR"}
    world.hear(heard("payment.received", START, bill_id="b1", remaining_minor=0, **terms))
    assert purposes(world.claim()) == ["marketing"]
