"""Local dates of a plan: weekly, fortnightly, monthly, by payday; short months and days of rest.

A payment that would fall on a weekend or a public holiday is due on the next business day, as
money moves on none of them; the payments after it keep their own days.
"""

from calendar import monthrange
from datetime import date, timedelta

from services.negotiator.model.terms import Every, RestDay
from services.negotiator.rules.months import add_months

A_DAY = timedelta(days=1)
_STEPS = {Every.WEEK: timedelta(days=7), Every.FORTNIGHT: timedelta(days=14)}
# Longer than any run of holidays; where all is rest, the day stays as it is.
_LONGEST_REST = 16


def never(day: date) -> bool:
    """No day of rest."""
    del day
    return False


def weekend(day: date) -> bool:
    """Saturday and Sunday: what is taken where the country is not known."""
    return day.weekday() >= 5


def business_day(day: date, rest: RestDay) -> date:
    """The day itself, or the next one on which business is done."""
    for ahead in range(_LONGEST_REST):
        found = day + ahead * A_DAY
        if not rest(found):
            return found
    return day


def next_payday(payday: int, after: date) -> date:
    """The first day after `after` with that number, or the last of a month too short for it."""
    found = _in_month(after, payday)
    return found if found > after else _in_month(add_months(after.replace(day=1), 1), payday)


def days(
    first: date, every: Every, count: int, rest: RestDay = never, payday: int | None = None
) -> tuple[date, ...]:
    """The due dates of `count` payments from `first` on, rising.

    `payday`: the day of the month to come back to after a shorter one, where `first` was moved.
    """
    step = _STEPS.get(every)
    found: list[date] = []
    for number in range(count):
        if step is not None:
            day = first + number * step
        else:
            day = add_months(first, number)
            if payday is not None and number:
                day = _in_month(day, payday)
        day = business_day(day, rest)
        if found and day <= found[-1]:
            day = business_day(found[-1] + A_DAY, rest)
        found.append(day)
    return tuple(found)


def _in_month(month: date, day: int) -> date:
    return month.replace(day=min(day, monthrange(month.year, month.month)[1]))
