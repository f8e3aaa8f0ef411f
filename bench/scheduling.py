"""A scheduler on a PostgreSQL of its own, and the real commands for it; no broker.

What the segmenter would have written is made by its own code, so that commands have the size and
the steps of a shipped playbook.
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec
from sqlalchemy import text

from bench.job import Arrived, Job
from schemas.topics import OUTREACH_COMMANDS, OUTREACH_LOG
from services.playbooks.load import load_playbooks
from services.policy.packs import load as load_packs
from services.runtime import database, migrations
from services.runtime.clock import Clock
from services.runtime.context import Context
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.ledger import Ownership
from services.runtime.processing import Processor
from services.runtime.settings import Settings
from services.runtime.takeover import take_over
from services.runtime.worker import collect_seldom
from services.scheduler import stream
from services.scheduler.handlers import Handlers
from services.scheduler.settings import SchedulerSettings
from services.scheduler.timers import Announcing, Claiming

SERVICE = "scheduler"
PLAYBOOK = "bill-reminder"
STEPS = 4
"""Letters that the playbook plans about one bill without automatic payment."""
BATCH = 1000
LANES = 2
CLAIMANTS = 2
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""A Monday; 13:00 in Berlin."""
DUE = NOON.date() + timedelta(days=10)


@dataclass
class Scheduling:
    """A scheduler: its handlers and its timer, on a clock that is set by hand."""

    context: Context
    processor: Processor
    claim: Claiming
    owned: dict[tuple[str, int], Ownership]

    def at(self, instant: datetime) -> None:
        """Let it be that instant, and go on from there in real time."""
        self.context.clock = Clock(instant, 1.0, Clock().real().timestamp())

    def deliver(self, topic: str, values: Sequence[tuple[bytes, bytes]]) -> None:
        """Apply (key, value) to the topic's partitions, each in a thread, as a worker does."""
        share = -(-len(values) // LANES)
        parts = [values[first : first + share] for first in range(0, len(values), share)]
        with ThreadPoolExecutor(LANES) as threads:
            list(threads.map(partial(self._apply, topic), range(LANES), parts))

    def _apply(self, topic: str, lane: int, values: Sequence[tuple[bytes, bytes]]) -> None:
        own = self.owned[topic, lane]
        for first in range(0, len(values), BATCH):
            start = own.next_offset
            part = values[first : first + BATCH]
            self.processor.apply(
                own,
                [
                    Arrived(topic, lane, start + n, key, value)
                    for n, (key, value) in enumerate(part)
                ],
            )

    def drain(self) -> None:
        """Claim until nothing is due, by two that take no notice of each other."""
        with ThreadPoolExecutor(CLAIMANTS) as threads:
            list(threads.map(lambda _: self._drain(), range(CLAIMANTS)))

    def _drain(self) -> None:
        while self.claim():
            continue

    def backends(self) -> list[int]:
        """The processes of PostgreSQL that serve this scheduler."""
        with self.context.engine.connect() as connection:
            query = "SELECT pid FROM pg_stat_activity WHERE usename = current_user"
            return list(connection.execute(text(query)).scalars())

    def waiting(self, until: datetime) -> int:
        """How many steps fall due until then, or are due."""
        with self.context.engine.connect() as connection:
            query = "SELECT count(*) FROM step WHERE state = 'planned' AND due_at <= :until"
            return int(connection.execute(text(query), {"until": until}).scalar_one())

    def dispatched(self) -> int:
        """How many steps went out."""
        with self.context.engine.connect() as connection:
            query = "SELECT count(*) FROM step WHERE state = 'dispatched'"
            return int(connection.execute(text(query)).scalar_one())

    def publish(self) -> None:
        """Empty the outbox, as a publisher does all the time."""
        with self.context.engine.begin() as connection:
            connection.execute(text("DELETE FROM outbox"))


@contextmanager
def scheduling(settings: Settings, instant: datetime = NOON) -> Iterator[Scheduling]:
    """A scheduler on the database that the settings name, migrated."""
    database.provision(settings, SERVICE)
    migrations.upgrade(SERVICE, database.service_url(settings, SERVICE))
    context = Context.from_settings(SERVICE, settings)
    own = SchedulerSettings()
    decide = Handlers(load_packs(settings.policies_dir), timedelta(seconds=own.spread_seconds))
    processor = Processor(context, stream.handlers(decide), frozenset({OUTREACH_COMMANDS}))
    taken = take_over(
        context.engine,
        [(topic, lane) for topic in (OUTREACH_LOG, OUTREACH_COMMANDS) for lane in range(LANES)],
        "bench",
        {OUTREACH_LOG: "log", OUTREACH_COMMANDS: "commands"},
    )
    claim = Claiming(context, decide, Announcing(context, ()), own.claim_batch)
    made = Scheduling(context, processor, claim, {(one.topic, one.partition): one for one in taken})
    made.at(instant)
    collect_seldom()  # As a worker does.
    try:
        yield made
    finally:
        context.engine.dispose()


@contextmanager
def fresh() -> Iterator[Settings]:
    """Settings that name a PostgreSQL of this run's own."""
    with EmbeddedPostgres() as postgres:
        yield Settings(database_url=postgres.url, secret_key="bench")


def inputs(
    customers: int, instant: datetime = NOON, first: int = 0
) -> tuple[list[tuple[bytes, bytes]], list[tuple[bytes, bytes]]]:
    """What the segmenter writes about a bill of each customer: facts, and commands.

    first: the number of the first customer.
    """
    settings = Settings()
    playbook = load_playbooks(settings.playbooks_dir)[PLAYBOOK]
    job = Job([playbook], Clock(instant, 0.0, 0.0))
    facts: list[tuple[bytes, bytes]] = []
    commands: list[tuple[bytes, bytes]] = []
    for number in range(first, first + customers):
        key = f"c-{number}".encode()
        state = None
        for place, event in enumerate(_events(number, instant)):
            record = Arrived(
                "customer.events", 0, 2 * number + place, key, msgspec.json.encode(event)
            )
            state, outputs = job.do(record, state)
            for value in outputs:
                kind = json.loads(value)["type"]
                (commands if kind == "outreach.requested" else facts).append((key, value))
    return facts, commands


def _events(number: int, instant: datetime) -> Iterator[dict[str, object]]:
    place = {"timezone": "Europe/Berlin", "country": "DE", "locale": "de"}
    bill = {
        "bill_id": f"b-{number}",
        "creditor": "Example Bank",
        "amount_minor": 4200 + number % 9000,
        "currency": "EUR",
        "due_date": DUE.isoformat(),
        "product": "card",
    }
    for kind, data in (("customer.updated", place), ("bill.due_soon", bill)):
        yield {
            "specversion": "1.0",
            "id": f"{kind}-{number}",
            "source": "/bench/bank",
            "type": kind,
            "subject": f"c-{number}",
            "time": instant.isoformat(),
            "data": data,
        }
