"""A wake-up storm: 100,000 steps due at one instant, drained by two schedulers at once.

Afterwards the database is asked, in SQL of its own, whether any rule was broken: a step gone out
twice, or before it was due; a customer contacted more often than a cap permits, or at a wrong
hour; an order lost, or doubled. Lateness is that of each step's order: after the instant at which
it was due (every step at its customer's part of the window over which a storm is spread), and
after the instant that all of them had in common.
"""

import os
import threading
from datetime import datetime, timedelta

import msgspec
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from bench.scheduling import DUE, NOON, Scheduling, fresh, inputs, scheduling
from schemas.topics import OUTREACH_COMMANDS, OUTREACH_DISPATCHES, OUTREACH_LOG
from services.runtime.clock import Clock
from services.runtime.outbox_rows import unpack
from services.scheduler.settings import SchedulerSettings

STEPS = int(os.environ.get("BENCH_STORM_STEPS", "100000"))
AT_ONCE = 5000
"""Customers that are prepared together."""
INSTANT = datetime.combine(DUE - timedelta(days=7), datetime.min.time(), NOON.tzinfo) + timedelta(
    hours=9
)
"""10:00 in Berlin, a week before the due date."""
BAR_SECONDS = 2.0
CLOCK = Clock()

BROKEN = {
    "not one order for a step": "SELECT count(*) FROM (SELECT step_id FROM ordered"
    " GROUP BY step_id HAVING count(*) <> 1) AS twice",
    "a step without its order": "SELECT count(*) FROM step LEFT JOIN ordered USING (step_id)"
    " WHERE state = 'dispatched' AND ordered.step_id IS NULL",
    "an order before its step was due": "SELECT count(*) FROM ordered JOIN step USING (step_id)"
    " WHERE decided_at < planned_at OR decided_at < due_at OR decided_at >= step.not_after",
    "a customer contacted more than three times in 168 hours": "SELECT count(*) FROM (SELECT"
    " count(*) OVER (PARTITION BY customer ORDER BY at RANGE BETWEEN '168 hours' PRECEDING AND"
    " CURRENT ROW) AS n FROM contact) AS counted WHERE n > 3",
    "a contact before 8:00 or after 21:00 in Berlin": "SELECT count(*) FROM contact WHERE"
    " (at AT TIME ZONE 'Europe/Berlin')::time NOT BETWEEN '08:00' AND '21:00'",
    "a contact without its order, or the other way round": "SELECT count(*) FROM contact FULL JOIN"
    " ordered USING (dispatch_id) WHERE contact.at IS NULL OR ordered.decided_at IS NULL",
}
"""What must not be, each with a count that must be 0."""


def run() -> bool:
    """Brew the storm, let it pass, and look; whether nothing broke and the median was in time."""
    with fresh() as settings, scheduling(settings) as ours:
        for first in range(0, STEPS, AT_ONCE):
            facts, commands = inputs(min(AT_ONCE, STEPS - first), first=first)
            ours.deliver(OUTREACH_LOG, facts)
            ours.deliver(OUTREACH_COMMANDS, commands)
            ours.publish()
        ours.at(INSTANT)
        began = CLOCK.monotonic()
        while ours.waiting(INSTANT + timedelta(hours=1)):
            ours.drain()
            threading.Event().wait(SchedulerSettings().claim_every)
        seconds = CLOCK.monotonic() - began
        broken = _broken(ours)
        lateness = _lateness(ours)
    table = Table(title=f"{STEPS:,} steps due at one instant, drained in {seconds:.0f} s")
    for name in ("late after", "p50, s", "p99, s"):
        table.add_column(name, justify="right")
    for name, (half, most) in lateness.items():
        table.add_row(name, f"{half:.2f}", f"{most:.2f}")
    Console().print(table)
    for what, count in broken.items():
        print(f"{what}: {count}")
    median = lateness["its own instant"][0]
    kept = not any(broken.values())
    print(
        f"storm: {sum(broken.values())} violations; median {median:.2f} s late; bar"
        f" {BAR_SECONDS:.0f} s: {'reached' if kept and median <= BAR_SECONDS else 'MISSED'}"
    )
    return kept and median <= BAR_SECONDS


def _broken(ours: Scheduling) -> dict[str, int]:
    with ours.context.engine.begin() as connection:
        connection.execute(
            text("CREATE TABLE ordered (step_id text, dispatch_id text, decided_at timestamptz)")
        )
        packed = connection.execute(
            text("SELECT messages FROM outbox WHERE topic = :topic"), {"topic": OUTREACH_DISPATCHES}
        )
        rows = [
            msgspec.json.decode(value)["data"]
            for messages in packed.scalars()
            for _, value in unpack(bytes(messages))
        ]
        connection.execute(
            text(
                "INSERT INTO ordered SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS"
                " given(step_id text, dispatch_id text, decided_at timestamptz)"
            ),
            {"rows": msgspec.json.encode(rows).decode()},
        )
        broken = {
            what: int(connection.execute(text(query)).scalar_one())
            for what, query in BROKEN.items()
        }
        left = "SELECT :steps - count(*) FROM ordered"
        broken["a step that did not go out"] = int(
            connection.execute(text(left), {"steps": STEPS}).scalar_one()
        )
        return broken


def _lateness(ours: Scheduling) -> dict[str, tuple[float, float]]:
    """Seconds, median and 99th percentile, after each step's instant and after the common one."""
    query = (
        "SELECT percentile_cont(CAST(:shares AS float8[])) WITHIN GROUP"
        " (ORDER BY extract(epoch FROM decided_at - {since}))"
        " FROM ordered JOIN step USING (step_id)"
    )
    found = {}
    with ours.context.engine.connect() as connection:
        for name, since in (("its own instant", "due_at"), ("the common instant", "planned_at")):
            asked = {"shares": [0.5, 0.99]}
            half, most = connection.execute(text(query.format(since=since)), asked).scalar_one()
            found[name] = (float(half), float(most))
    return found
