"""Reads a compacted topic of one partition from its beginning, and follows it.

Every worker reads all of it, without a group. The end is where the broker's high watermark stood
in the answer to a fetch: on every broker that is right, unlike the end offset it lists.
"""

import asyncio
from collections.abc import Callable
from traceback import format_tb
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from kafka.errors import KafkaError as AdminError

from schemas.errors import Rejection
from schemas.topics import DEAD_LETTERS
from services.runtime import kafka, ledger, logging, metrics
from services.runtime.backoff import Backoff
from services.runtime.cluster import ClusterIds
from services.runtime.context import Context
from services.runtime.database import is_passing
from services.runtime.ids import derive
from services.runtime.incoming import read
from services.runtime.messages import Incoming
from services.runtime.records import Record
from services.runtime.refusing import dead_letter_of

log = logging.get(__name__)

POLL_MS = 500


class Following:
    """One worker's reader of one compacted topic: start with `run`, end with `stop`."""

    def __init__(
        self, context: Context, topic: str, apply: Callable[[Incoming], None], *, refuses: bool
    ) -> None:
        """apply: takes in one record, in a thread; a repeat must change nothing; raises Rejection.

        refuses: this service puts what can't be accepted in dead.letters, once.
        """
        self._context = context
        self._topic = topic
        self._apply = apply
        self._refuses = refuses
        self._stopping = asyncio.Event()
        self._read = asyncio.Event()
        self._consumer: Any = None
        context.health.down(topic, "not read yet")

    async def run(self) -> None:
        """Follow until `stop`. Waits for a broker or database that is away."""
        if not await self._start():
            return
        place = TopicPartition(self._topic, 0)
        backoff = Backoff(self._context.clock)
        try:
            while not self._stopping.is_set():
                try:
                    batches = await self._consumer.getmany(place, timeout_ms=POLL_MS)
                    await self._note_end(place, batches)
                except KafkaError as error:
                    log.info("not followed", topic=self._topic, error=type(error).__name__)
                    await backoff.wait(self._stopping)
                    continue
                backoff = Backoff(self._context.clock)
        finally:
            await self._close()

    def stop(self) -> None:
        """End `run` after the record in hand."""
        self._stopping.set()

    async def caught_up(self, stopping: asyncio.Event) -> bool:
        """Wait until all is read that stood there at the start; False where `stopping` came."""
        waits = [asyncio.create_task(one.wait()) for one in (self._read, stopping)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for one in waits:
            one.cancel()
        return self._read.is_set() and not stopping.is_set()

    async def _start(self) -> bool:
        cluster = ClusterIds(self._context.settings)
        backoff = Backoff(self._context.clock)
        while True:
            self._consumer = AIOKafkaConsumer(
                **kafka.connection(self._context.settings),
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                max_partition_fetch_bytes=8 << 20,
                fetch_max_wait_ms=POLL_MS,
            )
            try:
                # Asked for first: some brokers make a topic that they do not know when it is read.
                await cluster.ids([self._topic])
                await self._consumer.start()
            except (KafkaError, AdminError, OSError) as error:
                self._context.health.down(self._topic, f"not reached: {type(error).__name__}")
                await self._close()
                if await backoff.wait(self._stopping):
                    return False
                continue
            place = TopicPartition(self._topic, 0)
            self._consumer.assign([place])
            await self._consumer.seek_to_beginning(place)
            return True

    async def _close(self) -> None:
        try:
            await self._consumer.stop()
        except asyncio.CancelledError:
            # The driver's own, from a fetch that waited for a broker that is away.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise

    async def _note_end(self, place: TopicPartition, batches: Any) -> None:
        for record in batches.get(place, ()):
            await self._take(record)
        if self._read.is_set():
            return
        end = self._consumer.highwater(place)
        if end == 0:
            self._context.health.down(self._topic, "nothing is published yet")
        elif end is not None and await self._consumer.position(place) >= end:
            self._read.set()
            self._context.health.up(self._topic)
            log.info("caught up", topic=self._topic, offset=end)

    async def _take(self, record: Any) -> None:
        backoff = Backoff(self._context.clock)
        while not self._stopping.is_set():
            try:
                await asyncio.to_thread(self._take_in, record)
                return
            except Exception as error:
                if not is_passing(error):
                    raise
                self._context.health.down("database", f"waited for: {type(error).__name__}")
                await backoff.wait(self._stopping)

    def _take_in(self, record: Record) -> None:
        try:
            self._apply(read(record))
        except Rejection as rejection:
            self._refuse(record, rejection)
        except Exception as error:
            if is_passing(error):
                raise
            # Only where it failed: what it says may quote the record.
            trace = format_tb(error.__traceback__)
            log.error("a record could not be taken in", topic=self._topic, trace=trace)
            what = f"Taking this in raised {type(error).__name__}; mend it and publish it again."
            self._refuse(record, Rejection("processing_error", what))
        else:
            metrics.FOLLOWED.labels(self._topic, "applied").inc()

    def _refuse(self, record: Record, rejection: Rejection) -> None:
        """Go on as if it had not come, but say so: what was in force before still is."""
        log.error(
            "a record is ignored",
            topic=self._topic,
            offset=record.offset,
            code=rejection.code,
            detail=rejection.detail,
        )
        metrics.FOLLOWED.labels(self._topic, "rejected").inc()
        if not self._refuses:
            return
        with self._context.unit() as work:
            identity = derive("dead.letter", record.topic, record.partition, record.offset)
            if ledger.first_seen(work.session, [identity], work.real_now):
                letter = dead_letter_of(record, rejection, work, self._context.service)
                work.emit(DEAD_LETTERS, letter)
