"""Where a customer may have been, read from the IANA tables themselves (`zone.tab`, `tzdata.zi`).

The services ask Unicode's CLDR the same question; two sources agree, or the audit says so.
"""

import importlib.resources
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from rapport.audit.log import Fact
from schemas.customer_events import CustomerUpdated
from schemas.facts import EventApplied

EVIDENCE = ("timezone", "country", "region", "city")


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What the customer's events had said of their place; None: nothing, or deleted."""

    timezone: str | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None


@dataclass(frozen=True, slots=True)
class Candidates:
    """Every zone and country in which the customer may be."""

    zones: frozenset[str]
    countries: frozenset[str]
    region: str | None
    city: str | None


def whereabouts(updates: Iterable[Fact[EventApplied]]) -> Whereabouts:
    """The place after these `customer.updated` events, in order: given fields change it."""
    known: dict[str, str | None] = {}
    for update in updates:
        known |= {name: update.data.data[name] for name in EVIDENCE if name in update.data.data}
    return Whereabouts(**known)


@lru_cache(maxsize=65_536)
def candidates(place: Whereabouts, due_timezone: str | None = None) -> Candidates:
    """Zones and countries that the evidence leaves open.

    A timezone inside the country is the place; one outside adds to all the country's zones; a
    country alone is all its zones. The obligation's own zone counts where nothing else is known.
    """
    table = _table()
    timezone = table.name(place.timezone)
    of_country = table.zones.get(place.country or "", frozenset())
    zones: set[str] = set()
    countries: set[str] = set()
    if timezone:
        zones.add(timezone)
    if of_country and place.country:
        countries.add(place.country)
        if timezone not in of_country:
            zones |= of_country
    if not zones and (due := table.name(due_timezone)):
        zones.add(due)
        timezone = due
    if timezone and (country := table.countries.get(timezone)):
        countries.add(country)
    return Candidates(frozenset(zones), frozenset(countries), place.region, place.city)


def missing(expected: Iterable[str], given: Iterable[str], at: datetime) -> list[str]:
    """Expected zones for which no given zone shows the same wall time at that instant, sorted.

    Zones have many names; what matters is the clock on the wall.
    """
    shown = {at.astimezone(zone).utcoffset() for name in given if (zone := zone_of(name))}
    return sorted(
        name
        for name in expected
        if (zone := zone_of(name)) and at.astimezone(zone).utcoffset() not in shown
    )


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo | None:
    """The zone's rules; None where there is no such zone."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def is_update(fact: Fact[EventApplied]) -> bool:
    """Whether the fact tells something of the customer."""
    return fact.data.event_type == CustomerUpdated.TYPE and fact.data.effect != "stale_version"


@dataclass(frozen=True, slots=True)
class _Table:
    zones: Mapping[str, frozenset[str]]
    """Zones by country (ISO 3166-1)."""
    countries: Mapping[str, str]
    """Country by zone."""
    links: Mapping[str, str]
    """Names that stand for another zone, with that zone."""

    def name(self, given: str | None) -> str | None:
        """The name that `zone.tab` uses, where it lists the zone; None for no zone at all."""
        if not given or zone_of(given) is None:
            return None
        return given if given in self.countries else self.links.get(given, given)


@lru_cache(maxsize=1)
def _table() -> _Table:
    folder = importlib.resources.files("tzdata") / "zoneinfo"
    zones: dict[str, set[str]] = {}
    countries: dict[str, str] = {}
    for line in (folder / "zone.tab").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            country, _coordinates, name, *_comment = line.split("\t")
            zones.setdefault(country, set()).add(name)
            countries[name] = country
    links: dict[str, str] = {}
    for line in (folder / "tzdata.zi").read_text(encoding="utf-8").splitlines():
        if line.startswith("L "):
            _, target, alias = line.split()
            links[alias] = target
    return _Table({c: frozenset(names) for c, names in zones.items()}, countries, links)
