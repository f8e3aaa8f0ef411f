"""What an event costs with a million profiles, next to ten thousand: it should stay flat.

Each size has a PostgreSQL of its own. Events are those of random customers among all, which is
the worst case: real load comes back to the same ones. Measured is the processing rule itself,
transaction and all, in wall time; rounds alternate, so that a busy machine slows all alike.
"""

import os
import random
import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import msgspec
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from bench.job import CUSTOMERS, TOPIC, Arrived, Job, event
from services.playbooks.catalogue import Standing
from services.playbooks.load import load_playbooks
from services.runtime import database, migrations
from services.runtime.clock import Clock
from services.runtime.context import Context
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.ledger import Ownership
from services.runtime.processing import Processor
from services.runtime.settings import Settings
from services.runtime.takeover import take_over
from services.segmenter import stream

SIZES = (10_000, 100_000, 1_000_000)
EVENTS = int(os.environ.get("BENCH_SCALE_EVENTS", "3000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
BATCH = 1000
LIVED = 8
"""Events that each profile has seen already."""
BAR = 1.3
SERVICE = "segmenter"


def run() -> bool:
    """Measure and print; whether a million profiles cost at most 1.3 times what ten thousand do."""
    costs: dict[int, list[float]] = {size: [] for size in SIZES}
    with ExitStack() as stack:
        stores = {size: stack.enter_context(_store(size)) for size in SIZES}
        for store in stores.values():
            store.microseconds()  # The first round fills caches and is not counted.
        for _ in range(ROUNDS):
            for size, store in stores.items():
                costs[size].append(store.microseconds())
    medians = {size: statistics.median(values) for size, values in costs.items()}
    table = Table(title=f"An event by profiles kept, median of {ROUNDS} x {EVENTS:,} events")
    for name in ("profiles", "µs an event", "times ten thousand"):
        table.add_column(name, justify="right")
    for size, cost in medians.items():
        table.add_row(f"{size:,}", f"{cost:.0f}", f"{cost / medians[SIZES[0]]:.2f}")
    Console().print(table)
    ratio = medians[SIZES[-1]] / medians[SIZES[0]]
    reached = ratio <= BAR
    print(
        f"profiles-scale: {ratio:.2f} times the cost with {SIZES[0]:,}; bar {BAR}: "
        f"{'reached' if reached else 'MISSED'}"
    )
    return reached


@dataclass
class _Store:
    """A segmenter's processing rule over so many profiles."""

    size: int
    processor: Processor
    own: Ownership
    chance: random.Random
    clock: Clock
    came: int = 0

    def microseconds(self) -> float:
        """Wall time an event, over one round of events."""
        records = self._records()
        began = self.clock.monotonic()
        for first in range(0, len(records), BATCH):
            self.processor.apply(self.own, records[first : first + BATCH])
        return (self.clock.monotonic() - began) / len(records) * 1e6

    def _records(self) -> Sequence[Arrived]:
        now = self.clock.real().isoformat()
        found = []
        for number in range(self.came, self.came + EVENTS):
            _, value = event(number, now)
            key = f"c-{self.chance.randrange(self.size)}"
            value = {**value, "subject": key}
            found.append(Arrived(TOPIC, 0, number, key.encode(), msgspec.json.encode(value)))
        self.came += EVENTS
        return found


@contextmanager
def _store(size: int) -> Iterator[_Store]:
    with EmbeddedPostgres() as postgres:
        settings = Settings(database_url=postgres.url, secret_key="bench")
        database.provision(settings, SERVICE)
        migrations.upgrade(SERVICE, database.service_url(settings, SERVICE))
        context = Context.from_settings(SERVICE, settings)
        playbooks = list(load_playbooks(settings.playbooks_dir).values())
        standing = Standing.of(playbooks, "default", context.clock.now())
        processor = Processor(
            context, stream.handlers(context, lambda: standing), frozenset({TOPIC})
        )
        _fill(context, size)
        (own,) = take_over(context.engine, [(TOPIC, 0)], "bench", {TOPIC: TOPIC})
        try:
            yield _Store(size, processor, own, random.Random(size), Clock())
        finally:
            context.engine.dispose()


def _fill(context: Context, size: int) -> None:
    """Profiles of customers who have lived a little, without an event for each."""
    with context.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO profile (tenant, customer, state, updated_at)"
                " SELECT 'default', 'c-' || n, CAST(:state AS jsonb), now()"
                " FROM generate_series(0, :last) AS n"
            ),
            {"state": _lived(), "last": size - 1},
        )
    with context.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE profile"))


def _lived() -> str:
    """A profile after some events, as text."""
    job, now, state = Job(), Clock().real().isoformat(), None
    for number in range(LIVED):
        key, value = event(number * CUSTOMERS, now)
        record = Arrived(TOPIC, 0, number, key.encode(), msgspec.json.encode(value))
        state, _ = job.do(record, state)
    assert state is not None
    return state
