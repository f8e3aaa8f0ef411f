"""Holds as they are placed and lifted, in whatever order the news comes."""

from datetime import datetime
from typing import Any

from services.scheduler.model import Heard, Hold


def with_hold(holds: tuple[Hold, ...], heard: Heard) -> tuple[Hold, ...]:
    """The holds after one was placed or lifted; the newest word on each kind and scope counts."""
    told = Hold(
        kind=str(heard.data["kind"]),
        at=heard.time,
        obligation_id=heard.data.get("obligation_id"),
        until=instant(heard.data.get("until")),
        lifted=heard.type == "customer.hold_lifted",
    )
    same = [h for h in holds if (h.kind, h.obligation_id) == (told.kind, told.obligation_id)]
    if any(hold.at > told.at for hold in same):
        return holds
    return (*(hold for hold in holds if hold not in same), told)


def instant(value: Any) -> datetime | None:
    """An RFC 3339 text as an instant; None stays None."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value
