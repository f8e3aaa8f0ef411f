"""Reads topics from their beginning with kafka-python, outside every consumer group."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from services.runtime.clock import Clock

QUIET_SECONDS = 2.0
"""How long no record may come before a topic counts as read: end offsets can't be trusted."""

_POLL_MS = 250


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


def read_until_quiet(
    topic: str, connection: dict[str, Any], quiet_seconds: float = QUIET_SECONDS
) -> Iterator[Raw]:
    """Every record of `topic` that was there when the reading began, in order within a partition.

    Records written meanwhile come too, but do not keep the reading going: it ends once none of
    the older ones has come for `quiet_seconds`. Raises TopicMissing, and kafka.errors.KafkaError
    where the broker can't be reached.
    """
    clock = Clock()
    began_ms = clock.real().timestamp() * 1000
    consumer = _consumer(topic, connection)
    try:
        heard = clock.monotonic()
        while clock.monotonic() - heard < quiet_seconds:
            for record in _poll(consumer):
                if record.timestamp_ms <= began_ms:
                    heard = clock.monotonic()
                yield record
    finally:
        consumer.close()


def read_to_end(topic: str, connection: dict[str, Any]) -> Iterator[Raw]:
    """Every record of a topic of one partition that is there now, at once.

    The end is the high watermark that comes with what is fetched: that one is right everywhere.
    Raises as `read_until_quiet` does.
    """
    consumer = _consumer(topic, connection)
    place = TopicPartition(topic, 0)
    try:
        end = None
        while end is None or consumer.position(place) < end:
            yield from _poll(consumer)
            end = consumer.highwater(place) if end is None else end
    finally:
        consumer.close()


def follow(topic: str, connection: dict[str, Any]) -> Iterator[Raw | None]:
    """Every record of `topic` from its beginning, for ever; None whenever nothing new has come.

    Raises as `read_until_quiet` does.
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
