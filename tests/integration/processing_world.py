"""A service that only counts each customer's events, under the runtime's one processing rule."""

import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from schemas.errors import Rejection
from schemas.facts import CustomerErased
from schemas.topics import CUSTOMER_EVENTS, DEAD_LETTERS, OUTREACH_LOG
from services.runtime import ledger, outbox_rows
from services.runtime.clock import Clock
from services.runtime.context import Context
from services.runtime.ledger import Ownership
from services.runtime.messages import Incoming
from services.runtime.processing import Handler, Processor
from services.runtime.settings import Settings
from services.runtime.unit_of_work import UnitOfWork
from support.database import Database

SERVICE = "segmenter"
"""Whose role and runtime tables the counter borrows."""
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NEVER = 10_000_000_000.0
CLUSTER, TOPIC_ID = "cluster-1", "topic-1"


@dataclass(frozen=True)
class Record:
    """One Kafka record."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()
    timestamp: int = 0


class Counting:
    """The toy's handler; what an event's `attributes` ask it to `do` goes wrong."""

    def __init__(self) -> None:
        self.may_decide = True
        """While false, events that ask to `wait` are parked."""
        self.batches: list[int] = []

    def handle(self, work: UnitOfWork, batch: Sequence[Incoming]) -> None:
        self.batches.append(len(batch))
        lock(work, {message.key for message in batch})
        waiting: set[str] = set()
        for message in batch:
            match (getattr(message.data, "attributes", None) or {}).get("do"):
                case "raise":
                    raise ValueError("nobody thought of this")
                case "refuse":
                    work.reject(message, Rejection("out_of_range", "Send less.", "/data"))
                case _ if message.key in waiting:
                    work.park(message, "behind another")
                case "wait" if not self.may_decide:
                    waiting.add(message.key)
                    work.park(message, "not all is known yet")
                case _:
                    count(work, message)


def lock(work: UnitOfWork, customers: set[str]) -> None:
    """Hold the customers' rows, in order, until the end of the transaction."""
    work.session.connection().execute(
        text(
            "INSERT INTO counter (customer, n, seen) SELECT unnest(CAST(:all AS text[])), 0, '{}'"
            " ON CONFLICT (customer) DO UPDATE SET n = counter.n"
        ),
        {"all": sorted(customers)},
    )


def count(work: UnitOfWork, message: Incoming) -> None:
    """Add the event to its customer's count, and tell the new count."""
    counted = work.session.connection().execute(
        text(
            "UPDATE counter SET n = n + 1, seen = seen || CAST(:id AS text)"
            " WHERE customer = :customer RETURNING n"
        ),
        {"customer": message.key, "id": message.event.id},
    )
    work.fact(
        CustomerErased.TYPE,
        CustomerErased(tables=counted.scalar_one()),
        subject=message.key,
        cause=message.event,
        key=(message.event.source, message.event.id),
    )


def settings_of(database: Database, **changes: Any) -> Settings:
    """The database's settings, changed."""
    settings: Settings = database.settings.model_copy(update=changes)
    return settings


@dataclass
class Worker:
    """One worker of the toy service."""

    context: Context
    counting: Counting
    processor: Processor

    @classmethod
    def of(cls, settings: Settings) -> "Worker":
        """A worker whose business clock stands still. It owns nothing yet."""
        context = Context.from_settings(SERVICE, settings)
        context.clock = Clock(NOW, 1.0, NEVER)
        counting = Counting()
        return cls(context, counting, _processor(context, counting.handle))

    def handle_by(self, handler: Handler) -> "Worker":
        """The same worker with another handler."""
        return Worker(self.context, self.counting, _processor(self.context, handler))

    def take_over(
        self,
        partition: int = 0,
        cluster: str = CLUSTER,
        topic_id: str = TOPIC_ID,
        topic: str = CUSTOMER_EVENTS,
    ) -> Ownership:
        """Own a partition from now on."""
        with Session(self.context.engine) as session:
            own = ledger.take_over(session, topic, partition, cluster, topic_id)
            session.commit()
        self.context.owned[topic, partition] = own
        return own

    def apply(self, records: Sequence[Record]) -> None:
        """Apply a batch of one partition that this worker took over."""
        self.processor.apply(self.context.owned[CUSTOMER_EVENTS, records[0].partition], records)

    def sweep(self, partition: int = 0, limit: int = 500) -> int:
        """Look at what waits in a partition."""
        return self.processor.sweep(self.context.owned[CUSTOMER_EVENTS, partition], limit)


