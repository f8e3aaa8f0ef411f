"""Holds as they are placed and lifted, in whatever order the news comes."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from services.policy import holds as policy
from services.policy.holds import Ruling, Words
from services.policy.model import Approach, Pack, Zones
from services.policy.persons import Said, lifted_for_all
from services.policy.places import applying, candidate_zones
from services.scheduler.model import Customer, Heard, Hold, LiftRefused, Obligation

TELLING = frozenset({"customer.hold_placed", "customer.hold_lifted", "hold.lifted"})
"""Types that say something of a hold; the last one by an operator."""

_MOMENT = timedelta(microseconds=1)


def with_hold(holds: tuple[Hold, ...], heard: Heard, of: str | None = None) -> tuple[Hold, ...]:
    """The holds after one was placed or lifted; the newest word on each kind and scope counts.

    of: the former id that it is said of, if it is.
    """
    kind, about = str(heard.data["kind"]), heard.data.get("obligation_id")
    named = [one for one in holds if (one.kind, one.obligation_id, one.of) == (kind, about, of)]
    known = named[0] if named else Hold(kind, obligation_id=about)
    words = Words(known.at, known.until, known.lifted_at, known.freed_at)
    if heard.type == "customer.hold_placed":
        words = words.placed(heard.time, instant(heard.data.get("until")))
    else:
        at = instant(heard.data.get("at")) or heard.time
        words = words.lifted(at, by_operator=heard.type == "hold.lifted")
    newest = heard.type == "customer.hold_placed" and words.at == heard.time
    source = (heard.source or None) if newest else known.source
    told = Hold(kind, words.at, about, words.until, words.lifted_at, words.freed_at, source, of)
    return (*(one for one in holds if one not in named), told)


def of_person(customer: Customer) -> tuple[Hold, ...]:
    """The holds under all ids of the customer; a lifting counts for those that were one by then."""
    if not customer.former:
        return customer.holds
    said = [
        Said(
            hold.of or customer.id,
            (hold.kind, hold.obligation_id),
            Words(hold.at, hold.until, hold.lifted_at, hold.freed_at),
        )
        for hold in customer.holds
    ]
    merged = {one.id: (one.into, one.at) for one in customer.former}
    return tuple(
        msgspec.structs.replace(hold, **words._asdict())
        for hold, words in zip(customer.holds, lifted_for_all(said, merged), strict=True)
    )


def held(
    customer: Customer,
    obligation: Obligation,
    approach: Approach,
    zones: Zones,
    packs: Sequence[Pack],
    now: datetime,
) -> Ruling | None:
    """What the strictest hold asks of a contact about the obligation. packs: all loaded."""
    holds = (*of_person(customer), *obligation.holds)
    if not holds:
        return None
    return policy.ruling(holds, approach, zones, applying(packs, zones), now)


def standing(customer: Customer, packs: Sequence[Pack], now: datetime) -> list[Hold]:
    """The customer's holds that stand, about whichever obligation."""
    zones = candidate_zones(customer.place)
    holds = of_person(customer)
    about = [one.obligation_id for one in holds if one.obligation_id is not None]
    found = policy.standing(holds, about, zones, applying(packs, zones), now)
    return [one for one in found if isinstance(one, Hold)]


def lifted_from(customer: Customer, found: Sequence[Hold]) -> Iterator[datetime]:
    """Instants from which on a word, under any id of the customer, lifts all of these holds."""
    for hold in found:
        if hold.at is not None:
            yield hold.at + _MOMENT
    for gave_way in customer.former:
        yield gave_way.at + _MOMENT


def refused_lift(
    customer: Customer, heard: Heard, packs: Sequence[Pack], now: datetime
) -> LiftRefused | None:
    """What a publisher's word could not lift: the hold stands until an operator lifts it.

    customer: who stands for the one it was said of.
    """
    if heard.type != "customer.hold_lifted":
        return None
    kind, about = str(heard.data["kind"]), heard.data.get("obligation_id")
    zones = candidate_zones(customer.place)
    rule = policy.kept_by_operator(kind, zones, applying(packs, zones), now)
    stands = any(
        (one.kind, one.obligation_id) == (kind, about) and one.at and not policy.freed(one)
        for one in of_person(customer)
    )
    if rule is None or not stands:
        return None
    return LiftRefused(heard.tenant, heard.customer, kind, about, heard.id, *rule)


def instant(value: Any) -> datetime | None:
    """An RFC 3339 text as an instant; None stays None."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value
