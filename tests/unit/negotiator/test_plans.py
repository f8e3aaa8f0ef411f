"""Plans never go beyond authority, add up exactly, and fall on real days."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.negotiator.model import Authority, Plan, PlanKind
from services.negotiator.rules import authority as limits
from services.negotiator.rules import plans
from services.negotiator.rules.months import add_months
from services.negotiator.rules.schedules import weekend

ZONES = ["UTC", "Asia/Tokyo", "Asia/Shanghai", "America/New_York", "Pacific/Kiritimati",
         "Pacific/Pago_Pago", "Europe/London", "Australia/Lord_Howe"]  # fmt: skip

authorities = st.builds(
    Authority,
    name=st.just("standard"),
    version=st.integers(1, 9),
    max_discount_bp=st.integers(0, 10_000),
    max_instalments=st.integers(1, 60),
    min_instalment_minor=st.integers(0, 100_000),
    max_days=st.integers(0, 2_000),
    offer_valid_hours=st.integers(1, 24 * 60),
    funded_by=st.sampled_from(["creditor", "commission"]),
)
moments = st.integers(0, 7_000 * 24 * 60).map(
    lambda minutes: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
zones = st.sampled_from(ZONES).map(ZoneInfo)
balances = st.integers(1, 10**9)

STANDARD = Authority("standard", 1, 1_000, 12, 2_000, 365, 72, "creditor")
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def _options(balance: int, authority: Authority, now: datetime, zone: ZoneInfo) -> tuple[Plan, ...]:
    """What is offered where no matrix narrows the playbook's own limits."""
    bounds = limits.bounds(authority, balance, "EUR")
    given = plans.circumstances(bounds, now, zone, weekend)
    return tuple(scored.plan for scored in plans.choose(given))


@given(balances, authorities, moments, zones)
def test_no_plan_exceeds_its_authority(
    balance: int, authority: Authority, now: datetime, zone: ZoneInfo
) -> None:
    for plan in _options(balance, authority, now, zone):
        last = plan.instalments[-1].due_date
        assert plan.discount_minor * 10_000 <= balance * authority.max_discount_bp
        assert last <= now.astimezone(zone).date() + timedelta(days=authority.max_days)
        assert last <= now.date() + timedelta(days=authority.max_days)
        if len(plan.instalments) > 1:
            assert len(plan.instalments) <= authority.max_instalments
            least = min(part.amount_minor for part in plan.instalments)
            assert least >= authority.min_instalment_minor


@given(balances, authorities, moments, zones)
def test_sums_are_exact(balance: int, authority: Authority, now: datetime, zone: ZoneInfo) -> None:
    for plan in _options(balance, authority, now, zone):
        assert sum(part.amount_minor for part in plan.instalments) == plan.total_minor
        assert plan.total_minor + plan.discount_minor == balance
        assert all(part.amount_minor > 0 for part in plan.instalments)
        assert (plan.discount_minor > 0) == (plan.kind is PlanKind.SETTLEMENT)


@given(balances, authorities, moments, zones)
def test_dates_rise_and_none_is_past(
    balance: int, authority: Authority, now: datetime, zone: ZoneInfo
) -> None:
    for plan in _options(balance, authority, now, zone):
        days = [part.due_date for part in plan.instalments]
        assert days == sorted(set(days))
        assert days[0] >= now.astimezone(zone).date()


@given(balances, authorities, moments, zones)
def test_an_offer_ends_with_its_first_day_at_the_latest(
    balance: int, authority: Authority, now: datetime, zone: ZoneInfo
) -> None:
    for plan in _options(balance, authority, now, zone):
        ends = plans.expiry(plan, authority, now, zone)
        assert now - timedelta(seconds=1) < ends
        assert ends <= now + timedelta(hours=authority.offer_valid_hours)
        last_moment = ends - timedelta(seconds=1)
        assert last_moment.astimezone(zone).date() <= plan.instalments[0].due_date
        assert ends.microsecond == 0


@given(balances, authorities, moments, zones)
def test_names_are_unique_and_the_list_is_short(
    balance: int, authority: Authority, now: datetime, zone: ZoneInfo
) -> None:
    names = [plan.name for plan in _options(balance, authority, now, zone)]
    assert len(names) == len(set(names))
    assert 0 < len(names) <= 8 or (not names and authority.max_days == 0)


@given(st.integers(1, 10**9), st.integers(1, 60))
def test_split_is_exact_and_even(total: int, count: int) -> None:
    parts = plans.split(total, count)
    assert sum(parts) == total
    assert max(parts) - min(parts) <= 1
    assert parts == sorted(parts, reverse=True)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 240))
def test_months_keep_the_day_where_there_is_one(day: date, months: int) -> None:
    later = add_months(day, months)
    assert (later.year - day.year) * 12 + later.month - day.month == months
    assert later.day == day.day or (later + timedelta(days=1)).day == 1


def test_the_last_of_january_comes_back_after_february() -> None:
    assert [add_months(date(2026, 1, 31), month) for month in range(4)] == [
        date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30),
    ]  # fmt: skip
    assert add_months(date(2028, 1, 31), 1) == date(2028, 2, 29)


def test_what_a_customer_sees_for_one_hundred_euro_under_the_standard_authority() -> None:
    shown = _options(10_000, STANDARD, MONDAY, ZoneInfo("Europe/Berlin"))
    assert [(plan.name, plan.total_minor, _amounts(plan)) for plan in shown] == [
        ("settlement", 9_000, [9_000]),
        ("monthly-2", 10_000, [5_000, 5_000]),
        ("monthly-3", 10_000, [3_334, 3_333, 3_333]),
        ("monthly-5", 10_000, [2_000] * 5),
    ]
    assert shown[2].instalments[2].due_date == date(2026, 5, 11)


def test_the_longest_plan_may_begin_small() -> None:
    shown = _options(60_000, STANDARD, MONDAY, ZoneInfo("Europe/Berlin"))
    assert shown[-1].name == "small-start-12"
    assert _amounts(shown[-1])[:2] == [2_500, 5_228]


def test_without_a_discount_paying_at_once_is_the_full_sum() -> None:
    plain = Authority("plain", 1, 0, 1, 0, 30, 24, "creditor")
    (only,) = _options(999, plain, MONDAY, ZoneInfo("UTC"))
    assert (only.kind, only.total_minor) == (PlanKind.FULL, 999)


def test_nothing_owed_gives_nothing_to_agree() -> None:
    assert _options(0, STANDARD, MONDAY, ZoneInfo("UTC")) == ()


def _amounts(plan: Plan) -> list[int]:
    return [part.amount_minor for part in plan.instalments]
