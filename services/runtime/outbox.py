"""Publishes what committed transactions caused: in order, at least once, with stable ids.

One publisher a worker serves the lanes it owns. Rows are removed in the transaction that reads
the next batch, after the broker's acknowledgement; a crash in between publishes them again.
"""

import asyncio
import os
from collections.abc import Sequence
from itertools import chain
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError
from sqlmodel import Session

from schemas.topics import declared
from services.runtime import kafka, ledger, logging, metrics
from services.runtime.backoff import Backoff
from services.runtime.context import Context
from services.runtime.database import is_passing
from services.runtime.ledger import Message, OutboxRow

log = logging.get(__name__)

# Of up to a page each (ledger.PAGE_BYTES).
ROWS_A_PASS = 1500
IDLE_SECONDS = 0.1
# How long a worker that ends still waits for a broker. What is not acknowledged stays in its table.
LAST_SECONDS = 2.0
# An outbox row carries a publisher's oversized value inside a dead letter, base64-encoded.
LARGEST_REQUEST = 8 << 20
BATCH_BYTES = 256 << 10
PARTITIONS = {name: topic.partitions for name, topic in declared(os.environ).items()}
HEADERS = [("content-type", b"application/cloudevents+json; charset=UTF-8")]


class Publisher:
    """One worker's publisher: start with `run`, end with `stop`."""

    def __init__(self, context: Context, lead_topic: str) -> None:
        self._context = context
        self._lead_topic = lead_topic
        self._stopping = asyncio.Event()
        self._producer: Any = None

    async def run(self) -> None:
        """Publish until `stop`, then once more for what is left. Waits for what is down."""
        if not await self._start():
            return
        acknowledged: list[int] = []
        backoff = Backoff(self._context.clock)
        try:
            while True:
                try:
                    rows = await asyncio.to_thread(self._next_batch, acknowledged)
                    acknowledged = []
                    await self._publish(rows)
                    acknowledged = [row.id for row in rows]
                except Exception as error:
                    if not (is_passing(error) or isinstance(error, KafkaError)):
                        raise
                    self._waiting_for(error)
                    if await backoff.wait(self._stopping):
                        return
                    continue
                backoff = Backoff(self._context.clock)
                if rows:
                    self._context.health.up("broker")
                elif self._stopping.is_set():
                    return
                else:
                    await self._context.outbox_filled(IDLE_SECONDS)
        finally:
            await self._close()

    def stop(self) -> None:
        """End `run` once the outbox of the owned lanes is empty, or what is down stays down."""
        self._stopping.set()
        self._context.wake_publisher()

    async def _start(self) -> bool:
        backoff = Backoff(self._context.clock)
        while True:
            self._producer = AIOKafkaProducer(
                **kafka.connection(self._context.settings),
                # Not idempotent: a retried batch keeps its place (one in flight a partition), its
                # repeat carries the same ids, and the embedded broker knows no producer ids.
                acks="all",
                max_request_size=LARGEST_REQUEST,
                max_batch_size=BATCH_BYTES,
                request_timeout_ms=15_000,
            )
            try:
                await self._producer.start()
                return True
            except (KafkaError, OSError) as error:
                self._context.health.down("broker", f"not reached: {type(error).__name__}")
                await self._producer.stop()
                if await backoff.wait(self._stopping):
                    return False

    def _next_batch(self, acknowledged: Sequence[int]) -> list[OutboxRow]:
        owned = self._context.owned_lanes(self._lead_topic)
        with Session(self._context.engine) as session:
            ledger.remove_from_outbox(session, acknowledged)
            rows = ledger.outbox_batch(session, self._lead_topic, owned, ROWS_A_PASS)
            session.commit()
        metrics.OUTBOX_ROWS.set(sum(len(row.messages) for row in rows))
        return rows

    async def _publish(self, rows: Sequence[OutboxRow]) -> None:
        by_partition: dict[tuple[str, int], list[OutboxRow]] = {}
        for row in rows:
            place = row.topic, row.lane % PARTITIONS[row.topic]
            by_partition.setdefault(place, []).append(row)
        pending = []
        for (topic, partition), group in by_partition.items():
            pending += await self._send(topic, partition, group)
        await self._acknowledged(pending)
        for (topic, _), group in by_partition.items():
            metrics.PUBLISHED.labels(topic).inc(sum(len(row.messages) for row in group))

    async def _acknowledged(self, pending: Sequence["asyncio.Future[Any]"]) -> None:
        """Wait for the broker; one that is away for no more than a moment once told to stop."""
        stopping: asyncio.Future[Any] = asyncio.create_task(self._stopping.wait())
        answers: asyncio.Future[Any] = asyncio.gather(*pending)
        try:
            await asyncio.wait({answers, stopping}, return_when=asyncio.FIRST_COMPLETED)
            last = LAST_SECONDS if self._stopping.is_set() else None
            await asyncio.wait_for(answers, last)
        except TimeoutError:
            raise KafkaTimeoutError("not acknowledged before the end") from None
        finally:
            stopping.cancel()

    async def _close(self) -> None:
        try:
            await asyncio.wait_for(self._producer.stop(), LAST_SECONDS)
        except TimeoutError:
            log.info("stopped without the broker's answer")

    async def _send(
        self, topic: str, partition: int, rows: Sequence[OutboxRow]
    ) -> list["asyncio.Future[Any]"]:
        sent = []
        batch = self._producer.create_batch()
        for message in chain.from_iterable(row.messages for row in rows):
            if _append(batch, message) is None:
                sent.append(await self._send_batch(batch, topic, partition))
                batch = self._producer.create_batch()
                _append(batch, message)
        sent.append(await self._send_batch(batch, topic, partition))
        return sent

    async def _send_batch(self, batch: Any, topic: str, partition: int) -> "asyncio.Future[Any]":
        batch.close()
        future: asyncio.Future[Any] = await self._producer.send_batch(
            batch, topic, partition=partition
        )
        return future

    def _waiting_for(self, error: BaseException) -> None:
        part = "broker" if isinstance(error, KafkaError) else "database"
        metrics.RETRIES.labels(part).inc()
        self._context.health.down(part, f"waited for: {type(error).__name__}")


def _append(batch: Any, message: Message) -> Any:
    key, value = message
    return batch.append(key=key.encode(), value=value, timestamp=None, headers=HEADERS)
