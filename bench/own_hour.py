"""The right hour over simulated customers: what it finds, and what that is worth.

Nobody here exists. Each customer has an hour of the day around which they look at their mail and at
the website; a letter is followed the less, the longer it lay there when that hour comes. One letter
a week, planned and learned from by the scheduler's own rules; a share of the customers keeps the
playbook's hour by lot. Shown is, month by month, who followed a link at all.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from rich.console import Console
from rich.table import Table

from rapport.lift.compare import Comparison, Share, compare
from services.policy.model import Pack
from services.policy.packs import load as load_packs
from services.policy.places import candidate_zones
from services.runtime.ids import derive
from services.runtime.settings import Settings
from services.scheduler.model import (
    Book,
    Cause,
    Customer,
    Enrolment,
    Heard,
    HourChoice,
    Learning,
    Obligation,
    Place,
    StepPlan,
    Trigger,
)
from services.scheduler.rules import habits, own_hour

TENANT, PLAYBOOK, SEGMENT = "default", "ideas", "everyone"
CUSTOMERS = 4000
WEEKS = 12
CONTROL = Learning(2000)
STEP = StepPlan("idea", "trigger", 1, timedelta(days=2), "idea", at="10:00", own_hour=True)
HABITS = {7: 10, 9: 10, 12: 20, 18: 15, 20: 35, 22: 10}
"""Hours around which people look, and how many of a hundred do."""
PERMITTED = range(8, 21)
"""Hours at which every pack lets a letter go out here."""
VISITS_A_DAY = 0.1
CLICKS = 0.35
"""The chance that a letter is followed that has just come when its reader looks."""
FADES_HOURS = 6.0
"""In so many hours the chance falls to a third, and more letters come on top."""
BEGIN = date(2026, 3, 2)
HERE = Place(timezone="Atlantic/Reykjavik", country="IS")
"""Where clocks are never changed, and show UTC."""
MONTH = 4


@dataclass
class Reader:
    """A simulated customer. looks: the hour around which they do. clicked: letters that they
    followed, by month. hour: how that of the last letter was chosen."""

    id: str
    looks: int
    clicked: Counter[int] = field(default_factory=Counter)
    hour: HourChoice | None = None


def run() -> bool:
    """Simulate and print; whether the learned hour is found, and worth something, at the end."""
    chance = random.Random(4)
    book = Book(derive, learning=CONTROL)
    packs = load_packs(Settings().policies_dir)
    readers = [
        Reader(f"c-{number}", chance.choices([*HABITS], [*HABITS.values()])[0])
        for number in range(CUSTOMERS)
    ]
    for reader in readers:
        book.put(Customer(TENANT, reader.id, place=HERE, segments={PLAYBOOK: SEGMENT}))
    for week in range(WEEKS):
        for reader in readers:
            for heard in _a_week(reader, week, book, packs, chance):
                habits.learn(book, heard, (TENANT, reader.id))
        _pool(book)
    return _report(readers)


def _a_week(
    reader: Reader, week: int, book: Book, packs: Sequence[Pack], chance: random.Random
) -> list[Heard]:
    """What one customer does in a week: visits of their own, and perhaps a click."""
    monday = datetime.combine(BEGIN + timedelta(weeks=week), time(), UTC)
    due_at = _planned(reader, monday, book, packs)
    looks_at = _next_look(reader, due_at, chance)
    done = []
    if chance.random() < CLICKS * 3 ** ((due_at - looks_at) / timedelta(hours=FADES_HOURS)):
        reader.clicked[week // MONTH] += 1
        done.append(_heard(reader, "message.clicked", looks_at, machine=False))
    for day in range(7):
        if chance.random() < VISITS_A_DAY:
            at = _next_look(reader, monday + timedelta(days=day), chance)
            told = at.date().isoformat()
            done.append(_heard(reader, "customer.active", at, last_active_on=told))
    return sorted(done, key=lambda one: one.time)


def _planned(reader: Reader, monday: datetime, book: Book, packs: Sequence[Pack]) -> datetime:
    """When the week's letter goes out, by the scheduler's rules."""
    enrolment = Enrolment(
        tenant=TENANT,
        customer=reader.id,
        id=reader.id,
        playbook=PLAYBOOK,
        playbook_version=1,
        purpose="service",
        segment=SEGMENT,
        tone="neutral",
        obligation_id=reader.id,
        cause=Cause("bench"),
        trigger=Trigger("bench", "customer.dormant", monday),
        started_at=monday,
    )
    known = habits.known(book, book.customer(TENANT, reader.id), enrolment)
    about = Obligation(TENANT, reader.id, kind="benefit")
    zones = candidate_zones(HERE)
    slot = own_hour.slot(STEP, enrolment, about, zones, packs, monday, known=known)
    assert slot is not None
    assert slot.due_at is not None
    reader.hour = slot.hour
    return slot.due_at


def _next_look(reader: Reader, after: datetime, chance: random.Random) -> datetime:
    """When the customer looks next, some three quarters of an hour around their hour."""
    looks = datetime.combine(after.date(), time(reader.looks), UTC)
    looks += timedelta(minutes=chance.gauss(0, 45))
    while looks <= after:
        looks += timedelta(days=1)
    return looks


def _heard(reader: Reader, type: str, at: datetime, **data: object) -> Heard:
    return Heard(TENANT, reader.id, type, f"{reader.id}-{at}", at, data)


def _pool(book: Book) -> None:
    """What the scheduler's table does with the answers that were counted."""
    for answer in book.answers:
        pool = book.pools.setdefault(answer.pool, {})
        pool[answer.hour] = pool.get(answer.hour, 0) + 1
    book.answers.clear()


def _report(readers: Sequence[Reader]) -> bool:
    arms = {"learned": list[Reader](), "control": list[Reader]()}
    for reader in readers:
        arms[reader.hour.arm if reader.hour else "control"].append(reader)
    table = Table(title=f"Who follows a link within four weeks; {CUSTOMERS:,} simulated customers")
    for name in ("weeks", "the learned hour", "the playbook's hour", "difference, 95 %"):
        table.add_column(name, justify="right")
    last = None
    for month in range(WEEKS // MONTH):
        sides = [
            Share(sum(one.clicked[month] > 0 for one in arm), len(arm)) for arm in arms.values()
        ]
        last = compare(sides[0], sides[1])
        rates = [f"{side.rate:.1%} of {side.of:,}" for side in sides]
        weeks = f"{month * MONTH + 1} to {(month + 1) * MONTH}"
        table.add_row(weeks, *rates, _points(last))
    Console().print(table)
    found = [
        abs(one.hour.wanted - one.looks) <= 1
        for one in arms["learned"]
        if one.hour and one.looks in PERMITTED
    ]
    by = Counter(one.hour.by for one in arms["learned"] if one.hour)
    assert last is not None
    reached = last.is_gain
    print(
        f"own-hour: {sum(found) / len(found):.0%} are written to within an hour of when they look, "
        f"hours from {', '.join(f'{whose} {n:,}' for whose, n in sorted(by.items()))}; "
        f"{_points(last)} percentage points in the last month, simulated; bar above 0: "
        f"{'reached' if reached else 'MISSED'}"
    )
    return reached


def _points(compared: Comparison) -> str:
    if compared.difference is None or compared.interval is None:
        return compared.why_not or ""
    low, high = compared.interval.low, compared.interval.high
    return f"{compared.difference * 100:+.1f} [{low * 100:+.1f}, {high * 100:+.1f}]"
