"""What a customer event does to a bill: the newest word of its publisher, no arithmetic.

Rapport is not the ledger: what remains is what the publisher says remains.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from services.negotiator.model import Bill, ObligationStatus

ASKED = frozenset({"bill.due_soon", "bill.updated", "payment.missed"})
PAYMENTS = frozenset({"payment.received", "payment.failed", "payment.reversed"})
CLOSED = "bill.closed"
EVENTS = ASKED | PAYMENTS | {CLOSED}

NOTHING_KNOWN = Bill(ObligationStatus.OPEN, 0)


def after(bill: Bill, event_type: str, data: Mapping[str, Any]) -> Bill:
    """The bill after an event of EVENTS with this `data`, in JSON's types.

    A lower version than the known one changes nothing, nor does a payment that is pending.
    """
    version = data.get("version")
    if version is not None and bill.version is not None and version < bill.version:
        return bill
    if data.get("pending"):
        return bill
    known = replace(bill, version=bill.version if version is None else version)
    if event_type == CLOSED:
        paid = data.get("why") == "paid"
        status = ObligationStatus.SETTLED if paid else ObligationStatus.CLOSED
        return replace(known, status=status, remaining_minor=0)
    if event_type in PAYMENTS:
        return _remaining(replace(known, currency=data["currency"]), data["remaining_minor"])
    autopay = data.get("autopay")
    return _remaining(
        replace(
            known,
            autopay=bill.autopay if autopay is None else autopay,
            currency=data["currency"],
            creditor=data["creditor"],
            product=data.get("product"),
            due_date=date.fromisoformat(data["due_date"]),
            due_timezone=data.get("due_timezone"),
        ),
        data["amount_minor"],
    )


def _remaining(bill: Bill, amount_minor: int) -> Bill:
    status = ObligationStatus.OPEN if amount_minor > 0 else ObligationStatus.SETTLED
    return replace(bill, status=status, remaining_minor=amount_minor)
