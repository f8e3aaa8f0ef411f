"""What people type into the form of an own plan, and what is no proposal."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from services.negotiator.model import Authority
from services.negotiator.model.terms import Every, Stated, Wish, WishRefusal
from services.negotiator.rules import authority, plans, wishes
from services.negotiator.rules.schedules import business_day, days, next_payday, weekend

TODAY = date(2026, 3, 2)
CAP = Authority("recover", 1, 500, 6, 1_000, 190, 168, "commission")
HERE = plans.circumstances(
    authority.bounds(CAP, 60_000, "EUR"),
    datetime(2026, 3, 2, 9, tzinfo=UTC), ZoneInfo("Europe/Berlin"), weekend,
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "digits", "minor"),
    [
        ("50", 2, 5_000), ("50.00", 2, 5_000), ("50,5", 2, 5_050), ("1,200.50", 2, 120_050),
        ("1.200,50", 2, 120_050), ("1,200", 2, 120_000), ("1 200,00", 2, 120_000),
        ("５０", 2, 5_000), ("€50", 2, 5_000), ("50 €", 2, 5_000), ("￥１，２００", 0, 1_200),
        ("1,200", 0, 1_200), ("1.250", 3, 1_250), ("1.25", 3, 1_250), ("1'200.00", 2, 120_000),
        ("0", 2, 0),
        ("-5", 2, None), ("1e9", 2, None), ("1.2345", 2, None), ("", 2, None), ("fifty", 2, None),
        ("50.5", 0, None), ("9" * 40, 2, None), ("1,2,3", 2, None), ("NaN", 2, None),
    ],
)  # fmt: skip
def test_amounts_as_people_write_them(text: str, digits: int, minor: int | None) -> None:
    assert wishes.minor(text, digits) == minor


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, WishRefusal.UNREADABLE),
        ({"every": "month"}, WishRefusal.UNREADABLE),
        ({"each": "50", "every": "hour"}, WishRefusal.UNREADABLE),
        ({"each": "-50"}, WishRefusal.AMOUNT),
        ({"each": "0"}, WishRefusal.AMOUNT),
        ({"each": "600.01"}, WishRefusal.AMOUNT),
        ({"total": "999999999999"}, WishRefusal.AMOUNT),
        ({"count": "0"}, WishRefusal.COUNT),
        ({"count": "121"}, WishRefusal.COUNT),
        ({"count": "1.5"}, WishRefusal.COUNT),
        ({"each": "50", "payday": "32"}, WishRefusal.COUNT),
        ({"each": "50", "first": "2026-03-01"}, WishRefusal.DATE),
        ({"each": "50", "first": "2027-03-04"}, WishRefusal.DATE),
        ({"each": "50", "first": "2026-02-30"}, WishRefusal.UNREADABLE),
        ({"each": "50", "first": "tomorrow"}, WishRefusal.UNREADABLE),
        ({"each": "50", "currency": "USD"}, WishRefusal.CURRENCY),
    ],
)
def test_what_is_no_proposal(fields: dict[str, str], why: WishRefusal) -> None:
    assert wishes.read(fields, 60_000, "EUR", 2, TODAY) is why


@pytest.mark.parametrize(
    ("wish", "amounts"),
    [
        (Wish(Every.MONTH, each_minor=25_000), [25_000, 25_000, 10_000]),
        (Wish(Every.MONTH, count=7), [8_572, 8_572, 8_572, 8_571, 8_571, 8_571, 8_571]),
        (Wish(Every.ONCE, total_minor=55_000), [55_000]),
        (Wish(Every.ONCE, each_minor=20_000), [20_000]),
        (Wish(Every.MONTH, each_minor=10_000, count=4), [10_000] * 4),
        (Wish(Every.WEEK, each_minor=30_000, total_minor=50_000), [30_000, 20_000]),
        (Wish(Every.MONTH, first=date(2026, 3, 20)), [60_000]),
        (Wish(Every.MONTH, each_minor=11_900), [11_900, 11_900, 11_900, 11_900, 12_400]),
        (Wish(Every.MONTH, each_minor=1), [1] * 119 + [59_881]),
    ],
)
def test_what_is_missing_follows_from_the_rest(wish: Wish, amounts: list[int]) -> None:
    assert [part.amount_minor for part in wishes.plan(wish, HERE).instalments] == amounts


def test_a_plan_by_payday_comes_back_to_its_day() -> None:
    found = wishes.plan(Wish(Every.MONTH, count=4, payday=31), HERE)
    # 31 May is a Sunday, so that payment is due on the Monday after.
    assert [part.due_date for part in found.instalments] == [
        date(2026, 3, 31), date(2026, 4, 30), date(2026, 6, 1), date(2026, 6, 30),
    ]  # fmt: skip


def test_what_a_customer_can_manage_is_read_or_refused() -> None:
    assert wishes.read_stated({"monthly": "80", "payday": "25"}, 2) == Stated(True, 8_000, 25)
    assert wishes.read_stated({"monthly": "lots"}, 2) is WishRefusal.AMOUNT
    assert wishes.read_stated({"monthly": "80", "payday": "40"}, 2) is WishRefusal.COUNT


def test_days_of_rest_move_a_payment_and_never_two_onto_one_day() -> None:
    golden_week = {date(2026, 10, day) for day in range(1, 9)}

    def rest(day: date) -> bool:
        return day in golden_week or weekend(day)

    assert business_day(date(2026, 10, 1), rest) == date(2026, 10, 9)
    weekly = days(date(2026, 10, 1), Every.WEEK, 3, rest)
    assert weekly == (date(2026, 10, 9), date(2026, 10, 12), date(2026, 10, 15))
    assert days(date(2026, 3, 2), Every.FORTNIGHT, 3) == (
        date(2026, 3, 2), date(2026, 3, 16), date(2026, 3, 30),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("payday", "after", "found"),
    [
        (25, date(2026, 3, 2), date(2026, 3, 25)),
        (2, date(2026, 3, 2), date(2026, 4, 2)),
        (31, date(2026, 2, 10), date(2026, 2, 28)),
        (31, date(2026, 2, 28), date(2026, 3, 31)),
        (31, date(2028, 2, 1), date(2028, 2, 29)),
    ],
)
def test_the_next_payday(payday: int, after: date, found: date) -> None:
    assert next_payday(payday, after) == found
