"""The rule with a broker: what is down is waited for, who took over goes on, nothing is lost."""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest
from kafka.admin import KafkaAdminClient
from kafka.errors import UnknownTopicOrPartitionError
from processing_world import Worker, World, event, settings_of
from running import Running, everything, on, publish, published, told

from schemas.topics import CUSTOMER_EVENTS
from services.runtime.cluster import ClusterIds
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.ledger import WrongCluster
from support.broker import Broker
from support.database import Database, DatabasesForTests
from support.polling import poll_until


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    made = World(database)
    yield made
    made.close()


def events(count: int, first: int = 0) -> list[dict[str, object]]:
    return [event(f"e-{number}", f"c-{number % 11}") for number in range(first, first + count)]


def counted(world: World, total: int) -> None:
    poll_until(lambda: sum(world.counts().values()) >= total, 60, f"not {total} counted")
    assert sum(world.counts().values()) == total


def test_what_is_published_is_counted_and_told(broker: Broker, world: World) -> None:
    with Running(world.worker(**on(broker))):
        publish(broker, [*events(200), *events(50)])
        counted(world, 200)
        facts = told(published(broker, 200))
    assert len(facts) == 200
    for customer in {fact["subject"] for fact in facts}:
        numbers = [fact["data"]["tables"] for fact in facts if fact["subject"] == customer]
        assert numbers == list(range(1, len(numbers) + 1)), "in order"


def test_it_goes_on_at_its_watermarks_whatever_the_group_has_committed(
    broker: Broker, world: World
) -> None:
    """An empty database reads everything; a restored one goes on where it stood."""
    settings = on(broker)
    with Running(world.worker(**settings)):
        publish(broker, events(30), partition=3)
        counted(world, 30)
    for table in ("counter", "inbox", "outbox"):
        world.database.rows(f"DELETE FROM segmenter.{table}")
    world.database.rows("UPDATE segmenter.watermark SET next_offset = 10 WHERE partition = 3")
    with Running(Worker.of(world.workers[0].context.settings)):
        counted(world, 20)


def test_two_workers_share_and_one_takes_over_from_the_other(broker: Broker, world: World) -> None:
    settings = on(broker)
    first, second = world.worker(**settings), world.worker(**settings)
    with Running(second):
        with Running(first) as one:
            one.until_ready()
            publish(broker, events(40))
            poll_until(lambda: owned(first) == owned(second) == 4, 30, "no sharing")
            publish(broker, events(40, 40))
            counted(world, 80)
        publish(broker, events(40, 80))
        counted(world, 120)


def owned(worker: Worker) -> int:
    return len(worker.context.owned)


def test_an_owner_whose_epoch_was_raised_by_one_that_is_gone_gets_it_back(
    broker: Broker, world: World
) -> None:
    """It took over late, after the group had given the partition on, and died."""
    worker, late = world.worker(**on(broker)), world.worker()
    with Running(worker) as running:
        running.until_ready()
        ids = world.database.rows("SELECT cluster_id, topic_id FROM segmenter.watermark LIMIT 1")[0]
        for partition in range(8):
            late.take_over(partition, *ids)
        publish(broker, events(40))
        counted(world, 40)


def test_another_cluster_ends_the_worker(broker: Broker, world: World) -> None:
    worker = world.worker(**on(broker))
    worker.take_over(cluster="of last week")
    with Running(worker) as running:
        failure = running.failure()
    assert isinstance(failure, WrongCluster)
    assert "cluster of last week" in str(failure)
    assert world.watermark() == 0


def test_a_topic_made_anew_ends_the_worker(broker: Broker, world: World) -> None:
    settings = on(broker)
    with Running(world.worker(**settings)):
        publish(broker, events(5))
        counted(world, 5)
    with closing(KafkaAdminClient(bootstrap_servers=broker.address)) as admin:
        admin.delete_topics([CUSTOMER_EVENTS])
        poll_until(lambda: CUSTOMER_EVENTS not in admin.list_topics(), 10, "it stays")
    on(broker)
    publish(broker, events(5, 5))
    with Running(Worker.of(world.workers[0].context.settings)) as running:
        failure = running.failure()
    assert isinstance(failure, WrongCluster)
    assert sum(world.counts().values()) == 5


