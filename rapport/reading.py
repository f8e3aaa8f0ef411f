"""Reads topics from their beginning with kafka-python, outside every consumer group."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError

from services.runtime.clock import Clock

PATIENCE_SECONDS = 30.0
"""How long a broker that was reached may be silent before the reading is given up."""

_POLL_MS = 100


class TopicMissing(RuntimeError):
    """The broker answers, but has no such topic."""


@dataclass(frozen=True, slots=True)
class Raw:
    """One record as the broker keeps it; `timestamp_ms` is real time, Unix milliseconds."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


def read_to_end(topic: str, connection: dict[str, Any]) -> Iterator[Raw]:
    """Every record of `topic` that was there when the reading began, in order within a partition.

    The end of a partition is the high watermark that came with what was first fetched of it: that
    is right on every broker, unlike the end offset it lists. Some newer records may come, too.
    Raises TopicMissing, and kafka.errors.KafkaError where the broker can't be reached, or says
    nothing for too long.
    """
    clock = Clock()
    consumer = _consumer(topic, connection)
    ends: dict[TopicPartition, int | None] = dict.fromkeys(consumer.assignment())
    try:
        heard = clock.monotonic()
        while ends:
            records = _poll(consumer)
            yield from records
            before = dict(ends)
            for place, end in before.items():
                ends[place] = consumer.highwater(place) if end is None else end
            if records or ends != before:
                heard = clock.monotonic()
            elif clock.monotonic() - heard > PATIENCE_SECONDS:
                raise KafkaTimeoutError(f"{topic}: the broker has said nothing for too long")
            ends = {
                place: end
                for place, end in ends.items()
                if end is None or consumer.position(place) < end
            }
    finally:
        consumer.close()


def follow(topic: str, connection: dict[str, Any]) -> Iterator[Raw | None]:
    """Every record of `topic` from its beginning, for ever; None whenever nothing new has come.

    Raises as `read_to_end` does.
    """
    consumer = _consumer(topic, connection)
    try:
        while True:
            records = _poll(consumer)
            yield from records
            if not records:
                yield None
    finally:
        consumer.close()


def _consumer(topic: str, connection: dict[str, Any]) -> KafkaConsumer:
    consumer = KafkaConsumer(
        **connection,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        allow_auto_create_topics=False,
        fetch_max_wait_ms=100,
        max_partition_fetch_bytes=4 << 20,
        max_poll_records=5000,
        metrics_enabled=False,
    )
    partitions = consumer.partitions_for_topic(topic)
    if not partitions:
        consumer.close()
        raise TopicMissing(f"the broker has no topic {topic}: create it with `rapport topics`")
    assigned = [TopicPartition(topic, partition) for partition in sorted(partitions)]
    consumer.assign(assigned)
    consumer.seek_to_beginning(*assigned)
    return consumer


def _poll(consumer: KafkaConsumer) -> list[Raw]:
    batches = consumer.poll(timeout_ms=_POLL_MS)
    return [
        Raw(
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            timestamp_ms=record.timestamp,
            key=record.key,
            value=record.value,
            headers=tuple(record.headers or ()),
        )
        for records in batches.values()
        for record in records
    ]
