"""Which plans a customer is offered: never beyond the creditor's authority, sums exact.

Everyone in the same circumstances sees the same plans. Whoever pays at once is given the whole
discount that the authority allows, since the creditor has the money sooner; instalments carry
none. Instalments are monthly. Of the many counts that may be allowed, few customary ones are
shown, because a long list keeps people from choosing, and one plan begins with a small payment.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.negotiator.model import Authority, Instalment, Plan, PlanKind
from services.negotiator.rules.months import add_months

FIRST_PAYMENT_DAYS = 7
CUSTOMARY_COUNTS = (2, 3, 6, 12, 24)


def options(
    balance_minor: int, authority: Authority, now: datetime, zone: ZoneInfo
) -> tuple[Plan, ...]:
    """The plans for `balance_minor`, soonest paid first; empty where nothing is owed."""
    if balance_minor <= 0:
        return ()
    today, last_day = _window(authority, now, zone)
    first_day = min(today + timedelta(days=FIRST_PAYMENT_DAYS), last_day)
    if first_day < today:
        return ()
    plans = [_at_once(balance_minor, authority, first_day)]
    counts = list(_counts(balance_minor, authority, first_day, last_day))
    plans += [_monthly(balance_minor, count, first_day) for count in counts]
    gentle = _small_start(balance_minor, counts[-1], authority, first_day) if counts else None
    return tuple([*plans, gentle] if gentle else plans)


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


def _window(authority: Authority, now: datetime, zone: ZoneInfo) -> tuple[date, date]:
    """The customer's day, and the last day allowed.

    The limit counts from the earlier of the local and the UTC date, so that it holds for whoever
    measures it in either.
    """
    today = now.astimezone(zone).date()
    return today, min(today, now.astimezone(UTC).date()) + timedelta(days=authority.max_days)


def _at_once(balance_minor: int, authority: Authority, due: date) -> Plan:
    discount = balance_minor * authority.max_discount_bp // 10_000
    if 0 < discount < balance_minor:
        total = balance_minor - discount
        paid = (Instalment(due, total),)
        return Plan("settlement", PlanKind.SETTLEMENT, total, discount, paid)
    return Plan("full", PlanKind.FULL, balance_minor, 0, (Instalment(due, balance_minor),))


def _counts(
    balance_minor: int, authority: Authority, first_day: date, last_day: date
) -> Iterator[int]:
    """The customary numbers of instalments within authority, and the greatest one allowed."""
    allowed = [
        count
        for count in range(2, authority.max_instalments + 1)
        if balance_minor // count >= max(1, authority.min_instalment_minor)
        and add_months(first_day, count - 1) <= last_day
    ]
    for count in allowed:
        if count in CUSTOMARY_COUNTS or count == allowed[-1]:
            yield count


def _monthly(balance_minor: int, count: int, first_day: date) -> Plan:
    return _instalments(f"monthly-{count}", split(balance_minor, count), first_day)


def _small_start(
    balance_minor: int, count: int, authority: Authority, first_day: date
) -> Plan | None:
    """The longest plan again with half a first payment, where the least instalment allows it."""
    share = balance_minor // count
    first = max(authority.min_instalment_minor, share // 2, 1)
    if count < 3 or first >= share:
        return None
    amounts = [first, *split(balance_minor - first, count - 1)]
    return _instalments(f"small-start-{count}", amounts, first_day)


def _instalments(name: str, amounts: list[int], first_day: date) -> Plan:
    schedule = tuple(
        Instalment(add_months(first_day, month), amount) for month, amount in enumerate(amounts)
    )
    return Plan(name, PlanKind.INSTALMENTS, sum(amounts), 0, schedule)