def test_a_topic_that_is_missing_is_no_topic_made_anew(broker: Broker, world: World) -> None:
    settings = settings_of(world.database, **on(broker))
    cluster_id, topic_ids = asyncio.run(ClusterIds(settings).ids([CUSTOMER_EVENTS]))
    assert cluster_id
    assert topic_ids[CUSTOMER_EVENTS]
    with pytest.raises(UnknownTopicOrPartitionError):
        asyncio.run(ClusterIds(settings).ids([CUSTOMER_EVENTS, "nowhere"]))


def test_a_broker_that_does_not_answer_is_waited_for_and_reported(
    broker: Broker, world: World
) -> None:
    worker = world.worker(**on(broker))
    with Running(worker):
        publish(broker, events(20))
        counted(world, 20)
        health = worker.context.health
        poll_until(lambda: "broker" in health.report() and health.ready, 20, "not ready")
        os.kill(_pid(broker), signal.SIGSTOP)
        try:
            poll_until(lambda: not health.ready, 20, "nobody noticed")
            assert health.report()["broker"] != "up"
        finally:
            os.kill(_pid(broker), signal.SIGCONT)
        poll_until(lambda: health.ready, 30, "never ready again")
        publish(broker, events(20, 20))
        counted(world, 40)
        assert len(told(published(broker, 40))) == 40


@pytest.mark.brokers("embedded")
def test_a_database_that_is_away_is_waited_for_and_reported(broker: Broker) -> None:
    with EmbeddedPostgres() as server, DatabasesForTests(server, ("segmenter",)).fresh() as own:
        world = World(own)
        worker = world.worker(**on(broker))
        with Running(worker):
            publish(broker, events(20))
            counted(world, 20)
            health = worker.context.health
            poll_until(lambda: health.ready, 20, "not ready")
            server.kill()
            publish(broker, events(20, 20))
            poll_until(lambda: not health.ready, 20, "nobody noticed")
            assert health.report()["database"] != "up"
            server.start()
            counted(world, 40)
            poll_until(lambda: health.ready, 20, "never ready again")
            assert len(told(published(broker, 40))) == 40
            assert everything(broker, "dead.letters") == []
        world.close()


@pytest.mark.brokers("embedded")
def test_a_commit_whose_answer_is_lost_counts_once(broker: Broker, world: World) -> None:
    with CuttingProxy(world.database.url) as proxy:
        worker = world.worker(**on(broker), database_url=proxy.url)
        with Running(worker) as running:
            running.until_ready()
            for number in range(10):
                proxy.cut_next_commit()
                publish(broker, [event(f"e-{number}", f"c-{number}")])
                counted(world, number + 1)
            assert proxy.cuts >= 5
            assert len(told(published(broker, 10))) == 10


def _pid(broker: Broker) -> int:
    pid = broker.pid  # type: ignore[attr-defined]
    assert isinstance(pid, int)
    return pid


class CuttingProxy:
    """Between a worker and PostgreSQL: cuts a connection between a COMMIT and its answer."""

    def __init__(self, url: str) -> None:
        self._head, _, rest = url.rpartition("@")
        address, _, self._database = rest.partition("/")
        host, _, port = address.partition(":")
        self._server = (host, int(port))
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._armed = threading.Event()
        self.cuts = 0

    @property
    def url(self) -> str:
        """The database's URL through here."""
        return f"{self._head}@127.0.0.1:{self._listening.getsockname()[1]}/{self._database}"

    def cut_next_commit(self) -> None:
        """Let one commit go unanswered."""
        self._armed.set()

    def __enter__(self) -> "CuttingProxy":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            server = socket.create_connection(self._server)
            cutting = threading.Event()
            for way in ((client, server, cutting, True), (server, client, cutting, False)):
                threading.Thread(target=self._forward, args=way, daemon=True).start()

    def _forward(
        self, source: socket.socket, target: socket.socket, cutting: threading.Event, up: bool
    ) -> None:
        try:
            while data := source.recv(1 << 16):
                if up and b"COMMIT" in data and self._armed.is_set():
                    self._armed.clear()
                    cutting.set()
                elif not up and cutting.is_set():
                    self.cuts += 1
                    break
                target.sendall(data)
        except OSError:
            pass
        finally:
            for end in (source, target):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
