"""Which plans a customer is offered: never beyond authority, sums exact.

Everyone in the same circumstances sees the same plans. Of all that may be offered, those are
shown from which most is expected to come in, the concession already off. Of the many counts that
may be allowed, few customary ones are made, because a long list keeps people from choosing. One
plan begins with a small payment; one fits what the customer has said they can manage.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.negotiator.model import Authority, Instalment, Plan, PlanKind
from services.negotiator.model.terms import (
    NOTHING_STATED,
    Bounds,
    Circumstances,
    Every,
    RestDay,
    Scored,
    Stated,
)
from services.negotiator.rules.schedules import business_day, days, next_payday
from services.negotiator.rules.terms import STARTS_WITHIN, breaches
from services.negotiator.rules.value import burden, least_payment, score

FIRST_PAYMENT_DAYS = 7
CUSTOMARY_COUNTS = (2, 3, 6, 12, 24)
MOST_SHOWN = 8


def circumstances(
    bounds: Bounds, now: datetime, zone: ZoneInfo, rest: RestDay, stated: Stated = NOTHING_STATED
) -> Circumstances:
    """What decides on terms at `now`.

    The days allowed count from the earlier of the local and the UTC date, so that the limit holds
    for whoever measures it in either.
    """
    today = now.astimezone(zone).date()
    last_day = min(today, now.astimezone(UTC).date()) + timedelta(days=bounds.max_days)
    return Circumstances(bounds, today, last_day, rest, stated)


def choose(given: Circumstances, *, gentle: bool = False) -> tuple[Scored, ...]:
    """The plans to offer, soonest paid first; `gentle`: the lightest first.

    Empty where nothing is owed, or nothing may be agreed.
    """
    monthly = given.stated.monthly_minor
    found = [
        score(plan, given.bounds, given.today, monthly)
        for plan in _plans(given)
        if not breaches(plan, given)
    ]
    if len(found) > MOST_SHOWN:
        kept = sorted(found, key=lambda one: -one.expected_minor)[:MOST_SHOWN]
        found = [one for one in found if one in kept]
    if gentle:
        found.sort(key=lambda one: burden(one.plan.instalments))
    elif monthly is not None:
        # What fits comes first, and of that the soonest paid.
        found.sort(key=lambda one: burden(one.plan.instalments) > monthly)
    return tuple(found)


def first_day(given: Circumstances) -> date:
    """When a plan begins where nobody asked for another day: in a week, or on the next payday."""
    day = given.today + timedelta(days=FIRST_PAYMENT_DAYS)
    if given.stated.payday is not None:
        day = next_payday(given.stated.payday, given.today)
    return reachable(day, given)


def reachable(day: date, given: Circumstances) -> date:
    """The business day on or after `day`, if there is one in time for a first payment; else the
    last one before.
    """
    latest = min(given.last_day, given.today + STARTS_WITHIN)
    moved = business_day(day, given.rest)
    while moved > latest and latest > given.today and given.rest(latest):
        latest -= timedelta(days=1)
    return min(moved, latest)


def expiry(plan: Plan, authority: Authority, now: datetime, zone: ZoneInfo) -> datetime:
    """Until when the plan may be accepted: never after the day its first payment is due."""
    day_after = plan.instalments[0].due_date + timedelta(days=1)
    end_of_first_day = datetime.combine(day_after, time(), zone).astimezone(UTC)
    whole_second = now.replace(microsecond=0)
    return min(whole_second + timedelta(hours=authority.offer_valid_hours), end_of_first_day)


def split(total_minor: int, count: int) -> list[int]:
    """`total_minor` in `count` parts that differ by one at the most, the larger ones first."""
    share, rest = divmod(total_minor, count)
    return [share + (position < rest) for position in range(count)]


def at_once(given: Circumstances, due: date) -> Plan:
    """All in one payment, with the whole discount that may be given."""
    balance = given.bounds.balance_minor
    worth = least_payment(
        given.bounds.min_npv_minor, (due - given.today).days, given.bounds.yearly_rate_bp
    )
    discount = min(given.bounds.max_discount_minor, balance - worth)
    if 0 < discount < balance:
        return plan_of("settlement", balance, [balance - discount], [due])
    return plan_of("full", balance, [balance], [due])


def plan_of(name: str, balance_minor: int, amounts: Sequence[int], dates: Sequence[date]) -> Plan:
    """A plan of these payments; what they leave of the balance is the discount."""
    total = sum(amounts)
    kind = PlanKind.INSTALMENTS
    if len(amounts) == 1:
        kind = PlanKind.FULL if total == balance_minor else PlanKind.SETTLEMENT
    parts = tuple(map(Instalment, dates, amounts))
    return Plan(name, kind, total, balance_minor - total, parts)


def counts(given: Circumstances) -> Iterator[int]:
    """The customary numbers of monthly payments, and the greatest one that may be agreed."""
    bounds = given.bounds
    least = max(1, bounds.min_instalment_minor)
    greatest = min(bounds.max_instalments, bounds.balance_minor // least)
    span = (given.last_day - given.today).days
    # The more payments, the later the last and the less they are worth: so halving finds it.
    low, high = 1, min(greatest, span // 28 + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (low, middle - 1) if breaches(monthly(given, middle), given) else (middle, high)
    greatest = low
    for count in range(2, greatest + 1):
        if count in CUSTOMARY_COUNTS or count == greatest:
            yield count


def monthly(given: Circumstances, count: int) -> Plan:
    """So many equal payments, a month apart."""
    return spread(given, f"monthly-{count}", split(given.bounds.balance_minor, count))


def spread(
    given: Circumstances, name: str, amounts: Sequence[int], every: Every = Every.MONTH
) -> Plan:
    """Payments of the whole balance from the first day on."""
    start = first_day(given)
    dates = days(start, every, len(amounts), given.rest, given.stated.payday)
    return plan_of(name, given.bounds.balance_minor, amounts, dates)


def _plans(given: Circumstances) -> Iterator[Plan]:
    """All that may be worth offering; what goes too far is sorted out later."""
    balance = given.bounds.balance_minor
    if balance <= 0 or given.last_day < given.today:
        return
    yield at_once(given, first_day(given))
    allowed = list(counts(given))
    for count in allowed:
        yield monthly(given, count)
    if allowed and (gentle := _small_start(given, allowed[-1])):
        yield gentle
    affordable = given.stated.monthly_minor
    if affordable and affordable < balance:
        count = -(-balance // affordable)
        if count <= given.bounds.max_instalments and count not in allowed:
            yield monthly(given, count)


def _small_start(given: Circumstances, count: int) -> Plan | None:
    """The longest plan again with half a first payment, where the least instalment allows it."""
    balance = given.bounds.balance_minor
    share = balance // count
    first = max(given.bounds.min_instalment_minor, share // 2, 1)
    if count < 3 or first >= share:
        return None
    return spread(given, f"small-start-{count}", [first, *split(balance - first, count - 1)])
