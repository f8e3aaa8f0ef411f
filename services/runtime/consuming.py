"""Brings batches of each topic to the processing rule, and follows rebalances.

Faust's own delivery commits an event whose agent raised, and costs about 70 µs an event; so the
worker runs this loop as a service of its Faust app (docs/decisions/0001).
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError
from kafka.errors import KafkaError as AdminError
from sqlmodel import Session

from services.runtime import kafka, ledger, logging, metrics
from services.runtime.backoff import Backoff
from services.runtime.cluster import ClusterIds
from services.runtime.committing import Committing
from services.runtime.context import Context
from services.runtime.database import is_passing
from services.runtime.following import Following
from services.runtime.ledger import Fenced, Ownership
from services.runtime.processing import Batch, Processor
from services.runtime.sweeping import Sweeping, waited_for_database
from services.runtime.takeover import take_over
from services.runtime.turns import Turns

log = logging.get(__name__)

POLL_MS = 50
IDLE_SECONDS = 0.05
# Batches worked on side by side: while one waits for the database, another is decided on.
BATCHES_AT_ONCE = 4
# Polls that fail one after the other, half a second apart, before the worker is started anew.
FAILED_POLLS = 60
# Real seconds the group waits for a worker that is busy with a batch before it goes on without.
MAX_POLL_INTERVAL_MS = 300_000


class Consuming(ConsumerRebalanceListener):  # type: ignore[misc]
    """One service's consumer: start with `run`, end with `stop`."""

    def __init__(
        self,
        context: Context,
        processor: Processor,
        topics: Sequence[str],
        cluster: ClusterIds,
        follows: Sequence[Following] = (),
        rests_on: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`follows`: what must be known before the first message is decided on. `rests_on`: by
        topic, the one that tells of what its messages rest on."""
        self._context = context
        self._processor = processor
        self._topics = list(topics)
        self._cluster = cluster
        self._follows = follows
        self._stopping = asyncio.Event()
        self._hands: dict[TopicPartition, asyncio.Lock] = {}
        self._batches: set[asyncio.Task[None]] = set()
        self._turns = Turns(topics, context.settings.batch_events, rests_on)
        self._newest: dict[str | None, asyncio.Task[None]] = {}
        """By topic, the last batch begun."""
        self._consumer: Any = None
        self._fatal: Exception | None = None
        self._fenced = False
        self._failed_polls = 0

    async def run(self) -> None:
        """Consume until `stop`. Waits for brokers and databases; raises WrongCluster."""
        for one in self._follows:
            if not await one.caught_up(self._stopping):
                return
        await self._start()
        positions = Committing(self._context, self._consumer)
        sweeper = Sweeping(self._context, self._processor, self._hand, self._lose)
        committing = asyncio.create_task(positions.run())
        sweeping = asyncio.create_task(sweeper.run())
        try:
            while not self._stopping.is_set():
                await self._feed()
                if self._fatal is not None:
                    raise self._fatal
                if sweeping.done():
                    sweeping.result()
                if self._fenced:
                    self._join_anew()
        finally:
            if self._batches:
                await asyncio.wait(self._batches)
            for task in (committing, sweeping):
                task.cancel()
            await asyncio.wait({committing, sweeping})
            await positions.commit()
            await self._consumer.stop()

    async def _feed(self) -> None:
        """Poll for each topic in turn, and hand what came over to a thread.

        What several partitions of a topic have goes together into one transaction; another batch
        of the topic is begun besides only while more waits than one can hold. A topic that rests
        on another is polled before that one and applied after it: what its records rest on is
        mostly known then.
        """
        if len(self._batches) >= BATCHES_AT_ONCE:
            await self._one_done()
            return
        held = dict(self._context.owned)
        free = [tp for tp in self._consumer.assignment() if self._is_free(tp)]
        news = {} if self._batches else await self._getmany(free, POLL_MS, 1)
        found: dict[str, dict[TopicPartition, list[Any]]] = {}
        for topic in self._turns.may_begin() if self._batches or news else ():
            own = [tp for tp in free if tp.topic == topic]
            if records := await self._poll(topic, own, news):
                found[topic] = records
        for topic in reversed(found):
            self._begin(topic, found[topic], held)
        await self._note_progress(free, {tp for one in found.values() for tp in one})
        if not found and self._batches:
            await self._one_done()

    def _is_free(self, tp: TopicPartition) -> bool:
        return self._turns.is_free(tp) and not self._hand(tp).locked()

    def _begin(
        self,
        topic: str,
        found: Mapping[TopicPartition, list[Any]],
        held: Mapping[tuple[str, int], Ownership],
    ) -> None:
        """Work on a batch; its partitions are not polled until it is done."""
        self._turns.begin(topic, {tp: len(records) for tp, records in found.items()})
        first = self._newest.get(self._turns.rests_on(topic))

        async def take() -> None:
            try:
                if first is not None:
                    await asyncio.wait({first})
                await self._take(found, held)
            finally:
                self._turns.end(found)

        self._newest[topic] = task = asyncio.create_task(take())
        self._batches.add(task)

    async def _note_progress(
        self, free: Sequence[TopicPartition], polled: Collection[TopicPartition]
    ) -> None:
        """Remember when partitions were applied to their ends.

        The broker's word on the end counts for the instant at which it was given, and only once
        all until there is applied.
        """
        for tp in free:
            own = self._context.owned.get((tp.topic, tp.partition))
            if own is None or tp not in self._consumer.assignment():
                continue
            end, at = self._consumer.highwater(tp), self._consumer.last_poll_timestamp(tp)
            if end is None or not at:
                continue
            reached = max(own.next_offset, own.passed)
            if tp not in polled:
                # Records that are no events (a transaction's end) move the position alone.
                reached = max(reached, await self._consumer.position(tp))
            own.progress(datetime.fromtimestamp(at / 1000, UTC), end, reached)

    async def _one_done(self) -> None:
        """Wait a moment for one of the batches in hand; raise what it raised."""
        done, self._batches = await asyncio.wait(
            self._batches, timeout=IDLE_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        for task in done:
            task.result()

    def _hand(self, tp: TopicPartition) -> asyncio.Lock:
        """Held by whoever works on the partition: a batch, a sweep, a rebalance."""
        return self._hands.setdefault(tp, asyncio.Lock())

    def stop(self) -> None:
        """End `run` after the batch in hand."""
        self._stopping.set()

    async def _start(self) -> None:
        settings = self._context.settings
        backoff = Backoff(self._context.clock)
        while True:
            self._consumer = AIOKafkaConsumer(
                **kafka.connection(settings),
                group_id=f"rapport-{self._context.service}",
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                session_timeout_ms=settings.kafka_session_timeout * 1000,
                rebalance_timeout_ms=settings.kafka_session_timeout * 1000,
                heartbeat_interval_ms=settings.kafka_session_timeout * 1000 // 4,
                max_poll_interval_ms=MAX_POLL_INTERVAL_MS,
                max_partition_fetch_bytes=8 << 20,
                partition_assignment_strategy=(RangePartitionAssignor,),
                fetch_max_wait_ms=100,
            )
            try:
                await self._consumer.start()
                break
            except (KafkaError, OSError) as error:
                self._context.health.down("broker", f"not reached: {type(error).__name__}")
                await self._consumer.stop()
                if await backoff.wait(self._stopping):
                    return
        self._context.health.up("broker")
        self._consumer.subscribe(self._topics, listener=self)

    async def _poll(
        self,
        topic: str,
        partitions: Sequence[TopicPartition],
        news: Mapping[TopicPartition, list[Any]],
    ) -> dict[TopicPartition, list[Any]]:
        """What there is for one batch: of these partitions, those served longest ago first.

        news: what was polled already.
        """
        found = {tp: news[tp] for tp in partitions if tp in news}
        room = self._turns.room(topic) - sum(map(len, found.values()))
        for tp in self._turns.in_turn(partitions):
            if room <= 0:
                break
            records = (await self._getmany((tp,), 0, room)).get(tp, [])
            room -= len(records)
            if records:
                found[tp] = [*found.get(tp, ()), *records]
        return found

    async def _getmany(
        self, partitions: Sequence[TopicPartition], timeout_ms: int, most: int
    ) -> dict[TopicPartition, list[Any]]:
        """Records of these partitions; waits for the first of them so long."""
        if not partitions:
            await asyncio.sleep(min(timeout_ms / 1000, IDLE_SECONDS))
            return {}
        try:
            found = await self._consumer.getmany(
                *partitions, timeout_ms=timeout_ms, max_records=most
            )
        except KafkaError as error:
            self._failed_polls += 1
            if self._failed_polls > FAILED_POLLS:
                raise
            self._context.health.down("broker", f"poll failed: {type(error).__name__}")
            await asyncio.sleep(0.5)
            return {}
        self._failed_polls = 0
        return dict(found)

    async def _take(
        self,
        found: Mapping[TopicPartition, list[Any]],
        held: Mapping[tuple[str, int], Ownership],
    ) -> None:
        """Apply what was polled under the ownerships that hold now."""
        async with AsyncExitStack() as hands:
            batches = []
            for tp in sorted(found):
                await hands.enter_async_context(self._hand(tp))
                own = self._context.owned.get((tp.topic, tp.partition))
                if own is None:
                    continue
                if own is not held.get((tp.topic, tp.partition)):
                    # Polled before the seek to the watermark: it may begin behind it, and leave a
                    # gap.
                    self._consumer.seek(tp, own.next_offset)
                    continue
                batches.append(Batch(own, found[tp]))
            if batches:
                await self._apply(batches)

    async def _apply(self, batches: Sequence[Batch]) -> None:
        topic, newest = batches[0].own.topic, max(one.records[-1].timestamp for one in batches)
        backoff = Backoff(self._context.clock)
        begun = self._context.clock.monotonic()
        while not self._stopping.is_set():
            try:
                await asyncio.to_thread(self._processor.apply_all, batches)
            except Fenced:
                if len(batches) > 1:
                    # Alone, each tells for itself.
                    for batch in batches:
                        await self._apply([batch])
                    return
                own = batches[0].own
                metrics.FENCED.inc()
                if await self._still_owned(own):
                    continue
                self._lose(own)
                return
            except Exception as error:
                if not is_passing(error):
                    raise
                waited_for_database(self._context, error)
                if await backoff.wait(self._stopping):
                    return
                continue
            self._context.health.up("database")
            seconds = self._context.clock.monotonic() - begun
            self._turns.took(topic, sum(len(one.records) for one in batches), seconds)
            metrics.BATCH_SECONDS.labels(topic).observe(seconds)
            lag = self._context.clock.real().timestamp() - newest / 1000
            metrics.REAL_LAG_SECONDS.labels(topic).set(lag)
            return

    async def _still_owned(self, own: Ownership) -> bool:
        """Whether only the answer to a commit was lost; then `own` is where the database is."""

        def read() -> int | None:
            with Session(self._context.engine) as session:
                return ledger.next_offset(session, own)

        at = await asyncio.to_thread(read)
        if at is None or at <= own.next_offset:
            return False
        own.next_offset = at
        return True

    def _lose(self, own: Ownership) -> None:
        log.warning("fenced", topic=own.topic, partition=own.partition)
        self._context.owned.pop((own.topic, own.partition), None)
        self._fenced = True

    def _join_anew(self) -> None:
        """Ask the group who owns what, since another worker took over a partition of ours.

        It knows already, as a rule. But one that took over late and died would leave the
        partition to nobody, for the group does not see epochs.
        """
        self._fenced = False
        self._consumer.subscribe(self._topics, listener=self)

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """Let the batches in hand finish before another worker takes over."""
        for tp in revoked:
            async with self._hand(tp):
                self._context.owned.pop((tp.topic, tp.partition), None)

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Raise the epochs, and go on from the watermarks, whatever Kafka has committed."""
        backoff = Backoff(self._context.clock)
        while not self._stopping.is_set():
            try:
                owned = await self._take_over(assigned)
                break
            except Exception as error:
                if isinstance(error, KafkaError | AdminError):
                    self._context.health.down("broker", f"waited for: {type(error).__name__}")
                elif is_passing(error):
                    waited_for_database(self._context, error)
                else:
                    # The driver would only log it, and this worker would own nothing for ever.
                    self._fatal = error
                    return
                await backoff.wait(self._stopping)
        else:
            return
        for own in owned:
            tp = TopicPartition(own.topic, own.partition)
            self._consumer.seek(tp, own.next_offset)
            self._context.owned[own.topic, own.partition] = own
        self._context.health.up("database")
        self._context.health.up("partitions")
        log.info("partitions assigned", count=len(owned))

    async def _take_over(self, assigned: Sequence[TopicPartition]) -> list[Ownership]:
        cluster_id, topic_ids = await self._cluster.ids(self._topics)
        return await asyncio.to_thread(
            take_over, self._context.engine, sorted(assigned), cluster_id, topic_ids
        )
