"""What the runtime relies on, on each broker: where they differ, `docs/decisions/` says how."""

import asyncio
from collections.abc import Coroutine
from contextlib import closing
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from support.broker import Broker
from support.polling import poll_until

LANE = TopicPartition("facts", 0)
MEBIBYTE = 2**20


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 60))


def create(broker: Broker, partitions: int = 1) -> str:
    """Create the topic; its id."""
    topic = NewTopic(
        LANE.topic,
        num_partitions=partitions,
        replication_factor=1,
        topic_configs={"max.message.bytes": str(4 * MEBIBYTE)},
    )
    with closing(KafkaAdminClient(bootstrap_servers=broker.address)) as admin:
        admin.create_topics([topic])
        # The broker may answer before it has heard of the topic itself.
        return str(
            poll_until(
                lambda: admin.describe_topics([LANE.topic])[0]["topic_id"],
                10,
                "the topic has no id yet",
            )
        )


def producer(broker: Broker) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        bootstrap_servers=broker.address, acks="all", max_request_size=8 * MEBIBYTE
    )


def consumer(broker: Broker, *topics: str, **settings: Any) -> AIOKafkaConsumer:
    settings = {"auto_offset_reset": "earliest", "enable_auto_commit": False} | settings
    return AIOKafkaConsumer(*topics, bootstrap_servers=broker.address, **settings)


async def produce(broker: Broker, batches: int, records: int) -> list[int]:
    """Write so many batches of so many records; the offset of each batch's first record."""
    firsts = []
    async with producer(broker) as sending:
        for _ in range(batches):
            batch = sending.create_batch()
            for number in range(records):
                batch.append(key=b"key", value=b"%d" % number, timestamp=None)
            batch.close()
            sent = await sending.send_batch(batch, LANE.topic, partition=LANE.partition)
            firsts.append((await sent).offset)
    return firsts


async def read(reading: AIOKafkaConsumer, count: int) -> list[int]:
    """The offsets of the next `count` records."""
    offsets: list[int] = []
    while len(offsets) < count:
        polled = await reading.getmany(timeout_ms=200)
        offsets.extend(record.offset for records in polled.values() for record in records)
    return offsets


def test_a_topic_created_again_has_another_id(broker: Broker) -> None:
    first = create(broker)
    with closing(KafkaAdminClient(bootstrap_servers=broker.address)) as admin:
        cluster = admin.describe_cluster()["cluster_id"]
        admin.delete_topics([LANE.topic])
    assert cluster
    assert create(broker) != first


def test_a_value_of_two_mebibytes_arrives_whole(broker: Broker) -> None:
    create(broker)
    value = b"x" * 2 * MEBIBYTE

    async def work() -> None:
        async with producer(broker) as sending:
            await sending.send_and_wait(LANE.topic, value, partition=0)
        async with consumer(broker, auto_offset_reset="earliest") as reading:
            reading.assign([LANE])
            record = await reading.getone()
            assert record.value == value

    run(work())


def test_batches_keep_their_order_and_any_record_can_be_sought(broker: Broker) -> None:
    create(broker)

    async def work() -> None:
        assert await produce(broker, batches=3, records=100) == [0, 100, 200]
        async with consumer(broker) as reading:
            reading.assign([LANE])
            assert await read(reading, 300) == list(range(300))
            assert reading.highwater(LANE) == 300
            reading.seek(LANE, 150)
            assert await read(reading, 150) == list(range(150, 300))

    run(work())


def test_what_a_group_committed_is_found_again(broker: Broker) -> None:
    create(broker, partitions=2)
    group = {
        "group_id": "readers",
        "session_timeout_ms": 2000,
        "rebalance_timeout_ms": 2000,
        "heartbeat_interval_ms": 300,
    }

    async def work() -> None:
        async with consumer(broker, LANE.topic, **group) as reading:
            assert len(reading.assignment()) == 2
            await reading.commit({LANE: 7})
        async with consumer(broker, LANE.topic, **group) as reading:
            assert await reading.committed(LANE) == 7

    run(work())


@pytest.mark.brokers("kafka")
def test_kafka_keeps_everything_over_a_crash_and_clients_go_on(broker: Broker) -> None:
    identity = create(broker)

    async def work() -> None:
        async with producer(broker) as sending, consumer(broker) as reading:
            reading.assign([LANE])
            await sending.send_and_wait(LANE.topic, b"before", partition=0)
            await asyncio.to_thread(broker.kill)
            waiting = asyncio.create_task(
                sending.send_and_wait(LANE.topic, b"meanwhile", partition=0)
            )
            await asyncio.to_thread(broker.start)
            assert (await waiting).offset == 1
            assert await read(reading, 2) == [0, 1]

    run(work())
    with closing(KafkaAdminClient(bootstrap_servers=broker.address)) as admin:
        assert str(admin.describe_topics([LANE.topic])[0]["topic_id"]) == identity


@pytest.mark.brokers("embedded")
def test_tansu_forgets_everything_and_says_so_by_its_cluster_id(broker: Broker) -> None:
    create(broker)

    def cluster() -> tuple[str, list[str]]:
        with closing(KafkaAdminClient(bootstrap_servers=broker.address)) as admin:
            return str(admin.describe_cluster()["cluster_id"]), list(admin.list_topics())

    before, topics = cluster()
    assert topics == [LANE.topic]
    broker.kill()
    broker.start()
    after, topics = cluster()
    assert after != before
    assert topics == []
