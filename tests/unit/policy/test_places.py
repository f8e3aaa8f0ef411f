"""Where may the customer be? Every candidate zone of the evidence."""

from dataclasses import dataclass

from services.policy.places import candidate_zones, country_zones


@dataclass(frozen=True)
class Somewhere:
    timezone: str | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None


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
