"""Local calendars: public holidays, and when a local day, week or month begins. Pure."""

from datetime import date, datetime, timedelta
from functools import lru_cache

import holidays

from services.policy import wall_time
from services.policy.places import zone

Calendar = tuple[str, str | None]
"""Country (ISO 3166-1), and the part of ISO 3166-2 that names a subdivision."""

# An hour more than its days, since a clock may be set back in it.
LONGEST = {
    "day": timedelta(days=1, hours=1),
    "week": timedelta(days=7, hours=1),
    "month": timedelta(days=31, hours=1),
}
"""How long a calendar's unit can last."""


@lru_cache(maxsize=65_536)
def is_holiday(calendar: Calendar, day: date) -> bool:
    """Whether a local date is a public holiday, as the `holidays` library lists them."""
    return day in _listed(calendar)


@lru_cache(maxsize=512)
def _listed(calendar: Calendar) -> holidays.HolidayBase:
    country, subdivision = calendar
    return holidays.country_holidays(country, subdiv=subdivision)


def began(unit: str, now: datetime, zone_name: str) -> datetime:
    """The instant at which the local day, week (Monday) or month of `now` began. UTC."""
    return _begins(_first_day(unit, now.astimezone(zone(zone_name)).date()), zone_name)


def ends(unit: str, now: datetime, zone_name: str) -> datetime:
    """The instant at which the next local day, week or month begins. UTC."""
    first = _first_day(unit, now.astimezone(zone(zone_name)).date())
    # Beyond the unit's last day, and well within the next one.
    beyond = first + {"day": timedelta(1), "week": timedelta(7), "month": timedelta(31)}[unit]
    return _begins(_first_day(unit, beyond), zone_name)


def _first_day(unit: str, day: date) -> date:
    if unit == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if unit == "week" else day


@lru_cache(maxsize=65_536)
def _begins(day: date, zone_name: str) -> datetime:
    return wall_time.instant_of(day, 0, zone(zone_name))
