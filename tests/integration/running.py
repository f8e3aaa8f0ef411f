"""The toy service as its worker runs it: one consumer and one publisher, in a thread."""

import asyncio
import json
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from kafka import KafkaProducer
from processing_world import Worker

from rapport.reading import Raw, read_to_end
from rapport.topics import create_topics
from schemas.topics import CUSTOMER_EVENTS, OUTREACH_LOG
from services.runtime.cluster import ClusterIds
from services.runtime.consuming import Consuming
from services.runtime.outbox import Publisher
from services.runtime.partitioning import PARTITIONS
from services.runtime.settings import Settings
from support.broker import Broker
from support.polling import poll_until

SESSION_SECONDS = 2
"""The embedded broker waits for half of it before it lets a first member in."""


def on(broker: Broker) -> dict[str, Any]:
    """Settings of a worker on that broker, whose topics are created."""
    create_topics(Settings(kafka_bootstrap_servers=broker.address))
    return {
        "kafka_bootstrap_servers": broker.address,
        "kafka_session_timeout": SESSION_SECONDS,
    }


class Running:
    """Runs inside `with`; the parts are those that `services.runtime.worker` runs."""

    def __init__(
        self,
        worker: Worker,
        *,
        consumes: bool = True,
        topics: Sequence[str] = (CUSTOMER_EVENTS,),
    ) -> None:
        self.worker = worker
        context = worker.context
        self.publisher = Publisher(context, CUSTOMER_EVENTS)
        self._parts: list[Consuming | Publisher] = [self.publisher]
        if consumes:
            cluster = ClusterIds(context.settings)
            self._parts.append(Consuming(context, worker.processor, topics, cluster))
        self._loop = asyncio.new_event_loop()
        self._ended: Future[None] = Future()
        self._expected = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Running":
        self._thread.start()
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        """Stop it; what it ended with is raised, unless the test has failed already."""
        for part in self._parts:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(part.stop)
        self._thread.join(20)
        if not failed and not self._expected:
            self._ended.result(0)

    def failure(self, seconds: float = 30) -> BaseException | None:
        """What it ended with by itself, once it did."""
        self._expected = True
        return self._ended.exception(seconds)

    def until_ready(self, seconds: float = 30) -> None:
        """Wait until it owns partitions."""
        poll_until(lambda: self.worker.context.owned, seconds, "no partitions")

    def _run(self) -> None:
        async def work() -> None:
            self.worker.context.bind(asyncio.get_running_loop())
            tasks = [asyncio.create_task(part.run()) for part in self._parts]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for part in self._parts:
                part.stop()
            await asyncio.gather(*tasks)

        try:
            self._loop.run_until_complete(work())
        except BaseException as error:
            self._ended.set_exception(error)
        else:
            self._ended.set_result(None)


def publish(
    broker: Broker,
    events: Iterable[dict[str, Any]],
    partition: int | None = None,
    topic: str = CUSTOMER_EVENTS,
) -> None:
    """Publish events by their subject's lane, or all to one partition."""
    producer = KafkaProducer(bootstrap_servers=broker.address, acks="all", linger_ms=5)
    try:
        sent = [
            producer.send(
                topic,
                key=event["subject"].encode(),
                value=json.dumps(event).encode(),
                partition=partition,
            )
            for event in events
        ]
        producer.flush(30)
        for one in sent:
            one.get(30)
    finally:
        producer.close()


def published(broker: Broker, at_least: int, topic: str = OUTREACH_LOG) -> list[Raw]:
    """What is on `topic`, in order within its partitions, once there are so many records."""
    return (
        poll_until(
            lambda: found if len(found := everything(broker, topic)) >= at_least else None,
            60,
            f"not {at_least} records on {topic}",
        )
        or []
    )


def everything(broker: Broker, topic: str = OUTREACH_LOG) -> list[Raw]:
    """What is on `topic` now."""
    return list(read_to_end(topic, {"bootstrap_servers": broker.address}))


def told(records: Sequence[Raw]) -> list[dict[str, Any]]:
    """The events of records, each at its first occurrence."""
    first: dict[str, dict[str, Any]] = {}
    for record in records:
        told = json.loads(record.value or b"")
        first.setdefault(told["id"], told)
    return list(first.values())


def publish_until_killed() -> None:
    """Own all lanes and publish; settings come from the environment."""
    worker = Worker.of(Settings())
    for partition in range(PARTITIONS):
        worker.take_over(partition)
    asyncio.run(Publisher(worker.context, CUSTOMER_EVENTS).run())


if __name__ == "__main__":
    publish_until_killed()
