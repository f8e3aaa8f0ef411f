"""Random authorities, matrices and wishes, and a talk between a customer and the rules."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from services.negotiator.model import Authority, Plan
from services.negotiator.model.terms import (
    Bounds,
    Cell,
    Circumstances,
    Economics,
    Every,
    Limits,
    Matrix,
    Role,
    Stated,
    Wish,
)
from services.negotiator.rules import authority, plans
from services.negotiator.rules.schedules import weekend

ZONES = [ZoneInfo(name) for name in ("UTC", "Asia/Tokyo", "America/New_York", "Pacific/Auckland")]
CURRENCY = "EUR"

caps = st.builds(
    Authority,
    name=st.just("recover"),
    version=st.integers(1, 3),
    max_discount_bp=st.integers(0, 6_000),
    max_instalments=st.integers(1, 24),
    min_instalment_minor=st.just(0) | st.integers(0, 20_000),
    max_days=st.integers(0, 800),
    offer_valid_hours=st.integers(1, 400),
    funded_by=st.sampled_from(["creditor", "commission"]),
)
limits = st.builds(
    Limits,
    max_discount_bp=st.integers(0, 6_000),
    max_instalments=st.integers(1, 36),
    max_days=st.integers(1, 1_200),
    min_instalment_minor=st.dictionaries(st.just(CURRENCY), st.integers(1, 30_000), max_size=1),
    min_npv_bp=st.just(0) | st.integers(5_000, 10_000),
)
economics = st.builds(
    Economics,
    funded_by=st.sampled_from(["creditor", "commission"]),
    commission_bp=st.integers(2_000, 5_000),
    give_up_bp=st.integers(0, 2_000),
    floor_bp=st.integers(1, 10_000),
    yearly_rate_bp=st.integers(0, 4_000),
    lost_bp_a_month=st.integers(0, 1_000),
)


def _wider(one: Limits, other: Limits) -> Limits:
    """Limits that go at least as far as both, as a matrix's must from role to role."""
    least = min(
        one.min_instalment_minor.get(CURRENCY, 10**9),
        other.min_instalment_minor.get(CURRENCY, 10**9),
    )
    mine = {CURRENCY: least} if CURRENCY in one.min_instalment_minor else {}
    return Limits(
        max_discount_bp=max(one.max_discount_bp, other.max_discount_bp),
        max_instalments=max(one.max_instalments, other.max_instalments),
        max_days=max(one.max_days, other.max_days),
        min_instalment_minor=mine,
        min_npv_bp=min(one.min_npv_bp, other.min_npv_bp),
    )


@st.composite
def cells(draw: st.DrawFn, name: str, last: bool) -> Cell:
    everyone = draw(limits)
    need = _wider(everyone, draw(limits))
    agent = _wider(need, draw(limits))
    known = {Role.EVERYONE: everyone, Role.NEED: need, Role.AGENT: agent}
    at_least = {CURRENCY: draw(st.integers(1, 10**6))} if not last and draw(st.booleans()) else None
    segments = None if last or draw(st.booleans()) else frozenset({"young"})
    buckets = None if last or draw(st.booleans()) else frozenset({"1-29", "90+"})
    return Cell(name, segments, buckets, at_least, None, draw(st.integers(0, 30)), known)


@st.composite
def matrices(draw: st.DrawFn) -> Matrix:
    count = draw(st.integers(1, 3))
    found = tuple(draw(cells(f"cell-{n}", n == count - 1)) for n in range(count))
    return Matrix("random", 1, draw(economics), found)


moments = st.integers(0, 3_000 * 24 * 60).map(
    lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
balances = st.one_of(st.integers(1, 5_000), st.integers(1, 3_000_000))


Situation = tuple[Authority, Matrix, Cell, int, datetime, ZoneInfo]


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """A debt, and who may agree to what about it."""
    matrix, balance = draw(matrices()), draw(balances)
    segment = draw(st.sampled_from(["young", "everyone"]))
    bucket = draw(st.sampled_from(["current", "1-29", "90+"]))
    cell = authority.cell_for(matrix, segment, bucket, balance, CURRENCY)
    return draw(caps), matrix, cell, balance, draw(moments), draw(st.sampled_from(ZONES))


def given_by(
    situation: Situation,
    stated: Stated,
    role: Role | None = None,
) -> Circumstances:
    """What decides there for a customer who has said so much."""
    cap, matrix, cell, balance, now, zone = situation
    role = role or (Role.NEED if stated.need else Role.EVERYONE)
    bounds = authority.bounds(cap, balance, CURRENCY, matrix, cell, role)
    return plans.circumstances(bounds, now, zone, weekend, stated)


def broken_rules(plan: Plan, bounds: Bounds, given: Circumstances) -> list[str]:
    """Every way in which a plan is wrong, worked out apart from the rules, in fractions."""
    parts, wrong = plan.instalments, []
    if sum(part.amount_minor for part in parts) != plan.total_minor:
        wrong.append("sum")
    if plan.total_minor + plan.discount_minor != bounds.balance_minor:
        wrong.append("balance")
    if any(part.amount_minor <= 0 for part in parts):
        wrong.append("nothing")
    days = [part.due_date for part in parts]
    if days != sorted(set(days)) or days[0] < given.today:
        wrong.append("dates")
    if days[-1] > given.last_day:
        wrong.append("too long")
    if plan.discount_minor < 0 or plan.discount_minor > bounds.max_discount_minor:
        wrong.append("discount")
    if len(parts) > bounds.max_instalments:
        wrong.append("instalments")
    if len(parts) > 1 and min(part.amount_minor for part in parts) < bounds.min_instalment_minor:
        wrong.append("least")
    worth = sum(
        int(part.amount_minor * 3_650_000
            // (3_650_000 + bounds.yearly_rate_bp * (part.due_date - given.today).days))
        for part in parts
    )  # fmt: skip
    if worth < bounds.min_npv_minor:
        wrong.append("present value")
    return wrong


@st.composite
def wishes_about(draw: st.DrawFn, balance: int, given: Circumstances) -> Wish:
    """Anything that a form can mean about that balance."""
    amounts = st.none() | st.integers(1, balance)
    return Wish(
        every=draw(st.sampled_from(list(Every))),
        each_minor=draw(amounts),
        count=draw(st.none() | st.integers(1, 60)),
        total_minor=draw(amounts),
        first=draw(st.none() | st.integers(0, 366).map(lambda n: given.today + timedelta(days=n))),
        payday=draw(st.none() | st.integers(1, 31)),
    )


stated_ones = st.builds(
    Stated,
    need=st.just(True),
    monthly_minor=st.integers(1, 500_000),
    payday=st.none() | st.integers(1, 31),
)
