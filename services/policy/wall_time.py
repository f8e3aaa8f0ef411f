"""Instants at which a wall clock shows a given time, right over clock changes and the date line."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

_SECOND = timedelta(seconds=1)


def next_within(instant: datetime, zone: tzinfo, opens: int, closes: int) -> datetime:
    """The first instant at or after `instant` when the wall clock shows opens ≤ t < closes.

    opens, closes: minutes since local midnight. A clock set forward over the opening opens at
    the change; one set back may shut again, or open again, at the change; a local day that does
    not exist has no opening. UTC.
    """
    if _shows(instant, zone, opens, closes):
        return instant
    today = instant.astimezone(zone).date()
    for days in range(-1, 5):
        for at in _openings(today + timedelta(days=days), zone, opens, closes):
            if at > instant:
                return at
    raise ValueError(f"no local time {opens} to {closes} minutes within five days of {instant}")


def instant_of(day: date, minute: int, zone: tzinfo) -> datetime:
    """The first instant when the wall clock of local date `day` shows `minute` or later. UTC.

    Where the clock is set forward over it, the instant of the change; where it shows the time
    twice, the first of the two; where the whole local day is left out, the start of the next.
    """
    first, second = _readings(day, minute, zone)
    # Inside a gap, fold 0 reads the old offset and lands after the change, fold 1 before it.
    return first if first <= second else _change_between(second, first, zone)


def next_day(instant: datetime, zone: tzinfo) -> datetime:
    """The instant at which the next local date begins. UTC."""
    return instant_of(instant.astimezone(zone).date() + timedelta(days=1), 0, zone)


@lru_cache(16_384)
def _openings(day: date, zone: tzinfo, opens: int, closes: int) -> tuple[datetime, ...]:
    """When the wall clock may come to show opens ≤ t < closes on a local date. Many share it."""
    candidates = {*_readings(day, opens, zone), *_changes_on(day, zone)}
    return tuple(sorted(at for at in candidates if _shows(at, zone, opens, closes)))


def _readings(day: date, minute: int, zone: tzinfo) -> tuple[datetime, datetime]:
    """The instants of a wall time by the offset before, and after, a change of the clock."""
    local = datetime.combine(day, time(minute // 60, minute % 60), tzinfo=zone)
    return local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)


def _changes_on(day: date, zone: tzinfo) -> list[datetime]:
    """The instant at which the clock is changed on a local date, if it is (at most one)."""
    start, _ = _readings(day, 0, zone)
    end = start + timedelta(days=1)
    if start.astimezone(zone).utcoffset() == end.astimezone(zone).utcoffset():
        return []
    return [_change_between(start, end, zone)]


def _change_between(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The first instant, to the second, that has the offset in force at `after`."""
    old = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after


def _shows(instant: datetime, zone: tzinfo, opens: int, closes: int) -> bool:
    local = instant.astimezone(zone)
    return opens <= local.hour * 60 + local.minute < closes
