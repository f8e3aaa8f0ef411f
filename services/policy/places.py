"""Where may the customer be, and which packs apply there? Evidence in, every candidate out."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from babel.core import get_global

from services.policy.model import Pack, Place, Rule, Zones

_NO_COUNTRY = (None, "", "001", "ZZ")
"""CLDR's ways to say "the world" and "unknown"."""
_REGIONS = Path(__file__).parents[2] / "schemas" / "region_zones.tab"


def candidate_zones(place: Place, due_timezone: str | None = None) -> Zones:
    """Return every zone in which the customer may be, by the evidence there is.

    A timezone alone, or one that lies in the country, is taken as it is. A timezone that
    contradicts the country adds to the country's zones: both must allow a contact. A country
    alone means all its zones (Unicode CLDR), or those of the region. The zones of a region, and
    those of a phone number or its country, are added where none of them is among what is known.
    A timezone of no country (`UTC`) is no evidence.
    `due_timezone`, the timezone of the obligation's due date, counts only where nothing is known
    of the customer. Names that are no IANA zone or no country are no evidence. No evidence: no
    names, and no contact.
    """
    return _candidates(
        place.timezone,
        place.country,
        place.region,
        place.city,
        due_timezone,
        place.phone_country,
        tuple(place.phone_zones),
        tuple(place.postal_areas),
    )


@lru_cache(maxsize=65_536)
def _candidates(
    named: str | None,
    country: str | None,
    region: str | None,
    city: str | None,
    due_timezone: str | None,
    phone_country: str | None,
    phone_zones: tuple[str, ...],
    areas: tuple[str, ...],
) -> Zones:
    timezone = zone_of_a_place(named)
    countries: set[str] = set()
    evidence: list[str] = []
    names: set[str] = set()
    if timezone:
        evidence.append("timezone")
        names.add(timezone)
        countries |= _country_of(timezone)
    by_phone = frozenset(known for one in phone_zones if (known := zone_of_a_place(one)))
    within = region and region[:2]
    by_region = region_zones(region)
    # What is known to be in a region of the country is not in the others.
    narrowed = within == country and not timezone
    told = (
        ("country", country, by_region if narrowed else country_zones(country)),
        ("region", within, by_region),
        ("phone", phone_country, by_phone or country_zones(phone_country)),
    )
    for kind, where, zones in told:
        if zones:
            evidence.append(kind)
            countries |= {where} if where else set()
            # What agrees on a zone adds none: it was one of several that this would have named.
            names |= set() if names & zones else zones
    if not names and (fallback := zone_of_a_place(due_timezone)):
        evidence.append("due_timezone")
        names.add(fallback)
        countries |= _country_of(fallback)
    return Zones(
        names=tuple(sorted(names)),
        evidence=tuple(evidence),
        uncertain=len(names) != 1 or evidence in (["due_timezone"], ["phone"]),
        countries=tuple(sorted(countries)),
        region=region,
        city=city,
        areas=areas,
    )


def _country_of(zone: str) -> set[str]:
    country = zone_country(zone)
    return {country} if country else set()


def in_force(rule: Rule, now: datetime, zones: Zones) -> bool:
    """Whether the rule is in force on the local date of at least one candidate zone."""
    if rule.since is None and rule.until is None:
        return True
    return any(rule.in_force_on(now.astimezone(zone(name)).date()) for name in zones.names)


def applying(packs: Sequence[Pack], zones: Zones) -> tuple[Pack, ...]:
    """The packs that apply at any place where the customer may be, by name.

    A region's pack applies as well where the country matches and no region of it is known. A
    city's pack applies only where the city is named, or a postal code of its country.
    """
    return _applying(tuple(packs), zones)


@lru_cache(maxsize=16_384)
def _applying(packs: tuple[Pack, ...], zones: Zones) -> tuple[Pack, ...]:
    return tuple(pack for pack in packs if _applies(pack, zones))


def _applies(pack: Pack, zones: Zones) -> bool:
    if pack.everywhere or pack.countries & set(zones.countries):
        return True
    if zones.region in pack.regions:
        return True
    within = {region[:2] for region in pack.regions} & set(zones.countries)
    if within - {zones.region and zones.region[:2]}:
        return True
    if pack.name in zones.areas and pack.postal_country in zones.countries:
        return True
    return zones.city is not None and zones.city.casefold() in pack.cities


@lru_cache(maxsize=2048)
def canonical_zone(name: str | None) -> str | None:
    """The current name of an IANA zone (`Asia/Calcutta` is `Asia/Kolkata`); None if unknown."""
    if not name or name not in _known_zones():
        return None
    current = get_global("zone_aliases").get(name, name)
    return current if current in _known_zones() else name


@lru_cache(maxsize=2048)
def zone_of_a_place(name: str | None) -> str | None:
    """The current name of an IANA zone where people live; None for `UTC` and its like."""
    current = canonical_zone(name)
    return None if current is None or current.startswith("Etc/") else current


@lru_cache(maxsize=1024)
def region_zones(region: str | None) -> frozenset[str]:
    """All zones of a region (ISO 3166-2); of its country where the region is in no table."""
    names = _region_table().get(region or "")
    if names is None:
        return country_zones(region and region[:2])
    return frozenset(zone for name in names if (zone := canonical_zone(name)))


@lru_cache(maxsize=512)
def country_zones(country: str | None) -> frozenset[str]:
    """All zones of a country (ISO 3166-1 alpha-2); empty if there are none or it is unknown."""
    names = get_global("territory_zones").get(country, ()) if country not in _NO_COUNTRY else ()
    return frozenset(zone for name in names if (zone := canonical_zone(name)))


@lru_cache(maxsize=1024)
def zone_country(zone: str) -> str | None:
    """The country that a zone lies in, or None for zones of no country (`UTC`)."""
    country = get_global("zone_territories").get(zone)
    return None if country in _NO_COUNTRY else country


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The zone's rules; raises ZoneInfoNotFoundError for an unknown name."""
    return ZoneInfo(name)


@lru_cache(maxsize=1)
def _region_table() -> dict[str, tuple[str, ...]]:
    lines = _REGIONS.read_text(encoding="utf-8").splitlines()
    rows = (line.split() for line in lines if not line.startswith("#"))
    return {region: tuple(names) for region, *names in rows}


@lru_cache(maxsize=1)
def _known_zones() -> frozenset[str]:
    # "Factory" and "localtime" describe a computer, not a place.
    return frozenset(available_timezones()) - {"Factory", "localtime"}
