"""Days of the week and public holidays: rules about some days, and days without any contact."""

from datetime import datetime
from typing import Any

from services.policy.gate import check, next_permitted
from services.policy.model import Approach, Pack, Zones
from services.policy.packs import from_content

SYDNEY = Zones(("Australia/Sydney",), countries=("AU",))
SERVICE = Approach("service", "email")
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
