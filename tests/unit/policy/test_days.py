"""Days of the week and public holidays: rules about some days, and days without any contact."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from holidays import country_holidays
from hypothesis import given, settings
from hypothesis import strategies as st

from services.policy.calendars import LONGEST, began, ends
from services.policy.gate import check, next_permitted
from services.policy.model import Approach, Pack, Zones
from services.policy.packs import from_content

SYDNEY = Zones(("Australia/Sydney",), countries=("AU",))
SERVICE = Approach("service", "email")
HALF_HOUR = timedelta(minutes=30)
SAID = {"citation": "test", "status": "house", "verified": True}


def days(**rules: Any) -> Pack:
    return from_content(
        {
            "name": "days",
            "version": 1,
            "title": "For tests",
            "applies": {"everywhere": True},
            "holidays": {"country": "AU"},
            "hours": [
                {"rule": "daily", "from": "06:00", "until": "22:00", **SAID},
                {
                    "rule": "weekdays",
                    "from": "07:30",
                    "until": "21:00",
                    "days": ["mon", "tue", "wed", "thu", "fri"],
                    **SAID,
                },
                {
                    "rule": "weekends",
                    "from": "09:00",
                    "until": "21:00",
                    "days": ["sat", "sun"],
                    **SAID,
                },
            ],
            "closed": [{"rule": "holidays", "holidays": "only", **SAID}],
            **rules,
        }
    )


def opens(local: str, pack: Pack | None = None) -> str | None:
    """The first permitted instant from a local time in Sydney on."""
    at = next_permitted(datetime.fromisoformat(local), SYDNEY, [pack or days()], SERVICE)
    zone = datetime.fromisoformat(local).tzinfo
    return at.astimezone(zone).isoformat() if at else None


def test_each_day_has_its_own_opening() -> None:
    assert opens("2026-06-05T07:29+10:00") == "2026-06-05T07:30:00+10:00"
    assert opens("2026-06-05T21:00+10:00") == "2026-06-06T09:00:00+10:00"
    assert opens("2026-06-07T21:00+10:00") == "2026-06-08T07:30:00+10:00"


def test_on_a_public_holiday_nothing_goes_out() -> None:
    # Good Friday to Easter Monday 2026; the Saturday between is no national holiday.
    verdict = check(datetime.fromisoformat("2026-04-03T12:00+11:00"), SYDNEY, [days()], SERVICE)
    assert (verdict.reason, verdict.rule) == ("hours", "days/holidays")
    assert verdict.not_before == datetime.fromisoformat("2026-04-04T09:00+11:00")
    assert opens("2026-04-05T22:00+10:00") == "2026-04-07T07:30:00+10:00"


def test_rules_about_some_days_alone_are_no_ground_to_contact() -> None:
    weekdays = [{**days().content["hours"][1]}]
    verdict = check(
        datetime.fromisoformat("2026-06-05T12:00+10:00"), SYDNEY, [days(hours=weekdays)], SERVICE
    )
    assert (verdict.allowed, verdict.reason) == (False, "no_policy")


def test_a_day_that_is_a_holiday_in_one_candidate_place_is_closed() -> None:
    zones = Zones(("Australia/Perth", "Pacific/Honolulu"), uncertain=True)
    # 26 January, Australia Day, still in Perth's last hours of it; the 26th begins in Honolulu.
    at = datetime.fromisoformat("2026-01-26T19:00+08:00")
    assert check(at, zones, [days()], SERVICE).rule == "days/holidays"


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 366 * 48).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + n * HALF_HOUR),
    st.lists(
        st.sampled_from(
            ["Australia/Sydney", "Australia/Adelaide", "Australia/Perth", "Pacific/Auckland"]
        ),
        min_size=1,
        max_size=2,
        unique=True,
    ),
)
def test_the_next_instant_agrees_with_walking_every_half_hour(
    start: datetime, names: list[str]
) -> None:
    """All openings here lie on half hours, by every one of these clocks."""
    zones, pack = Zones(tuple(sorted(names))), days()
    walked = (start + n * HALF_HOUR for n in range(14 * 48))
    first = next(at for at in walked if check(at, zones, [pack], SERVICE).allowed)
    assert next_permitted(start, zones, [pack], SERVICE) == first
    for name in names:
        local = first.astimezone(ZoneInfo(name))
        opens = 450 if local.weekday() < 5 else 540
        assert opens <= local.hour * 60 + local.minute < 21 * 60
        assert local.date() not in country_holidays("AU", years=local.year)


@pytest.mark.parametrize("unit", ["day", "week", "month"])
@given(
    minutes=st.integers(0, 40 * 366 * 1440),
    name=st.sampled_from(
        [
            "Pacific/Apia",
            "America/Sao_Paulo",
            "Asia/Beirut",
            "Africa/Cairo",
            "Asia/Kathmandu",
            "Australia/Lord_Howe",
            "America/St_Johns",
            "Pacific/Kiritimati",
        ]
    ),
)
@settings(max_examples=150, deadline=None)
def test_a_calendar_unit_holds_its_instant_and_ends_where_the_next_begins(
    unit: str, minutes: int, name: str
) -> None:
    now = datetime(1995, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    first, end = began(unit, now, name), ends(unit, now, name)
    assert first <= now < end
    assert end - first <= LONGEST[unit]
    assert began(unit, end, name) == end
    assert began(unit, end - timedelta(seconds=1), name) == first
    zone = ZoneInfo(name)
    day = first.astimezone(zone).date()
    assert (first - timedelta(seconds=1)).astimezone(zone).date() < day
