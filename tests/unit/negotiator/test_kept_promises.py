"""When a promise is due, what is short by then, and where the day ends last."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.negotiator.model import DueNext, Instalment
from services.negotiator.rules import promises
from services.negotiator.rules.agreements import progress

PARTS = (Instalment(date(2026, 3, 31), 10_000), Instalment(date(2026, 4, 30), 10_000))
GRACE = timedelta(days=3)


@pytest.mark.parametrize(
    ("paid", "expected"),
    [
        (0, DueNext(1, date(2026, 3, 31), 10_000)),
        (9_499, DueNext(1, date(2026, 3, 31), 501)),
        (9_500, DueNext(2, date(2026, 4, 30), 10_500)),
        (12_000, DueNext(2, date(2026, 4, 30), 8_000)),
        (19_500, DueNext(2, date(2026, 5, 30), 500)),
        (20_000, None),
    ],
)
def test_what_is_short_is_due_with_the_next_one(paid: int, expected: DueNext | None) -> None:
    assert promises.due_next(PARTS, progress(PARTS, paid, 95), paid) == expected


@given(
    st.lists(st.integers(1, 10_000), min_size=1, max_size=12),
    st.integers(0, 120_000),
    st.integers(1, 100),
)
def test_what_is_owed_is_always_due_some_day(amounts: list[int], paid: int, percent: int) -> None:
    parts = [Instalment(date(2026, 3, 1) + timedelta(n), a) for n, a in enumerate(amounts)]
    due = promises.due_next(parts, progress(parts, paid, percent), paid)
    assert (due is None) == (paid >= sum(amounts))
    if due is not None:
        assert 0 < due.short_minor <= sum(amounts) - paid


def test_grace_ends_with_the_local_day() -> None:
    over = promises.over(date(2026, 3, 31), GRACE, ZoneInfo("Asia/Tokyo"))
    assert over == datetime(2026, 4, 3, 15, tzinfo=UTC)


@given(
    st.sampled_from(["Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin"]),
    st.dates(date(2020, 1, 1), date(2040, 1, 1)),
)
def test_nobody_is_looked_at_too_late_nor_long_before(zone: str, due: date) -> None:
    over = promises.over(due, GRACE, ZoneInfo(zone))
    assert timedelta(0) <= over - promises.first_look(due, GRACE) <= timedelta(hours=26)
