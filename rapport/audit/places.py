"""Where a customer may have been, read from the IANA tables themselves (`zone.tab`, `tzdata.zi`).

The services ask Unicode's CLDR the same question; two sources agree, or the audit says so.
"""

import importlib.resources
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from rapport.audit.log import Fact
from schemas.commands import Place
from schemas.customer_events import CustomerUpdated
from schemas.facts import EventApplied

PHONE = ("phone_country", "phone_zones", "postal_areas")
"""What the phone number and the postal code tell, as the segmenter wrote it."""
EVIDENCE = ("timezone", "country", "region", "city", *PHONE)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What the customer's events had said of their place; None: nothing, or deleted."""

    timezone: str | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    phone_country: str | None = None
    phone_zones: tuple[str, ...] = ()
    postal_areas: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether anything was told but phone and postal code."""
        return bool(self.timezone or self.country or self.region or self.city)

    def with_phone_of(self, place: Place) -> "Whereabouts":
        """The same, with what a message says of the phone and the postal code."""
        return replace(self, **{name: getattr(place, name) for name in PHONE})


@dataclass(frozen=True, slots=True)
class Candidates:
    """Every zone and country in which the customer may be."""

    zones: frozenset[str]
    countries: frozenset[str]
    region: str | None
    city: str | None
    areas: tuple[str, ...] = ()


def whereabouts(updates: Iterable[Fact[EventApplied]]) -> Whereabouts:
    """The place after these `customer.updated` events, in order: given fields change it."""
    known: dict[str, Any] = {}
    for update in updates:
        known |= {name: update.data.data[name] for name in EVIDENCE if name in update.data.data}
    told: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in known.items()
    }
    return Whereabouts(**told)


@lru_cache(maxsize=65_536)
def candidates(place: Whereabouts, due_timezone: str | None = None) -> Candidates:
    """Zones and countries that the evidence leaves open.

    A timezone inside the country is the place; one outside adds to all the country's zones; a
    country alone is all its zones, or those of its region; the zones of the region, and of the
    phone number or its country, are added where they have none in common with what is known. The
    obligation's own zone counts where nothing else is known; `UTC` and its like never do.
    """
    table = _table()
    timezone = table.inhabited(place.timezone)
    region_country = (place.region or "")[:2]
    region = table.zones_of_region(place.region or "")
    phone = frozenset(name for one in place.phone_zones if (name := table.inhabited(one)))
    country_alone = timezone is None and place.country == region_country
    zones: set[str] = {timezone} if timezone else set()
    countries: set[str] = set()
    for country, theirs in (
        (
            place.country,
            region if country_alone else table.zones.get(place.country or "", frozenset()),
        ),
        (region_country, region),
        (place.phone_country, phone or table.zones.get(place.phone_country or "", frozenset())),
    ):
        if theirs:
            countries |= {country} if country else set()
            if not zones & theirs:
                zones |= theirs
    if not zones and (due := table.inhabited(due_timezone)):
        zones.add(due)
        timezone = due
    if timezone and (country := table.countries.get(timezone)):
        countries.add(country)
    return Candidates(
        frozenset(zones), frozenset(countries), place.region, place.city, place.postal_areas
    )


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
    regions: Mapping[str, frozenset[str]]
    """Zones by region (ISO 3166-2), of countries with several."""

    def name(self, given: str | None) -> str | None:
        """The name that `zone.tab` uses, where it lists the zone; None for no zone at all."""
        if not given or zone_of(given) is None:
            return None
        return given if given in self.countries else self.links.get(given, given)

    def inhabited(self, given: str | None) -> str | None:
        """The same; None for a zone of no place, such as `UTC`."""
        name = self.name(given)
        return name if name and not name.startswith("Etc/") else None

    def zones_of_region(self, region: str) -> frozenset[str]:
        """The zones of a region; where that is in no table, those of its country."""
        return self.regions.get(region) or self.zones.get(region[:2], frozenset())


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
    regions: dict[str, frozenset[str]] = {}
    for line in (
        (importlib.resources.files("schemas") / "region_zones.tab").read_text().splitlines()
    ):
        if not line.startswith("#"):
            region, names = line.split("\t")
            regions[region] = frozenset(names.split(" "))
    return _Table({c: frozenset(names) for c, names in zones.items()}, countries, links, regions)
