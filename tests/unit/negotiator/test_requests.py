"""What may be asked of the publisher: possible days only, one at a time, and not without end."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.negotiator.model import (
    AgreementStatus,
    Bill,
    BillState,
    ObligationStatus,
    RequestKind,
    RequestRefusal,
    RequestStatus,
    SubscriptionStatus,
)
from services.negotiator.rules import requests, subscriptions

TODAY = date(2026, 3, 2)
DATES = (date(2026, 3, 13), date(2026, 4, 12))
OWED = Bill(ObligationStatus.OPEN, 8_000, currency="EUR", due_date=date(2026, 3, 12))
FREE: dict[str, Any] = {
    "agreement": None, "own_agreement": False, "disputed": False, "held": False, "today": TODAY,
}  # fmt: skip


@given(st.text(max_size=30))
def test_whatever_is_typed_is_a_day_in_the_window_or_refused(text: str) -> None:
    read = requests.read(RequestKind.DUE_DATE, text, DATES)
    if isinstance(read, dict):
        assert DATES[0] <= date.fromisoformat(read["due_date"]) <= DATES[1]


@given(st.dates())
def test_exactly_the_days_of_the_window_are_possible(day: date) -> None:
    read = requests.read(RequestKind.DUE_DATE, day.isoformat(), DATES)
    possible = DATES[0] <= day <= DATES[1]
    assert read == ({"due_date": day.isoformat()} if possible else RequestRefusal.OUT_OF_RANGE)


@given(st.integers(-99, 999))
def test_a_payment_day_is_a_day_that_some_month_has(day: int) -> None:
    read = requests.read(RequestKind.PAYMENT_DAY, str(day), DATES)
    assert (read == {"day": day}) == (1 <= day <= 31)


@given(st.one_of(st.none(), st.dates(date(2020, 1, 1), date(2030, 1, 1))), st.integers(1, 366))
def test_a_later_date_is_later_than_today_and_than_what_is_due(due: date | None, days: int) -> None:
    first, last = requests.later_dates(due, TODAY, days)
    assert first > max(due or TODAY, TODAY)
    assert last - first == timedelta(days=days - 1)


@pytest.mark.parametrize(
    ("changed", "given", "state", "may_ask"),
    [
        ({}, {}, BillState.DUE, True),
        ({"due_date": TODAY}, {}, BillState.DUE, True),
        ({"due_date": date(2026, 3, 1)}, {}, BillState.PAST_DUE, True),
        ({"due_date": None}, {}, BillState.DUE, True),
        ({}, {"held": True}, BillState.PAUSED, False),
        ({}, {"disputed": True, "held": True}, BillState.DISPUTED, False),
        ({}, {"agreement": AgreementStatus.ACTIVE}, BillState.ARRANGED, False),
        (
            {},
            {"agreement": AgreementStatus.ACTIVE, "own_agreement": True},
            BillState.AGREED,
            False,
        ),
        ({"remaining_minor": 0}, {"disputed": True}, BillState.PAID, False),
    ],
)
def test_how_a_bill_stands_and_whether_anything_may_be_asked(
    changed: dict[str, Any], given: dict[str, Any], state: BillState, may_ask: bool
) -> None:
    bill = Bill(**({name: getattr(OWED, name) for name in Bill.__slots__} | changed))
    found = requests.state(bill, **(FREE | given))
    assert (found, requests.may_ask(found)) == (state, may_ask)


@pytest.mark.parametrize(
    ("state", "last", "asked", "refusal"),
    [
        (BillState.DUE, None, 0, None),
        (BillState.PAST_DUE, RequestStatus.REFUSED, 19, None),
        (BillState.DUE, RequestStatus.ACCEPTED, 0, None),
        (BillState.DUE, RequestStatus.REQUESTED, 0, RequestRefusal.WAITING),
        (BillState.PAID, None, 0, RequestRefusal.NOT_NOW),
        (BillState.DUE, None, 20, RequestRefusal.TOO_MANY),
    ],
)
def test_one_wish_of_a_kind_at_a_time(
    state: BillState, last: RequestStatus | None, asked: int, refusal: RequestRefusal | None
) -> None:
    assert requests.refusal(state, last, asked) is refusal


def test_a_subscription_keeps_what_later_events_do_not_say() -> None:
    first = {"plan": "Four screens", "expires_on": "2026-04-30", "price_minor": 1_199,
             "currency": "EUR", "auto_renew": True}  # fmt: skip
    known = subscriptions.after(None, "subscription.expiring", first)
    after = subscriptions.after(known, "subscription.renewed", {"expires_on": "2026-05-30"})
    assert (after.plan, after.price_minor, after.auto_renew) == ("Four screens", 1_199, True)
    assert after.expires_on == date(2026, 5, 30)
    ended = subscriptions.after(after, "subscription.cancelled", {"expires_on": None})
    assert (ended.status, ended.expires_on) == (SubscriptionStatus.CANCELLED, date(2026, 5, 30))
