"""Holds as they are placed and lifted, in whatever order the news comes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.policy import holds as policy
from services.policy.holds import Ruling, Words
from services.policy.model import Approach, Pack, Zones
from services.policy.places import applying, candidate_zones
from services.scheduler.model import Customer, Heard, Hold, LiftRefused, Obligation

TELLING = frozenset({"customer.hold_placed", "customer.hold_lifted", "hold.lifted"})
"""Types that say something of a hold; the last one by an operator."""


def with_hold(holds: tuple[Hold, ...], heard: Heard) -> tuple[Hold, ...]:
    """The holds after one was placed or lifted; the newest word on each kind and scope counts."""
    kind, about = str(heard.data["kind"]), heard.data.get("obligation_id")
    named = [one for one in holds if (one.kind, one.obligation_id) == (kind, about)]
    known = named[0] if named else Hold(kind, obligation_id=about)
    words = Words(known.at, known.until, known.lifted_at, known.freed_at)
    if heard.type == "customer.hold_placed":
        words = words.placed(heard.time, instant(heard.data.get("until")))
    else:
        words = words.lifted(heard.time, by_operator=heard.type == "hold.lifted")
    newest = heard.type == "customer.hold_placed" and words.at == heard.time
    source = (heard.source or None) if newest else known.source
    told = Hold(kind, words.at, about, words.until, words.lifted_at, words.freed_at, source)
    return (*(one for one in holds if one not in named), told)


def held(
    customer: Customer,
    obligation: Obligation,
    approach: Approach,
    zones: Zones,
    packs: Sequence[Pack],
    now: datetime,
) -> Ruling | None:
    """What the strictest hold asks of a contact about the obligation. packs: all loaded."""
    holds = (*customer.holds, *obligation.holds)
    if not holds:
        return None
    return policy.ruling(holds, approach, zones, applying(packs, zones), now)


def standing(customer: Customer, packs: Sequence[Pack], now: datetime) -> list[Hold]:
    """The customer's holds that stand, about whichever obligation."""
    zones = candidate_zones(customer.place)
    about = [one.obligation_id for one in customer.holds if one.obligation_id is not None]
    found = policy.standing(customer.holds, about, zones, applying(packs, zones), now)
    return [one for one in found if isinstance(one, Hold)]


def refused_lift(
    customer: Customer, heard: Heard, packs: Sequence[Pack], now: datetime
) -> LiftRefused | None:
    """What a publisher's word could not lift: the hold stands until an operator lifts it."""
    if heard.type != "customer.hold_lifted":
        return None
    kind, about = str(heard.data["kind"]), heard.data.get("obligation_id")
    zones = candidate_zones(customer.place)
    rule = policy.kept_by_operator(kind, zones, applying(packs, zones), now)
    stands = any(
        (one.kind, one.obligation_id) == (kind, about) and one.at and not one.freed_at
        for one in customer.holds
    )
    if rule is None or not stands:
        return None
    return LiftRefused(heard.tenant, heard.customer, kind, about, heard.id, *rule)


def instant(value: Any) -> datetime | None:
    """An RFC 3339 text as an instant; None stays None."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value
