"""What an event says of what is asked: whether, and until when."""

from collections.abc import Mapping
from datetime import date
from typing import Any

_OPENING = {
    "bill.due_soon": "amount_minor",
    "bill.updated": "amount_minor",
    "payment.missed": "amount_minor",
    "payment.received": "remaining_minor",
    "payment.failed": "remaining_minor",
    "payment.reversed": "remaining_minor",
}
"""Events that say how much of a bill is asked, and in which field. More than nothing opens it."""
_OPENING_OTHERS = frozenset(
    {"subscription.expiring", "subscription.expired", "application.abandoned", "benefit.granted"}
)
_CLOSING = {
    "bill.closed": "closed",
    "subscription.renewed": "renewed",
    "subscription.cancelled": "cancelled",
    "application.completed": "completed",
    "application.withdrawn": "withdrawn",
    "benefit.withdrawn": "withdrawn",
}
TERMS = _OPENING_OTHERS | {"bill.due_soon", "bill.updated", "payment.missed"}
"""Events that say what is asked, and until when; of what has ended only a later period's do."""
_DUE = ("due_date", "expires_on", "valid_until")
_KINDS = {"payment": "bill"}


def kind_of(event_type: str) -> str:
    """The kind of obligation that an event of that type is about."""
    family = event_type.partition(".")[0]
    return _KINDS.get(family, family)


def due(data: Mapping[str, Any]) -> date | None:
    """Until when it is asked, or lasts, as far as the event says so."""
    told = next((data[name] for name in _DUE if data.get(name)), None)
    return date.fromisoformat(told) if isinstance(told, str) else told


def closes(event_type: str, data: Mapping[str, Any]) -> bool | None:
    """Whether the event ends its obligation (True), opens it (False), or says neither (None)."""
    if event_type in _CLOSING:
        return True
    if event_type in _OPENING_OTHERS:
        return False
    asked = data.get(_OPENING.get(event_type, ""))
    if asked is None:
        return None
    if asked > 0:
        return False
    # A pending payment, and a bill updated to nothing, settle nothing yet.
    settles = event_type.startswith("payment.") and not data.get("pending")
    return True if settles else None
