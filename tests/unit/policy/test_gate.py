"""The gate: hours in every candidate zone, caps to the instant, and when it opens next."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.policy import wall_time
from services.policy.gate import cap_counts, check, next_permitted
from services.policy.model import Approach, Contact, Pack, Zones
from services.policy.packs import from_content

BASE = from_content(
    {
        "name": "base",
        "version": 4,
        "title": "For tests",
        "applies": {"everywhere": True},
        "hours": [
            {
                "rule": "hours",
                "from": "08:00",
                "until": "21:00",
                "citation": "test",
                "status": "house",
                "verified": True,
            }
        ],
        "caps": [
            {
                "rule": "week",
                "limit": 3,
                "window_hours": 168,
                "citation": "test",
                "status": "house",
                "verified": True,
            }
        ],
    }
)
TOKYO = Zones(("Asia/Tokyo",))
SERVICE = Approach("service", "email")
COLLECTION = Approach("collection", "email")
NOON = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)
"""12:00 in Tokyo."""


def with_hours(opens: str, closes: str, **extra: object) -> Pack:
    """BASE with other hours."""
    hours = {**BASE.content["hours"][0], "from": opens, "until": closes, **extra}
    return from_content({**BASE.content, "hours": [hours]})


def contact(hours_ago: float) -> Contact:
    return Contact(NOON - timedelta(hours=hours_ago), "collection", "email")


@pytest.mark.parametrize(
    ("local", "allowed"),
    [("07:59:59", False), ("08:00:00", True), ("20:59:59", True), ("21:00:00", False)],
)
def test_hours_include_the_opening_and_exclude_the_close(local: str, allowed: bool) -> None:
    now = datetime.fromisoformat(f"2026-03-04T{local}+09:00")
    assert check(now, TOKYO, [BASE], COLLECTION).allowed is allowed


def test_at_night_the_verdict_names_the_rule_and_the_next_morning() -> None:
    now = datetime.fromisoformat("2026-03-04T23:00+09:00")
    verdict = check(now, TOKYO, [BASE], COLLECTION)
    assert (verdict.reason, verdict.rule, verdict.rule_version) == ("hours", "base/hours", 4)
    assert verdict.not_before == datetime.fromisoformat("2026-03-05T08:00+09:00")


def test_every_candidate_zone_must_allow() -> None:
    zones = Zones(("America/New_York", "Pacific/Honolulu"), uncertain=True)
    now = datetime.fromisoformat("2026-07-01T09:00-04:00")
    verdict = check(now, zones, [BASE], SERVICE)
    assert not verdict.allowed
    assert verdict.not_before == datetime.fromisoformat("2026-07-01T08:00-10:00")


def test_places_whose_hours_never_meet_are_never_contacted() -> None:
    zones = Zones(("Asia/Tokyo", "Europe/Lisbon"), uncertain=True)
    narrow = with_hours("09:00", "12:00")
    verdict = check(NOON, zones, [narrow], SERVICE)
    assert (verdict.allowed, verdict.not_before) == (False, None)


def test_unknown_place_and_missing_hours_are_refused() -> None:
    assert check(NOON, Zones(()), [BASE], SERVICE).reason == "place_unknown"
    assert check(NOON, TOKYO, [], SERVICE).reason == "no_policy"
    expired = with_hours("08:00", "21:00", in_force={"until": "2026-03-03"})
    assert check(NOON, TOKYO, [expired], SERVICE).reason == "no_policy"


@pytest.mark.parametrize("doubt", [{"verified": False}, {"status": "draft"}])
def test_hours_that_nobody_has_verified_bind_and_are_no_ground_to_contact(
    doubt: dict[str, object],
) -> None:
    doubtful = with_hours("10:00", "11:00", **doubt)
    ten = NOON - timedelta(hours=2)
    assert check(ten, TOKYO, [doubtful], SERVICE).reason == "no_policy"
    assert check(ten, TOKYO, [BASE, doubtful], SERVICE).allowed
    assert check(NOON, TOKYO, [BASE, doubtful], SERVICE).reason == "hours"


def test_a_contact_exactly_168_hours_ago_counts_no_longer() -> None:
    three = [contact(168), contact(20), contact(10)]
    assert check(NOON, TOKYO, [BASE], SERVICE, three).allowed
    nearly = [contact(168 - 1 / 3600), contact(20), contact(10)]
    verdict = check(NOON, TOKYO, [BASE], SERVICE, nearly)
    assert (verdict.reason, verdict.rule) == ("cap", "base/week")
    assert verdict.not_before == NOON + timedelta(seconds=1)
    assert cap_counts(NOON, TOKYO, [BASE], SERVICE, nearly)[0].count == 3


def test_a_full_cap_opens_when_enough_contacts_have_left_and_the_hour_is_right() -> None:
    made = [contact(hours) for hours in (160, 150, 40, 10)]
    verdict = check(NOON, TOKYO, [BASE], SERVICE, made)
    # The second oldest of four leaves at 06:00 in Tokyo; the morning opens at eight.
    assert verdict.not_before == datetime.fromisoformat("2026-03-05T08:00+09:00")
    assert verdict.reason == "cap"


def test_the_narrowest_of_several_packs_wins() -> None:
    early = with_hours("08:00", "19:00")
    now = datetime.fromisoformat("2026-03-04T20:00+09:00")
    assert check(now, TOKYO, [BASE], COLLECTION).allowed
    assert not check(now, TOKYO, [BASE, early], COLLECTION).allowed


def test_a_rule_that_ends_tonight_does_not_bind_tomorrow() -> None:
    strict = with_hours("11:00", "12:00", in_force={"until": "2026-03-04"})
    now = datetime.fromisoformat("2026-03-04T22:00+09:00")
    assert next_permitted(now, TOKYO, [BASE, strict], SERVICE) == (
        datetime.fromisoformat("2026-03-05T08:00+09:00")
    )


@pytest.mark.parametrize(
    ("zone", "date"), [("Asia/Tokyo", "2026-06-10"), ("America/New_York", "2026-11-01")]
)
def test_a_rule_is_in_force_from_its_local_midnight_and_not_the_second_before(
    zone: str, date: str
) -> None:
    shut = {**BASE.content["hours"][0], "rule": "shut", "from": "23:00", "until": "24:00"}
    always = with_hours("00:00", "24:00")
    dated = from_content({**always.content, "name": "law", "caps": [], "hours": [
        {**shut, "status": "binding", "in_force": {"from": date}}]})  # fmt: skip
    midnight = datetime.fromisoformat(f"{date}T00:00").replace(tzinfo=ZoneInfo(zone))
    before = midnight.astimezone(UTC) - timedelta(seconds=1)
    packs = [always, dated]
    late = next_permitted(before - timedelta(hours=3), Zones((zone,)), packs, SERVICE)
    assert late == before - timedelta(hours=3)
    assert check(before, Zones((zone,)), packs, SERVICE).allowed
    assert check(midnight.astimezone(UTC), Zones((zone,)), packs, SERVICE).rule == "law/shut"


@pytest.mark.parametrize(
    ("in_force", "binds"),
    [
        ({"from": "2026-03-05"}, False),
        ({"from": "2026-03-05", "verified": False}, True),
        ({"from": "2026-03-04"}, True),
        ({"from": "unknown"}, True),
        ({"from": "unknown", "until": "2026-03-03"}, False),
        ({"from": "2026-01-01", "until": "2026-03-03", "verified": False}, True),
        ({"from": None, "until": None}, True),
    ],
)
def test_a_date_that_is_not_known_for_sure_neither_delays_nor_ends_a_rule(
    in_force: dict[str, object], binds: bool
) -> None:
    strict = with_hours("20:00", "21:00", status="binding", in_force=in_force)
    assert check(NOON, TOKYO, [BASE, strict], SERVICE).allowed is not binds


def test_a_rule_whose_date_no_source_gives_is_no_ground_to_contact() -> None:
    undated = with_hours("08:00", "21:00", status="binding", in_force={"from": "unknown"})
    assert check(NOON, TOKYO, [undated], SERVICE).reason == "no_policy"


def test_the_clock_set_forward_over_the_opening_opens_at_the_change() -> None:
    zone = ZoneInfo("America/New_York")
    opened = wall_time.next_within(datetime(2026, 3, 8, 5, tzinfo=UTC), zone, 150, 600)
    assert opened == datetime(2026, 3, 8, 7, tzinfo=UTC)
    assert wall_time.instant_of(date(2026, 3, 8), 150, zone) == opened


def test_a_skipped_local_day_has_no_opening() -> None:
    apia = ZoneInfo("Pacific/Apia")
    late = datetime(2011, 12, 29, 21, 30, tzinfo=apia).astimezone(UTC)
    opened = wall_time.next_within(late, apia, 480, 1260)
    assert opened.astimezone(apia).isoformat() == "2011-12-31T08:00:00+14:00"


ZONES = st.sampled_from(
    [
        "America/New_York",
        "America/St_Johns",
        "Asia/Kathmandu",
        "Asia/Kolkata",
        "Asia/Tokyo",
        "Australia/Lord_Howe",
        "Europe/London",
        "Africa/Casablanca",
        "Pacific/Apia",
        "Pacific/Kiritimati",
        "Pacific/Niue",
        "UTC",
    ]
)
AROUND_CHANGES = st.one_of(
    st.integers(0, 21 * 366 * 1440).map(
        lambda minutes: datetime(2009, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ),
    st.sampled_from(
        [
            datetime(2026, 3, 8, 3, tzinfo=UTC),
            datetime(2026, 11, 1, 3, tzinfo=UTC),
            datetime(2026, 3, 28, 22, tzinfo=UTC),
            datetime(2026, 10, 24, 21, tzinfo=UTC),
            datetime(2011, 12, 29, 22, tzinfo=UTC),
            datetime(2026, 4, 4, 12, tzinfo=UTC),
            datetime(2026, 10, 3, 13, tzinfo=UTC),
        ]
    ),
)


@settings(max_examples=300, deadline=None)
@given(
    AROUND_CHANGES,
    st.lists(ZONES, min_size=1, max_size=3, unique=True),
    st.integers(0, 1380),
    st.integers(1, 1440),
)
def test_next_permitted_agrees_with_walking_every_minute(
    start: datetime, names: list[str], opens: int, length: int
) -> None:
    closes = min(opens + length, 1440)
    pack = with_hours(f"{opens // 60:02}:{opens % 60:02}", f"{closes // 60:02}:{closes % 60:02}")
    walls = [ZoneInfo(name) for name in names]

    def open_at(instant: datetime) -> bool:
        local = [instant.astimezone(wall) for wall in walls]
        return all(opens <= at.hour * 60 + at.minute < closes for at in local)

    walked = next(
        (at for n in range(3 * 1440) if open_at(at := start + timedelta(minutes=n))), None
    )
    found = next_permitted(start, Zones(tuple(sorted(names))), [pack], SERVICE)
    if walked is not None:
        assert found == walked
    else:
        assert found is None or found >= start + timedelta(days=3)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(-400, 0), max_size=8))
def test_next_permitted_is_allowed_and_nothing_before_it_is(ages: list[int]) -> None:
    made = [contact(-age) for age in ages]
    found = next_permitted(NOON, TOKYO, [BASE], SERVICE, made)
    assert found is not None
    assert check(found, TOKYO, [BASE], SERVICE, made).allowed
    hour = NOON
    while hour < found:
        assert not check(hour, TOKYO, [BASE], SERVICE, made).allowed
        hour += timedelta(hours=1)
