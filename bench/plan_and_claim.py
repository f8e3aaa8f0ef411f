"""Plan and claim: this scheduler and procrastinate, side by side on one PostgreSQL.

Ours: commands of a shipped playbook (four letters each) become enrolments and planned steps, with
their facts; then each wave of letters falls due and is claimed with every rule judged, reserved
against caps, told and ordered. Procrastinate's: as many jobs are deferred to an instant in
batches, fetched and finished by its own worker, which does nothing for them. Both are measured
from PostgreSQL to PostgreSQL, without a broker; rounds alternate.
"""

import asyncio
import os
import statistics
from datetime import datetime, timedelta

import procrastinate
from procrastinate.types import JSONValue
from rich.console import Console
from rich.table import Table

from bench.scheduling import DUE, NOON, STEPS, Scheduling, fresh, inputs, scheduling
from schemas.topics import OUTREACH_COMMANDS, OUTREACH_LOG
from services.runtime.clock import Clock
from services.runtime.database import plain, psycopg_url

CUSTOMERS = int(os.environ.get("BENCH_TIMER_CUSTOMERS", "3000"))
JOBS = int(os.environ.get("BENCH_TIMER_JOBS", "3000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
CONCURRENCY = (1, 16)
"""Jobs that procrastinate's worker has in hand at once; the better one counts."""
DEFERRED_AT_ONCE = 1000
WAVES = (7, 3)
"""Days before the due date on which a letter goes out; the later ones meet a cap."""
BAR = 10.0
CLOCK = Clock()


def run() -> bool:
    """Measure all rounds and print; whether ours reached ten times procrastinate's rate."""
    rates: dict[str, list[float]] = {}
    for number in range(ROUNDS):
        found = _round()
        for name, rate in found.items():
            rates.setdefault(name, []).append(rate)
        print(f"round {number + 1}: {', '.join(f'{n} {r:,.0f}/s' for n, r in found.items())}")
    medians = {name: statistics.median(values) for name, values in rates.items()}
    table = Table(title=f"Plan and claim, steps or jobs a second, median of {ROUNDS}")
    table.add_column("what")
    table.add_column("a second", justify="right")
    for name, rate in medians.items():
        table.add_row(name, f"{rate:,.0f}")
    Console().print(table)
    best = max(rate for name, rate in medians.items() if name.startswith("procrastinate"))
    ratio = medians["ours"] / best
    reached = ratio >= BAR
    print(
        f"plan-and-claim: {ratio:.1f} times procrastinate; bar {BAR:.0f}: "
        f"{'reached' if reached else 'MISSED'}"
    )
    return reached


def _round() -> dict[str, float]:
    """Rates of one round, each contestant in tables that no earlier round has filled."""
    with fresh() as settings:
        assert settings.database_url is not None
        found: dict[str, float] = {}
        with scheduling(settings) as ours:
            found |= _ours(ours)
        url = plain(psycopg_url(settings.database_url))
        for concurrency in CONCURRENCY:
            rate = asyncio.run(_theirs(url, concurrency))
            found[f"procrastinate, concurrency {concurrency}"] = rate
        return found


def _ours(ours: Scheduling) -> dict[str, float]:
    facts, commands = inputs(CUSTOMERS)
    ours.deliver(OUTREACH_LOG, facts)
    ours.publish()
    began = CLOCK.monotonic()
    ours.deliver(OUTREACH_COMMANDS, commands)
    planning = (CLOCK.monotonic() - began) / (CUSTOMERS * STEPS)
    claiming = []
    for days in WAVES:
        ours.publish()
        ours.at(datetime.combine(DUE - timedelta(days=days), NOON.timetz()))
        began = CLOCK.monotonic()
        ours.drain()
        claiming.append((CLOCK.monotonic() - began) / CUSTOMERS)
    assert ours.dispatched() == CUSTOMERS * len(WAVES)
    each = planning + statistics.mean(claiming)
    return {
        "ours, planning": 1 / planning,
        "ours, claiming": 1 / statistics.mean(claiming),
        "ours": 1 / each,
    }


async def _theirs(url: str, concurrency: int) -> float:
    """Jobs a second: deferred to an instant that has come when the worker looks, then done."""
    app = procrastinate.App(
        connector=procrastinate.PsycopgConnector(conninfo=url, min_size=2, max_size=20)
    )

    @app.task(name="contact", queue=f"q{concurrency}")
    async def contact(step_id: str) -> None:
        del step_id

    async with app.open_async():
        if not await app.check_connection_async():
            await app.schema_manager.apply_schema_async()
        began = CLOCK.monotonic()
        deferrer = contact.configure(schedule_at=CLOCK.real())
        for first in range(0, JOBS, DEFERRED_AT_ONCE):
            jobs: list[dict[str, JSONValue]] = [
                {"step_id": f"s-{n}"} for n in range(first, first + DEFERRED_AT_ONCE)
            ]
            await deferrer.batch_defer_async(*jobs)
        await app.run_worker_async(
            queues=[f"q{concurrency}"],
            wait=False,
            concurrency=concurrency,
            install_signal_handlers=False,
        )
        return JOBS / (CLOCK.monotonic() - began)
