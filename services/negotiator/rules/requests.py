"""What a customer may ask of the publisher about a bill, and how far a date may move.

Rapport is not the ledger: whether a wish is granted is the publisher's answer. What is absurd,
impossible or asked already is not passed on.
"""

import re
from datetime import date, timedelta
from typing import Any

from services.negotiator.model import (
    AgreementStatus,
    Bill,
    BillState,
    RequestKind,
    RequestRefusal,
    RequestStatus,
)

PAYMENT_DAYS = range(1, 32)
MOST_IN_A_DAY = 20

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAY = re.compile(r"[0-9]{1,2}")
_OPEN = (BillState.DUE, BillState.PAST_DUE)


def state(
    bill: Bill,
    *,
    agreement: AgreementStatus | None,
    own_agreement: bool,
    disputed: bool,
    held: bool,
    today: date,
) -> BillState:
    """What the page says of a bill; `agreement` is the one in force, whichever party's it is."""
    if not bill.is_owed:
        return BillState.PAID
    if agreement is not None:
        return BillState.AGREED if own_agreement else BillState.ARRANGED
    if disputed:
        return BillState.DISPUTED
    if held:
        return BillState.PAUSED
    past = bill.due_date is not None and bill.due_date < today
    return BillState.PAST_DUE if past else BillState.DUE


def may_ask(state: BillState) -> bool:
    """Whether a customer may ask anything of the publisher about a bill in this state."""
    return state in _OPEN


def later_dates(due: date | None, today: date, days: int) -> tuple[date, date]:
    """First and last day that may be asked for: up to `days` after what is due, or after today."""
    start = max(due or today, today)
    return start + timedelta(days=1), start + timedelta(days=days)


def read(
    kind: RequestKind, value: str, dates: tuple[date, date]
) -> dict[str, Any] | RequestRefusal:
    """The request's details from what a form sent, or why they are none."""
    match kind:
        case RequestKind.DUE_DATE:
            return _due_date(value, dates)
        case RequestKind.PAYMENT_DAY:
            if not _DAY.fullmatch(value):
                return RequestRefusal.UNREADABLE
            day = int(value)
            return {"day": day} if day in PAYMENT_DAYS else RequestRefusal.OUT_OF_RANGE
        case RequestKind.AUTOPAY:
            return {"on": value == "on"} if value in ("on", "off") else RequestRefusal.UNREADABLE


def refusal(
    state: BillState,
    last: RequestStatus | None,
    asked_today: int,
) -> RequestRefusal | None:
    """Why a new request cannot be made now, or None where it can.

    `last`: status of the newest request of the same kind about the same bill.
    """
    if not may_ask(state):
        return RequestRefusal.NOT_NOW
    if last is RequestStatus.REQUESTED:
        return RequestRefusal.WAITING
    if asked_today >= MOST_IN_A_DAY:
        return RequestRefusal.TOO_MANY
    return None


def _due_date(value: str, dates: tuple[date, date]) -> dict[str, Any] | RequestRefusal:
    if not _DATE.fullmatch(value):
        return RequestRefusal.UNREADABLE
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return RequestRefusal.UNREADABLE
    first, last = dates
    if not first <= day <= last:
        return RequestRefusal.OUT_OF_RANGE
    return {"due_date": day.isoformat()}
