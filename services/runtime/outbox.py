"""Publishes what committed transactions caused: in order, at least once, with stable ids.

One publisher a worker serves the lanes it owns. While the broker works on one pass, the next is
read and packed, and sent once the first is acknowledged. Rows are removed in the transaction that
reads another pass, after the acknowledgement; a crash in between publishes them again.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError
from sqlmodel import Session

from schemas.topics import declared
from services.runtime import kafka, logging, metrics, outbox_rows
from services.runtime.backoff import Backoff
from services.runtime.context import Context
from services.runtime.database import is_passing
from services.runtime.outbox_rows import Message, OutboxLane

log = logging.get(__name__)

# Of up to a page each (outbox_rows.PAGE_BYTES).
ROWS_A_PASS = 1500
# Rows of this worker's own transactions wake its publisher; others' are found by looking.
IDLE_SECONDS = 0.1
# Where it owns every lane, there are no others, but for a moment at a rebalance.
ALONE_SECONDS = 0.5
# How long a worker that ends still waits for a broker. What is not acknowledged stays in its table.
LAST_SECONDS = 2.0
# An outbox row carries a publisher's oversized value inside a dead letter, base64-encoded.
LARGEST_REQUEST = 8 << 20
BATCH_BYTES = 256 << 10
PARTITIONS = {name: topic.partitions for name, topic in declared(os.environ).items()}
HEADERS = [("content-type", b"application/cloudevents+json; charset=UTF-8")]


@dataclass(frozen=True)
class _Pass:
    """Rows read together, packed for the broker: (topic, partition, batch), in order."""

    ids: Sequence[int] = ()
    batches: Sequence[tuple[str, int, Any]] = ()
    messages: Counter[str] = field(default_factory=Counter)
    """How many, by topic."""

    def __bool__(self) -> bool:
        return bool(self.ids)

    @property
    def full(self) -> bool:
        """Whether more may wait than was read."""
        return len(self.ids) >= ROWS_A_PASS


class Publisher:
    """One worker's publisher: start with `run`, end with `stop`."""

    def __init__(self, context: Context, lead_topic: str) -> None:
        self._context = context
        self._lead_topic = lead_topic
        self._stopping = asyncio.Event()
        self._producer: Any = None
        self._acknowledged: Sequence[int] = ()
        """Rows that the broker has, and the outbox still."""

    async def run(self) -> None:
        """Publish until `stop`, then once more for what is left. Waits for what is down."""
        if not await self._start():
            return
        backoff = Backoff(self._context.clock)
        try:
            while True:
                try:
                    published = await self._publish_what_waits()
                except Exception as error:
                    if not (is_passing(error) or isinstance(error, KafkaError)):
                        raise
                    self._waiting_for(error)
                    if await backoff.wait(self._stopping):
                        return
                    continue
                backoff = Backoff(self._context.clock)
                if published:
                    self._context.health.up("broker")
                elif self._stopping.is_set():
                    return
                else:
                    await self._context.outbox_filled(self._patience())
        finally:
            await self._close()

    def _patience(self) -> float:
        owned = len(self._context.owned_lanes(self._lead_topic))
        return ALONE_SECONDS if owned == PARTITIONS[self._lead_topic] else IDLE_SECONDS

    async def _publish_what_waits(self) -> bool:
        """Publish pass after pass, while they are full; whether there was any."""
        now = await asyncio.to_thread(self._read)
        if not now:
            return False
        while now:
            delivery = asyncio.create_task(self._deliver(now))
            try:
                following = await asyncio.to_thread(self._read, now.ids) if now.full else _Pass()
            finally:
                await delivery
                self._acknowledged = [*self._acknowledged, *now.ids]
            now = following
        return True

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

    def _read(self, in_flight: Sequence[int] = ()) -> _Pass:
        """Drop what the broker has, and read and pack what waits, but for what is `in_flight`."""
        owned = self._context.owned_lanes(self._lead_topic)
        with Session(self._context.engine) as session:
            outbox_rows.remove(session, self._acknowledged)
            lanes = outbox_rows.batch(session, self._lead_topic, owned, ROWS_A_PASS, in_flight)
            session.commit()
        self._acknowledged = ()
        packed = self._packed(lanes)
        metrics.OUTBOX_ROWS.set(packed.messages.total())
        return packed

    def _packed(self, lanes: Sequence[OutboxLane]) -> _Pass:
        ids: list[int] = []
        batches: list[tuple[str, int, Any]] = []
        messages: Counter[str] = Counter()
        for lane in lanes:
            ids += lane.ids
            messages[lane.topic] += len(lane.messages)
            partition = lane.lane % PARTITIONS[lane.topic]
            batches += [(lane.topic, partition, batch) for batch in self._batches(lane.messages)]
        return _Pass(ids, batches, messages)

    def _batches(self, messages: Iterable[Message]) -> Iterator[Any]:
        batch = self._producer.create_batch()
        for message in messages:
            if _append(batch, message) is None:
                yield batch
                batch = self._producer.create_batch()
                _append(batch, message)
        batch.close()
        yield batch

    async def _deliver(self, packed: _Pass) -> None:
        """Send, and wait for the broker; once told to stop, no more than a moment."""
        stopping: asyncio.Future[Any] = asyncio.create_task(self._stopping.wait())
        answers: asyncio.Future[Any] = asyncio.create_task(self._send(packed))
        try:
            await asyncio.wait({answers, stopping}, return_when=asyncio.FIRST_COMPLETED)
            last = LAST_SECONDS if self._stopping.is_set() else None
            await asyncio.wait_for(answers, last)
        except TimeoutError:
            raise KafkaTimeoutError("not acknowledged before the end") from None
        finally:
            stopping.cancel()
        for topic, count in packed.messages.items():
            metrics.PUBLISHED.labels(topic).inc(count)

    async def _send(self, packed: _Pass) -> None:
        pending = [
            await self._producer.send_batch(batch, topic, partition=partition)
            for topic, partition, batch in packed.batches
        ]
        await asyncio.gather(*pending)

    async def _close(self) -> None:
        try:
            await asyncio.wait_for(self._producer.stop(), LAST_SECONDS)
        except TimeoutError:
            log.info("stopped without the broker's answer")

    def _waiting_for(self, error: BaseException) -> None:
        part = "broker" if isinstance(error, KafkaError) else "database"
        metrics.RETRIES.labels(part).inc()
        self._context.health.down(part, f"waited for: {type(error).__name__}")


def _append(batch: Any, message: Message) -> Any:
    key, value = message
    return batch.append(key=key.encode(), value=value, timestamp=None, headers=HEADERS)
