"""Ids that are one customer, as publishers told (`customer.merged`)."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from rapport.audit.log import Fact, Log, Position
from schemas.facts import EventApplied

MERGED = "customer.merged"

Who = tuple[str, str]
"""Tenant and customer id."""


class Merged:
    """Which ids gave way to which. Where that leads round in a ring, nobody can say who stays."""

    def __init__(self, log: Log) -> None:
        self._ways: dict[Who, list[Fact[EventApplied]]] = defaultdict(list)
        told = [fact for fact in log.of(EventApplied) if fact.data.event_type == MERGED]
        into: dict[Who, Who] = {fact.who: _into(fact) for fact in told}
        self._into: dict[Who, list[Fact[EventApplied]]] = defaultdict(list)
        for fact in told:
            if not _in_a_ring(into, fact.who):
                self._into[_into(fact)].append(fact)
                self._ways[fact.who].append(fact)

    def former(self, who: Who, through: Mapping[str, int]) -> list[Who]:
        """Ids that the customer went by before, as far as a reader knew that had read so far."""
        found = [who]
        for one in found:
            for fact in self._into.get(one, ()):
                if fact.who not in found and _known(fact, through):
                    found.append(fact.who)
        return found[1:]

    def one_by(self, one: Who, other: Who, at: datetime) -> bool:
        """Whether two ids were one customer by an instant, as publishers date it."""
        return bool(self._stood_for(one, at) & self._stood_for(other, at))

    def _stood_for(self, who: Who, at: datetime) -> set[Who]:
        """The id, and those that stood for it by then."""
        found = [who]
        for one in found:
            ways = (way for way in self._ways.get(one, ()) if way.data.event_time < at)
            found += [into for into in map(_into, ways) if into not in found]
        return set(found)

    def gave_way(self, fact: Fact[EventApplied]) -> bool:
        """Whether the id of a `customer.merged` is not to be used any more."""
        return fact in self._into.get(_into(fact), ())


def _into(fact: Fact[EventApplied]) -> Who:
    return fact.who[0], str(fact.data.data["into"])


def _in_a_ring(into: Mapping[Who, Who], who: Who) -> bool:
    seen, at = {who}, into.get(who)
    while at is not None and at not in seen:
        seen.add(at)
        at = into.get(at)
    return at == who


def _known(fact: Fact[EventApplied], through: Mapping[str, int]) -> bool:
    source = fact.data.position
    told = Position(source.topic, source.partition, source.offset)
    return fact.position.within(through) or told.within(through)