def _processor(context: Context, handler: Handler) -> Processor:
    return Processor(context, {CUSTOMER_EVENTS: handler}, refuses=frozenset({CUSTOMER_EVENTS}))


@dataclass
class World:
    """A database with the toy's table in it, and records to feed its workers."""

    database: Database
    workers: list[Worker] = field(default_factory=list)
    offsets: dict[int, "itertools.count[int]"] = field(default_factory=dict)

    def worker(self, **settings: Any) -> Worker:
        """Another worker of the service."""
        made = Worker.of(settings_of(self.database, **settings))
        if not self.workers:
            with made.context.engine.begin() as connection:
                connection.execute(
                    text("CREATE TABLE counter (customer text PRIMARY KEY, n int, seen text[])")
                )
        self.workers.append(made)
        return made

    def record(
        self,
        event: dict[str, Any] | bytes | None,
        partition: int = 0,
        *,
        key: bytes | None = None,
        headers: Sequence[tuple[str, bytes | None]] = (),
    ) -> Record:
        """The partition's next record: an event in structured mode, or the bytes given."""
        offset = next(self.offsets.setdefault(partition, itertools.count()))
        if isinstance(event, dict):
            key, event = event["subject"].encode(), json.dumps(event).encode()
        return Record(CUSTOMER_EVENTS, partition, offset, key or b"c-1", event, headers)

    def records(self, events: Iterable[dict[str, Any]], partition: int = 0) -> list[Record]:
        """The partition's next records."""
        return [self.record(event, partition) for event in events]

    def counts(self) -> dict[str, int]:
        """What was counted, by customer."""
        rows = self.database.rows("SELECT customer, n FROM segmenter.counter WHERE n > 0")
        return dict(rows)

    def seen(self, customer: str) -> list[str]:
        """The ids of the customer's events, in the order in which they took effect."""
        rows = self.database.rows(
            "SELECT seen FROM segmenter.counter WHERE customer = %s", customer
        )
        return list(rows[0][0]) if rows else []

    def watermark(self, partition: int = 0) -> int:
        """The next offset to apply."""
        rows = self.database.rows(
            "SELECT next_offset FROM segmenter.watermark WHERE topic = %s AND partition = %s",
            CUSTOMER_EVENTS,
            partition,
        )
        return int(rows[0][0])

    def outbox(self, topic: str = OUTREACH_LOG) -> list[dict[str, Any]]:
        """What waits to be published on `topic`, in order."""
        rows = self.database.rows(
            "SELECT messages FROM segmenter.outbox WHERE topic = %s ORDER BY id", topic
        )
        return [json.loads(value) for (page,) in rows for _, value in outbox_rows.unpack(page)]

    def dead_letters(self) -> list[dict[str, Any]]:
        """The data of the dead letters that wait to be published."""
        return [letter["data"] for letter in self.outbox(DEAD_LETTERS)]

    def inbox(self) -> int:
        """How many identities are known."""
        return int(self.database.rows("SELECT count(*) FROM segmenter.inbox")[0][0])

    def parked(self) -> list[int]:
        """The offsets that wait."""
        rows = self.database.rows("SELECT position FROM segmenter.parked ORDER BY position")
        return [int(position) for (position,) in rows]

    def close(self) -> None:
        """Let go of the connections."""
        for worker in self.workers:
            worker.context.engine.dispose()


def binary_headers(event: dict[str, Any]) -> list[tuple[str, bytes]]:
    """The event's attributes as headers of the binary mode."""
    return [(f"ce_{name}", str(value).encode()) for name, value in event.items() if name != "data"]


def event(id: str, customer: str = "c-1", do: str | None = None, **changes: Any) -> dict[str, Any]:
    """An acceptable customer event."""
    return {
        "specversion": "1.0",
        "id": id,
        "source": "/bank",
        "type": "customer.updated",
        "subject": customer,
        "time": NOW.isoformat(),
        "data": {"attributes": {"do": do}} if do else {"locale": "en"},
        **changes,
    }
