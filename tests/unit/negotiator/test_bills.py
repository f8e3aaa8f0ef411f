"""What events do to a bill, and what a verified visitor finds."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.negotiator.model import AgreementStatus, Bill, ObligationStatus, Situation
from services.negotiator.rules.bills import NOTHING_KNOWN, after
from services.negotiator.rules.situations import situation

OPEN, SETTLED, CLOSED = ObligationStatus.OPEN, ObligationStatus.SETTLED, ObligationStatus.CLOSED
MISSED = {
    "bill_id": "b", "creditor": "Bank", "amount_minor": 500, "currency": "EUR",
    "due_date": "2026-02-25", "version": 3,
}  # fmt: skip
KNOWN = Bill(OPEN, 500, "EUR", "Bank", None, date(2026, 2, 25), None, 3)


def _payment(**given: Any) -> dict[str, Any]:
    return {"currency": "EUR", "amount_minor": 100, "remaining_minor": 400} | given


def test_a_missed_payment_tells_all_of_a_bill() -> None:
    assert after(NOTHING_KNOWN, "payment.missed", MISSED) == KNOWN


@pytest.mark.parametrize(
    ("event_type", "data", "status", "remaining"),
    [
        ("payment.received", _payment(), OPEN, 400),
        ("payment.received", _payment(remaining_minor=0), SETTLED, 0),
        ("payment.received", _payment(version=2), OPEN, 500),
        ("payment.received", _payment(version=3), OPEN, 400),
        ("payment.received", _payment(pending=True), OPEN, 500),
        ("payment.failed", _payment(remaining_minor=500), OPEN, 500),
        ("bill.updated", MISSED | {"amount_minor": 0}, SETTLED, 0),
        ("bill.updated", MISSED | {"amount_minor": 900, "version": 4}, OPEN, 900),
        ("bill.closed", {"why": "paid"}, SETTLED, 0),
        ("bill.closed", {"why": "sold"}, CLOSED, 0),
        ("bill.closed", {"why": "sold", "version": 1}, OPEN, 500),
    ],
)
def test_what_an_event_does(
    event_type: str, data: dict[str, Any], status: ObligationStatus, remaining: int
) -> None:
    bill = after(KNOWN, event_type, data)
    assert (bill.status, bill.remaining_minor) == (status, remaining)
    assert bill.creditor == "Bank"


def test_a_payment_taken_back_opens_the_bill_again() -> None:
    paid = after(KNOWN, "payment.received", _payment(remaining_minor=0))
    again = after(paid, "payment.reversed", _payment(remaining_minor=500))
    assert again.is_owed


def test_a_payment_that_comes_before_its_bill_is_kept() -> None:
    paid = after(NOTHING_KNOWN, "payment.received", _payment(remaining_minor=0, version=4))
    assert after(paid, "payment.missed", MISSED) == paid


FREE = {
    "agreement": None, "own_agreement": False, "disputed": False, "held": False,
    "has_authority": True, "has_live_offers": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("bill", "given", "expected"),
    [
        (KNOWN, {}, Situation.RENEW),
        (KNOWN, {"has_live_offers": True}, Situation.PLANS),
        (KNOWN, {"has_authority": False}, Situation.NO_OFFER),
        (KNOWN, {"held": True, "has_live_offers": True}, Situation.HELD),
        (KNOWN, {"disputed": True, "held": True}, Situation.DISPUTE),
        (replace(KNOWN, status=SETTLED), {"disputed": True}, Situation.SETTLED),
        (KNOWN, {"agreement": AgreementStatus.ACTIVE}, Situation.ARRANGED),
        (KNOWN, {"agreement": AgreementStatus.ENDED}, Situation.RENEW),
        (
            KNOWN,
            {"agreement": AgreementStatus.ACTIVE, "own_agreement": True},
            Situation.AGREEMENT,
        ),
        (
            replace(KNOWN, status=SETTLED),
            {"agreement": AgreementStatus.COMPLETED, "own_agreement": True},
            Situation.COMPLETED,
        ),
    ],
)
def test_what_a_verified_visitor_finds(
    bill: Bill, given: dict[str, Any], expected: Situation
) -> None:
    assert situation(bill, **(FREE | given)) is expected
