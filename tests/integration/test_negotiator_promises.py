"""Promises over time: kept within tolerance, waited for, broken, begun anew."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from negotiator_world import Browser, World, world_of

from support.database import Database

FIRST_DUE = datetime(2026, 3, 9, 12, tzinfo=UTC)
OVER = datetime(2026, 3, 12, 23, tzinfo=UTC)
"""The first instant of 13 March in Berlin: due on 9 March, three days of grace."""


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    yield from world_of(database, session_hours=24 * 365)


def _agreed(world: World) -> Browser:
    """Six monthly payments of 100 euro, the first due on 9 March."""
    visitor = world.browser(world.ready())
    visitor.verify()
    visitor.accept(visitor.offers[3])
    return visitor


def _look(world: World, at: datetime) -> None:
    """Let the timer come by often enough on the way to `at`."""
    world.move_to(at)
    for _ in range(3):
        world.look_at_promises()


def _broken(world: World) -> list[dict[str, Any]]:
    return [fact["data"] for fact in world.facts("agreement.broken")]


def test_a_promise_is_waited_for_through_its_grace_and_broken_after_it(world: World) -> None:
    visitor = _agreed(world)
    for at in (FIRST_DUE, FIRST_DUE + timedelta(days=2), OVER - timedelta(seconds=1)):
        _look(world, at)
        assert _broken(world) == []
    _look(world, OVER)
    (broken,) = _broken(world)
    assert (broken["instalment"], broken["short_minor"]) == (1, 10_000)
    _look(world, OVER + timedelta(days=9))
    assert world.count("agreement.broken") == 1
    page = visitor.get("/plans")
    assert "there is a new start" in page.text
    visitor.post("/plans")
    visitor.accept(visitor.offers[1])
    assert world.count("agreement.made") == 2


def test_what_is_paid_in_time_is_kept_and_what_is_short_rolls_on(world: World) -> None:
    _agreed(world)
    world.paid(9_500, 50_500)
    _look(world, OVER)
    assert _broken(world) == []
    world.paid(9_900, 40_600)
    _look(world, OVER + timedelta(days=31))
    (broken,) = _broken(world)
    assert (broken["instalment"], broken["short_minor"]) == (2, 600)


def test_a_payment_told_before_the_judgement_counts(world: World) -> None:
    """The timer fires first, as after a long pause; the payment stands in the log before it."""
    _agreed(world)
    world.move_to(OVER)
    asked = world.facts("agreement.due")
    world.paid(10_000, 50_000)
    world.look_at_promises()
    assert asked == []
    assert _broken(world) == []


@pytest.mark.parametrize("why", ["hardship", "dispute", "hold", "pending"])
def test_nobody_breaks_a_promise_while_they_are_cared_for(world: World, why: str) -> None:
    visitor = _agreed(world)
    world.move_to(OVER - timedelta(hours=1))
    match why:
        case "hold":
            world.applied("customer.hold_placed", kind="hardship", obligation_id="b-1")
        case "pending":
            world.paid(10_000, 50_000, pending=True)
        case _:
            visitor.get("/plans")
            visitor.post("/person", why)
    _look(world, OVER + timedelta(hours=1))
    assert _broken(world) == []
    if why == "hold":
        world.applied("customer.hold_lifted", kind="hardship")
        _look(world, OVER + timedelta(hours=2))
        assert len(_broken(world)) == 1


def test_a_payment_taken_back_begins_the_grace_anew(world: World) -> None:
    _agreed(world)
    world.paid(10_000, 50_000)
    world.move_to(OVER + timedelta(days=3))
    world.paid(10_000, 60_000, event_type="payment.reversed")
    assert world.count("agreement.reopened") == 1
    _look(world, OVER + timedelta(days=5))
    assert _broken(world) == []
    _look(world, OVER + timedelta(days=6))
    assert len(_broken(world)) == 1


def test_a_finished_or_ended_agreement_is_watched_no_more(world: World) -> None:
    _agreed(world)
    world.paid(60_000, 0)
    assert world.count("agreement.completed") == 1
    _look(world, OVER + timedelta(days=400))
    assert world.facts("agreement.due", "agreement.broken") == []


def test_the_rest_of_a_last_payment_is_waited_for_a_month_longer(world: World) -> None:
    _agreed(world)
    world.paid(59_500, 500)
    last = datetime(2026, 8, 12, 22, tzinfo=UTC)
    _look(world, last + timedelta(days=1))
    assert _broken(world) == []
    _look(world, last + timedelta(days=32))
    assert [(one["instalment"], one["short_minor"]) for one in _broken(world)] == [(6, 500)]
