"""Steps that fall due together are spread: the same way each time, and never past a rule."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from scheduler_world import START, World, at, bill

from services.runtime.ids import derive
from services.scheduler.model import Book, Planned
from services.scheduler.rules.spreading import spread

TEN = datetime(2026, 3, 5, 10, 0, tzinfo=UTC)
WINDOW = timedelta(minutes=5)


def anywhere(instant: datetime) -> bool:
    return bool(instant)


def test_thousands_at_one_instant_come_evenly_over_the_window() -> None:
    moved = [
        spread(TEN, WINDOW, ("default", f"c-{n}"), TEN + timedelta(days=1), anywhere) - TEN
        for n in range(5000)
    ]
    assert max(moved) < WINDOW
    for tenth in range(10):
        within = [one for one in moved if tenth <= one / WINDOW * 10 < tenth + 1]
        assert 400 < len(within) < 600


@settings(max_examples=500, deadline=None)
@given(
    customer=st.text(min_size=1, max_size=8),
    window=st.timedeltas(timedelta(0), timedelta(hours=1)),
    closes=st.timedeltas(timedelta(0), timedelta(hours=1)),
    ends=st.timedeltas(timedelta(seconds=1), timedelta(hours=1)),
)
def test_never_outside_what_is_permitted_nor_too_late_nor_early(
    customer: str, window: timedelta, closes: timedelta, ends: timedelta
) -> None:
    def moved() -> datetime:
        return spread(
            TEN, window, ("t", customer), TEN + ends, lambda instant: instant < TEN + closes
        )

    found = moved()
    assert found == moved()
    assert TEN <= found < TEN + max(window, timedelta(microseconds=1))
    assert found == TEN or (found < TEN + closes and found < TEN + ends)


def test_planned_steps_keep_a_customers_matters_together() -> None:
    world = World()
    world.book = Book(derive, WINDOW)
    for number in ("b1", "b2"):
        world.start(bill(bill_id=number), consolidate=True)
    due = {
        one.step.plan.name: one.step.due_at
        for _, one in world.told
        if isinstance(one, Planned) and one.step.due_at > START
    }
    planned = [one for _, one in world.told if isinstance(one, Planned)]
    assert len({one.step.due_at for one in planned}) == len(due)
    for one in planned:
        assert at("2026-03-05 10:00") <= one.step.due_at
        assert one.step.due_at - one.step.planned_at < WINDOW
