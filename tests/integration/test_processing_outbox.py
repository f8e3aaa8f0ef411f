"""The outbox's publisher: in order, at least once, under the same ids, whatever goes away."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from processing_world import World, event
from running import Running, everything, on, published, told

from services.runtime.database import plain, psycopg_url
from services.runtime.partitioning import PARTITIONS, lane
from support.broker import Broker
from support.database import Database
from support.polling import poll_until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    made = World(database)
    yield made
    made.close()


def fill(world: World, count: int, first: int = 0) -> None:
    """Let the first worker apply events of many customers, so that facts wait."""
    events = [event(f"e-{number}", f"c-{number % 23}") for number in range(first, first + count)]
    world.workers[0].apply(world.records(events))


def waiting(world: World) -> int:
    return len(world.outbox())


def in_order(facts: list[dict[str, object]], total: int) -> None:
    assert len(facts) == total
    for customer in {str(fact["subject"]) for fact in facts}:
        numbers = [
            fact["data"]["tables"]  # type: ignore[index]
            for fact in facts
            if fact["subject"] == customer
        ]
        assert numbers == list(range(1, len(numbers) + 1)), customer


def test_each_customer_s_facts_are_published_in_order_to_their_lane(
    broker: Broker, world: World
) -> None:
    worker = world.worker(**on(broker))
    for partition in range(PARTITIONS):
        worker.take_over(partition)
    with Running(worker, consumes=False):
        for batch in range(5):
            fill(world, 500, batch * 500)
        poll_until(lambda: waiting(world) == 0, 30, "not published")
        records = published(broker, 2500)
    assert len(records) == 2500, "once each, while nothing fails"
    in_order(told(records), 2500)
    assert all(one.partition == lane((one.key or b"").decode()) for one in records)


def test_lanes_of_another_worker_are_left_to_it(broker: Broker, world: World) -> None:
    settings = on(broker)
    first, second = world.worker(**settings), world.worker(**settings)
    for partition in range(PARTITIONS):
        (first if partition < 4 else second).take_over(partition)
    fill(world, 200)
    with Running(first, consumes=False):
        poll_until(
            lambda: len(told(everything(broker))) == waiting_for(first=True), 30, "not published"
        )
        assert waiting(world) == 200 - waiting_for(first=True)
    with Running(second, consumes=False):
        in_order(told(published(broker, 200)), 200)


def waiting_for(*, first: bool) -> int:
    return sum((lane(f"c-{number % 23}") < 4) is first for number in range(200))


def test_a_crash_between_answer_and_removal_publishes_the_same_again(
    broker: Broker, world: World
) -> None:
    settings = on(broker)
    worker = world.worker(**settings)
    for partition in range(PARTITIONS):
        worker.take_over(partition)
    fill(world, 300)
    environment = {
        **os.environ,
        **world.database.environment,
        "KAFKA_BOOTSTRAP_SERVERS": broker.address,
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tests", ROOT / "tests/integration"))),
    }
    with psycopg.connect(plain(psycopg_url(world.database.url))) as holding:
        # The broker answers, and the removal waits for this lock for as long as it is held.
        holding.execute("SELECT 1 FROM segmenter.outbox FOR UPDATE")
        with subprocess.Popen([sys.executable, "-m", "running"], env=environment) as crashing:
            before = published(broker, 300)
            crashing.send_signal(signal.SIGKILL)
    assert waiting(world) == 300
    for partition in range(PARTITIONS):
        worker.take_over(partition)
    with Running(worker, consumes=False):
        poll_until(lambda: waiting(world) == 0, 30, "not published")
        after = published(broker, 600)
    assert len(before) == 300
    assert [one.value for one in after if one not in before] != []
    assert len(after) == 600
    in_order(told(after), 300)


def test_a_broker_that_stands_still_is_waited_for(broker: Broker, world: World) -> None:
    worker = world.worker(**on(broker))
    for partition in range(PARTITIONS):
        worker.take_over(partition)
    with Running(worker, consumes=False):
        fill(world, 50)
        poll_until(lambda: waiting(world) == 0, 30, "not published")
        pid: int = broker.pid  # type: ignore[attr-defined]
        os.kill(pid, signal.SIGSTOP)
        try:
            fill(world, 100, 50)
            with pytest.raises(AssertionError):
                poll_until(lambda: waiting(world) < 100, 1.0)
        finally:
            os.kill(pid, signal.SIGCONT)
        poll_until(lambda: waiting(world) == 0, 60, "not published")
        in_order(told(published(broker, 150)), 150)


@pytest.mark.brokers("kafka")
def test_nothing_is_lost_while_the_broker_is_killed_and_started(
    broker: Broker, world: World
) -> None:
    worker = world.worker(**on(broker))
    for partition in range(PARTITIONS):
        worker.take_over(partition)
    with Running(worker, consumes=False):
        for round_ in range(2):
            fill(world, 100, round_ * 200)
            broker.kill()
            fill(world, 100, round_ * 200 + 100)
            broker.start()
            poll_until(lambda: waiting(world) == 0, 60, "not published")
        in_order(told(published(broker, 400)), 400)
