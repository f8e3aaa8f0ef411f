"""What an offer's signature covers, and whether an offer can be accepted now."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime

from services.negotiator.model import (
    Bill,
    Hold,
    OfferStatus,
    Refusal,
    Terms,
)

# With these a customer may still agree on terms by their own wish: they ask for care, not silence.
HOLDS_THAT_ALLOW_AGREEING = frozenset({"hardship", "vulnerability", "cease_contact"})


def canonical(terms: Terms) -> str:
    """The one text of the terms: JSON with sorted keys and no blanks, instants in UTC.

    The signature in `offer.proposed` is the keyed hash of this text after `offer:`.
    """
    plan = terms.plan
    content = {
        **{name: getattr(terms, name) for name in ("tenant", "case_id", "offer_id")},
        "obligation_id": terms.obligation_id,
        "kind": plan.kind.value,
        "currency": terms.currency,
        "balance_minor": terms.balance_minor,
        "total_minor": plan.total_minor,
        "discount_minor": plan.discount_minor,
        "instalments": [
            [part.due_date.isoformat(), part.amount_minor] for part in plan.instalments
        ],
        "expires_at": terms.expires_at.astimezone(UTC).isoformat(),
        "authority": asdict(terms.authority),
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def is_held(
    holds: Iterable[Hold],
    obligation_id: str,
    now: datetime,
    allowed: frozenset[str] = HOLDS_THAT_ALLOW_AGREEING,
) -> bool:
    """Whether a hold in force, of another kind than `allowed`, is on the obligation at `now`."""
    return any(
        hold.kind not in allowed
        and hold.obligation_id in (None, obligation_id)
        and (hold.until is None or now < hold.until)
        for hold in holds
    )


def refusal(
    terms: Terms, status: OfferStatus, bill: Bill, *, held: bool, now: datetime
) -> Refusal | None:
    """Why the offer cannot be accepted at `now`, or None where it can.

    Signature and owner are checked before; an offer that was accepted already is not asked again.
    """
    if (why := refusal_of_bill(bill, held=held)) is not None:
        return why
    if (bill.remaining_minor, bill.currency) != (terms.balance_minor, terms.currency):
        return Refusal.AMOUNT_CHANGED
    if status is not OfferStatus.PROPOSED or now >= terms.expires_at:
        return Refusal.EXPIRED
    return None


def refusal_of_bill(bill: Bill, *, held: bool) -> Refusal | None:
    """Why nothing can be agreed about the bill now, whatever the terms; None where it can."""
    if not bill.is_owed:
        return Refusal.SETTLED
    return Refusal.HELD if held else None
