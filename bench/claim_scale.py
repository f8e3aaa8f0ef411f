"""What a claim costs with ten million steps pending, next to ten thousand: it should stay flat.

One PostgreSQL and one set of tables, filled up to each size in turn with steps that wait for
later days, of customers of their own. Between the fillings the same work is done: real commands
become enrolments, whose first letters fall due and are claimed, rules and all, by one scheduler.
Each size is measured several times and the cheapest counts, by processor time of the scheduler
and of PostgreSQL together: a busy machine can only add to it.
"""

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from bench.scheduling import DUE, NOON, Scheduling, fresh, inputs, scheduling
from schemas.topics import OUTREACH_COMMANDS, OUTREACH_LOG

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
LARGEST = int(os.environ.get("BENCH_PENDING", str(SIZES[-1])))
CUSTOMERS = int(os.environ.get("BENCH_SCALE_CLAIMS", "2000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
BAR = 1.5
TICK = os.sysconf("SC_CLK_TCK")

_PENDING = (
    "INSERT INTO step (tenant, step_id, customer, enrolment_id, position, state, planned_at,"
    " due_at, not_after, attempt, plan)"
    " SELECT 'default', md5('s' || n), 'w-' || n, md5('e' || n), 0, 'planned', at, at,"
    ' at + interval \'2 days\', 1, \'{"name": "week_before", "anchor": "due", "days": -7,'
    ' "valid_for": "P2D", "template": "week_before", "at": "10:00"}\''
    " FROM (SELECT n, CAST(:later AS timestamptz) + n % 90 * interval '1 day'"
    " + n % 43200 * interval '1 second' AS at"
    " FROM generate_series(CAST(:first AS bigint), :last) AS n) AS numbered"
)


def run() -> bool:
    """Measure and print; whether the largest size costs at most 1.5 times the smallest."""
    sizes = [size for size in SIZES if size <= LARGEST]
    costs: dict[int, float] = {}
    numbers = count()
    with fresh() as settings, scheduling(settings) as ours:
        _microseconds(ours, next(numbers))  # Fills caches and is not counted.
        filled = 0
        for size in sizes:
            _fill(ours, filled, size)
            filled = size
            costs[size] = min(_microseconds(ours, next(numbers)) for _ in range(ROUNDS))
            print(f"{size:,} pending: {costs[size]:.0f} µs a claimed step", flush=True)
    table = Table(title=f"A claimed step by steps pending, best of {ROUNDS} x {CUSTOMERS:,}")
    for name in ("pending", "µs of processor", f"times {sizes[0]:,}"):
        table.add_column(name, justify="right")
    for size, cost in costs.items():
        table.add_row(f"{size:,}", f"{cost:.0f}", f"{cost / costs[sizes[0]]:.2f}")
    Console().print(table)
    ratio = costs[sizes[-1]] / costs[sizes[0]]
    reached = ratio <= BAR
    print(
        f"claim-scale: {ratio:.2f} times the cost with {sizes[0]:,} when {sizes[-1]:,} are pending;"
        f" bar {BAR}: {'reached' if reached else 'MISSED'}"
    )
    return reached


def _fill(ours: Scheduling, first: int, size: int) -> None:
    """Steps that wait for later, up to `size` of them; the indexes are built anew afterwards."""
    later = NOON + timedelta(days=30)
    with ours.context.engine.begin() as connection:
        indexes = connection.execute(
            text(
                "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'step'"
                " AND schemaname = current_schema() AND indexname <> 'step_pkey'"
            )
        ).all()
        for name, _ in indexes:
            connection.execute(text(f"DROP INDEX {name}"))
        connection.execute(text("ALTER TABLE step DROP CONSTRAINT step_pkey"))
        connection.execute(text(_PENDING), {"later": later, "first": first, "last": size - 1})
        connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
        connection.execute(text("ALTER TABLE step ADD PRIMARY KEY (tenant, step_id)"))
        for _, definition in indexes:
            connection.execute(text(definition))
    with ours.context.engine.connect().execution_options(
        isolation_level="AUTOCOMMIT"
    ) as connection:
        connection.execute(text("VACUUM ANALYZE step"))


def _microseconds(ours: Scheduling, number: int) -> float:
    """Processor time a claimed step, over one round of them."""
    ours.at(NOON)
    facts, commands = inputs(CUSTOMERS, first=number * CUSTOMERS)
    ours.deliver(OUTREACH_LOG, facts)
    ours.deliver(OUTREACH_COMMANDS, commands)
    ours.publish()
    ours.at(datetime.combine(DUE - timedelta(days=7), NOON.timetz()))
    backends = ours.backends()
    before = ours.dispatched(), _processor(backends)
    while ours.claim():
        continue
    spent = _processor(backends) - before[1]
    claimed = ours.dispatched() - before[0]
    assert claimed == CUSTOMERS, claimed
    # What is left of this round's bills waits for its own days, which this bench never reaches.
    return spent / claimed * 1e6


def _processor(backends: Sequence[int]) -> float:
    """Seconds of processor that this process and these of PostgreSQL's have used."""
    own = os.times()
    ticks = 0
    for backend in backends:
        fields = Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return own.user + own.system + ticks / TICK
