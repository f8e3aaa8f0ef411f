"""Where may the customer be? Every candidate zone of the evidence."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from services.policy.evidence import areas_of, of_phone
from services.policy.packs import load
from services.policy.places import applying, candidate_zones, country_zones, region_zones

PACKS = load(Path(__file__).parents[3] / "deploy" / "policies")


@dataclass(frozen=True)
class Somewhere:
    timezone: str | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    phone_country: str | None = None
    phone_zones: tuple[str, ...] = ()
    postal_areas: tuple[str, ...] = ()


def test_a_timezone_alone_is_taken_and_tells_the_country() -> None:
    zones = candidate_zones(Somewhere(timezone="Asia/Tokyo"))
    assert (zones.names, zones.countries, zones.uncertain) == (("Asia/Tokyo",), ("JP",), False)


def test_a_timezone_of_the_country_settles_it() -> None:
    zones = candidate_zones(Somewhere(timezone="America/Chicago", country="US"))
    assert zones.names == ("America/Chicago",)
    assert zones.evidence == ("timezone", "country")


def test_an_old_name_is_the_same_zone() -> None:
    zones = candidate_zones(Somewhere(timezone="Asia/Calcutta", country="IN"))
    assert (zones.names, zones.uncertain) == (("Asia/Kolkata",), False)


def test_a_contradiction_keeps_all_candidates() -> None:
    zones = candidate_zones(Somewhere(timezone="America/New_York", country="JP"))
    assert zones.names == ("America/New_York", "Asia/Tokyo")
    assert zones.countries == ("JP", "US")
    assert zones.uncertain


def test_a_country_alone_means_all_its_zones() -> None:
    zones = candidate_zones(Somewhere(country="US"))
    assert set(zones.names) == country_zones("US")
    assert {"Pacific/Honolulu", "America/New_York"} <= set(zones.names)
    assert zones.uncertain


def test_nothing_known_falls_back_on_the_obligation_and_says_so() -> None:
    zones = candidate_zones(Somewhere(), "Europe/Berlin")
    assert (zones.names, zones.evidence, zones.uncertain) == (
        ("Europe/Berlin",),
        ("due_timezone",),
        True,
    )


def test_rubbish_is_no_evidence() -> None:
    assert candidate_zones(Somewhere(timezone="Mars/Olympus", country="ZZ")).names == ()
    assert candidate_zones(Somewhere()).names == ()
    assert candidate_zones(Somewhere(timezone="Mars/Olympus", country="JP")).names == (
        "Asia/Tokyo",
    )


def test_a_phone_of_another_country_adds_its_places() -> None:
    country, zones = of_phone("+81 3 1234 5678")
    assert (country, zones) == ("JP", ["Asia/Tokyo"])
    here = Somewhere(timezone="Europe/Berlin", country="DE", phone_country="JP")
    found = candidate_zones(here)
    assert found.names == ("Asia/Tokyo", "Europe/Berlin")
    assert found.countries == ("DE", "JP")
    assert found.uncertain


def test_a_phone_that_agrees_adds_nothing_and_alone_is_uncertain() -> None:
    country, zones = of_phone("+1 212 555 1234")
    phone = {"phone_country": country, "phone_zones": tuple(zones)}
    at_home = Somewhere(timezone="America/New_York", country="US", **phone)  # type: ignore[arg-type]
    assert candidate_zones(at_home).names == ("America/New_York",)
    west = Somewhere(timezone="America/Los_Angeles", **phone)  # type: ignore[arg-type]
    assert candidate_zones(west).names == ("America/Los_Angeles", "America/New_York")
    alone = candidate_zones(Somewhere(**phone))  # type: ignore[arg-type]
    assert (alone.names, alone.evidence, alone.uncertain) == (
        ("America/New_York",),
        ("phone",),
        True,
    )


def test_a_region_of_another_country_adds_its_places() -> None:
    zones = candidate_zones(Somewhere(timezone="Asia/Tokyo", country="JP", region="US-MA"))
    assert zones.countries == ("JP", "US")
    assert {"Asia/Tokyo", "America/New_York"} <= set(zones.names)


@pytest.mark.parametrize(
    ("place", "names", "uncertain"),
    [
        ({"timezone": "America/New_York"}, ["America/New_York", "Pacific/Honolulu"], True),
        ({"timezone": "Pacific/Honolulu"}, ["Pacific/Honolulu"], False),
        ({}, ["Pacific/Honolulu"], False),
        ({"country": "US"}, ["Pacific/Honolulu"], False),
        ({"country": "JP"}, ["Asia/Tokyo", "Pacific/Honolulu"], True),
    ],
)
def test_the_zones_of_a_region_narrow_its_country_and_add_to_another_zone(
    place: dict[str, str], names: list[str], uncertain: bool
) -> None:
    zones = candidate_zones(Somewhere(**place, region="US-HI"))  # type: ignore[arg-type]
    assert (list(zones.names), zones.uncertain) == (names, uncertain)


@pytest.mark.parametrize("country", ["US", "CA", "AU"])
def test_the_regions_of_a_country_have_all_its_zones(country: str) -> None:
    table = Path(__file__).parents[3] / "schemas" / "region_zones.tab"
    lines = [line.split() for line in table.read_text().splitlines() if line[:2] == country]
    assert country_zones(country) <= {name for _, *names in lines for name in names}
    assert all(region_zones(region) == set(names) for region, *names in lines)


@pytest.mark.parametrize("timezone", ["UTC", "GMT", "Etc/GMT+5"])
def test_a_timezone_of_no_country_is_no_evidence(timezone: str) -> None:
    assert candidate_zones(Somewhere(timezone=timezone)).names == ()
    assert candidate_zones(Somewhere(), timezone).names == ()
    at_home = candidate_zones(Somewhere(timezone=timezone, country="JP"))
    assert (at_home.names, at_home.evidence) == (("Asia/Tokyo",), ("country",))


@pytest.mark.parametrize("number", [None, "", "03-1234-5678", "+999 123", "+870 773 111 632"])
def test_a_number_that_tells_no_country_is_no_evidence(number: str | None) -> None:
    country, zones = of_phone(number)
    assert country is None
    assert candidate_zones(Somewhere(phone_country=country, phone_zones=tuple(zones))).names == ()


def packs_at(**place: object) -> set[str]:
    zones = candidate_zones(Somewhere(**place))  # type: ignore[arg-type]
    return {pack.name for pack in applying(PACKS, zones)} - {"default"}


def test_a_postal_code_or_a_city_names_new_york_and_nothing_else_does() -> None:
    area = tuple(areas_of("10013", PACKS))
    assert area == ("us-nyc",)
    upstate = {"timezone": "America/New_York", "country": "US", "region": "US-NY"}
    assert packs_at(**upstate) == {"us", "us-ny"}
    assert packs_at(**upstate, postal_areas=area) == {"us", "us-ny", "us-nyc"}
    assert packs_at(**upstate, city="Brooklyn") == {"us", "us-ny", "us-nyc"}
    assert packs_at(country="JP", postal_areas=tuple(areas_of("100-0001", PACKS))) == {"jp"}
    assert areas_of(None, PACKS) == []


def test_of_contradicting_countries_each_brings_its_regions() -> None:
    found = packs_at(timezone="America/New_York", country="JP", region="JP-13")
    assert {"jp", "us", "us-ma", "us-dc", "us-ca", "us-ny"} == found
