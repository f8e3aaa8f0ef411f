"""What is remembered of a customer, and what segments may know of it."""

from datetime import timedelta
from typing import Any

import pytest
from segmenter_world import NOW, decide, happening

from services.segmenter import rules
from services.segmenter.model import Profile

HOUR = timedelta(hours=1)


def told(profile: Profile, **data: Any) -> Profile:
    """The profile after a customer.updated."""
    decide(profile, happening("customer.updated", data))
    return profile


def holds(*events: tuple[str, timedelta, dict[str, Any]]) -> list[str]:
    """The kinds of hold in force now after events (placed or lifted, how long ago, data)."""
    profile = Profile()
    for what, age, data in events:
        decide(profile, happening(f"customer.hold_{what}", data, age=age))
    return list(rules.traits(profile, NOW).holds)


def test_only_given_fields_change_and_null_deletes() -> None:
    profile = told(Profile(), timezone="Asia/Tokyo", country="JP", tier="gold", interests=["go"])
    told(profile, country=None, tier="silver")
    assert (profile.timezone, profile.country, profile.tier) == ("Asia/Tokyo", None, "silver")
    assert profile.interests == ["go"]
    told(profile, interests=None)
    assert profile.interests == []


def test_names_addresses_and_answers_are_not_kept() -> None:
    profile = told(
        Profile(),
        name="Ada Lovelace",
        email="ada@example.org",
        phone="+49301234567",
        postal_code="10115",
        verification={"passphrase": "blue"},
        attributes={"shoe": 38},
    )
    assert profile == Profile(events=1)


@pytest.mark.parametrize(
    ("birth_year", "age"), [(None, None), (1990, 35), (2026, 0), (2100, 0), (1900, 125)]
)
def test_the_age_is_the_one_surely_reached(birth_year: int | None, age: int | None) -> None:
    assert rules.traits(Profile(birth_year=birth_year), NOW).age == age


def test_a_hold_is_in_force_until_it_is_lifted() -> None:
    dispute = {"kind": "dispute"}
    assert holds(("placed", 2 * HOUR, dispute)) == ["dispute"]
    assert holds(("placed", 2 * HOUR, dispute), ("lifted", HOUR, dispute)) == []
    assert holds(
        ("placed", 3 * HOUR, dispute), ("lifted", 2 * HOUR, dispute), ("placed", HOUR, dispute)
    ) == ["dispute"]


def test_lifting_one_leaves_the_others() -> None:
    of_bill = {"kind": "dispute", "obligation_id": "b-1"}
    placed = [
        ("placed", 3 * HOUR, {"kind": "dispute"}),
        ("placed", 3 * HOUR, of_bill),
        ("placed", 3 * HOUR, {"kind": "hardship"}),
    ]
    assert holds(*placed, ("lifted", HOUR, of_bill)) == ["dispute", "hardship"]


def test_what_arrives_late_does_not_undo_what_is_newer() -> None:
    dispute = {"kind": "dispute"}
    assert holds(("lifted", HOUR, dispute), ("placed", 2 * HOUR, dispute)) == []
    assert holds(("placed", HOUR, dispute), ("lifted", 2 * HOUR, dispute)) == ["dispute"]


@pytest.mark.parametrize(
    ("until", "in_force"),
    [
        (NOW + HOUR, ["moratorium"]),
        (NOW, []),
        (NOW - HOUR, []),
    ],
)
def test_a_hold_ends_by_itself(until: Any, in_force: list[str]) -> None:
    data = {"kind": "moratorium", "until": until.isoformat()}
    assert holds(("placed", 2 * HOUR, data)) == in_force


def test_placing_it_again_moves_its_end() -> None:
    until = (NOW - HOUR).isoformat()
    first = ("placed", 3 * HOUR, {"kind": "moratorium", "until": until})
    assert holds(first, ("placed", 2 * HOUR, {"kind": "moratorium"})) == ["moratorium"]


@pytest.mark.parametrize(
    ("profile", "used"),
    [
        (Profile(), ["locale", "timezone", "country"]),
        (Profile(country="JP"), ["locale", "timezone"]),
        (Profile(locale="ja", timezone="Asia/Tokyo", country="JP"), []),
    ],
)
def test_the_careful_defaults_are_named(profile: Profile, used: list[str]) -> None:
    assert rules.defaults_used(profile) == used


def test_a_profile_survives_its_row() -> None:
    profile = told(Profile(), locale="zh-Hans", interests=["sailing"], birth_year=1984)
    decide(profile, happening("customer.hold_placed", {"kind": "hardship"}))
    assert rules.decode(rules.encode(profile)) == profile
    assert rules.decode(None) == Profile()


def test_who_is_erased_is_known_by_nothing_but_holds_and_begins_anew() -> None:
    profile = told(Profile(), timezone="Asia/Tokyo", birth_year=1990, occupation="nurse")
    decide(profile, happening("customer.hold_placed", {"kind": "cease_contact"}))
    profile = rules.forget(profile, NOW)
    assert (profile.birth_year, profile.timezone, profile.occupation) == (None, None, None)
    assert profile.history == {}
    assert list(rules.traits(profile, NOW).holds) == ["cease_contact"]
    # Said before, heard after: passed over.
    assert told(profile, birth_year=1990).birth_year is None
    assert profile.history == {}
    decide(profile, happening("customer.updated", {"birth_year": 1991}, age=-HOUR))
    assert profile.birth_year == 1991
