"""What a customer wishes beyond the law: seldom, and at their own hours. Pure.

A wish is a pack of its own, whose rules must allow a contact like those of any other; so it can
only make things stricter.
"""

from functools import lru_cache

from services.policy.model import Pack
from services.policy.packs import from_content

NAME = "preferences"
HOURS = ("08:00-12:00", "12:00-17:00", "17:00-21:00")
"""Parts of the day that may be asked for: local, from (inclusive) until (exclusive)."""
MOST_A_WEEK = (1, 2)
"""Contacts in any 168 hours that may be asked for; the house itself allows three."""


@lru_cache
def wished(hours: str | None, max_a_week: int | None) -> tuple[Pack, ...]:
    """The rules that a customer asks for; none where nothing is asked.

    hours: one of HOURS, max_a_week: one of MOST_A_WEEK; anything else asks for nothing.
    """
    told = {
        "purposes": "all",
        "channels": "all",
        "citation": "The customer's own word",
        "status": "house",
        "verified": True,
    }
    rules: dict[str, list[dict[str, object]]] = {}
    if hours in HOURS:
        opens, _, closes = str(hours).partition("-")
        rules["hours"] = [{"rule": "hours", "from": opens, "until": closes, **told}]
    if max_a_week in MOST_A_WEEK:
        cap = {"limit": max_a_week, "window_hours": 168, "unit": "contact", "scope": "customer"}
        rules["caps"] = [{"rule": "week", **cap, **told}]
    if not rules:
        return ()
    pack = {"name": NAME, "version": 1, "title": "What the customer asked for", **rules}
    return (from_content({**pack, "applies": {"everywhere": True}}),)
