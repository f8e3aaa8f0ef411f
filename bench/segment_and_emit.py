"""Segment and emit: this segmenter, a naive Faust agent, and Quix Streams, side by side.

Each contestant decodes the same events with the same code, keeps a profile for each of 20,000
customers durably, and publishes three messages an event. Throughput is read from the outside: how
fast the outputs appear on the broker, from the first to the last.
"""

import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
from confluent_kafka import Consumer, Producer
from kafka import KafkaAdminClient
from kafka.admin import NewTopic
from rich.console import Console
from rich.table import Table

from bench.job import event
from rapport.playbook_folder import publish_folder
from schemas.topics import CUSTOMER_EVENTS, OUTREACH_COMMANDS, OUTREACH_LOG, declared
from services.runtime import database, migrations
from services.runtime.clock import Clock
from services.runtime.embedded.broker import EmbeddedBroker
from services.runtime.embedded.children import Child
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.settings import Settings

EVENTS = int(os.environ.get("BENCH_EVENTS", "20000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
OUTPUTS_AN_EVENT = 3
BAR = 6.0
GIVE_UP_SECONDS = 180.0
CLOCK = Clock()


@dataclass(frozen=True)
class Contestant:
    """One way of doing the job: the module that does it, and where its outputs appear."""

    name: str
    module: str
    outputs: tuple[str, ...]


OURS = Contestant(
    "Rapport segmenter (PostgreSQL)",
    "services.segmenter.main",
    (OUTREACH_COMMANDS, OUTREACH_LOG),
)
NAIVE = Contestant("naive Faust (table)", "bench.naive_faust", ("bench.naive",))
QUIX = Contestant("Quix Streams (RocksDB)", "bench.quix", ("bench.quix",))


def run() -> bool:
    """Run all rounds and print the table; whether the segmenter reached its bar."""
    rates: dict[str, list[float]] = {}
    for number in range(ROUNDS):
        for contestant in (OURS, NAIVE, QUIX):
            rate = _round(contestant)
            rates.setdefault(contestant.name, []).append(rate)
            print(f"round {number + 1}: {contestant.name}: {rate:,.0f} events/s", flush=True)
    medians = {name: statistics.median(values) for name, values in rates.items()}
    table = Table(title=f"Segment and emit, {EVENTS:,} events, median of {ROUNDS}")
    table.add_column("contestant")
    table.add_column("events/s", justify="right")
    table.add_column("times naive Faust", justify="right")
    for name, rate in medians.items():
        table.add_row(name, f"{rate:,.0f}", f"{rate / medians[NAIVE.name]:.1f}")
    Console().print(table)
    ratio = medians[OURS.name] / medians[NAIVE.name]
    reached = ratio >= BAR
    print(
        f"segment-and-emit: {ratio:.1f} times naive Faust; bar {BAR:.0f}: "
        f"{'reached' if reached else 'MISSED'}"
    )
    return reached


def _round(contestant: Contestant) -> float:
    """Events a second of one contestant, on a fresh broker with the same events."""
    with _parts() as environment, tempfile.TemporaryDirectory() as folder:
        environment["BENCH_FOLDER"] = folder
        environment["BENCH_OUTPUT"] = contestant.outputs[0]
        address = environment["KAFKA_BOOTSTRAP_SERVERS"]
        _create_topics(address, contestant)
        publish_folder(Settings(), address)
        _publish(address)
        child = Child(
            contestant.name,
            [sys.executable, "-W", "ignore", "-m", contestant.module],
            log=Path(folder) / "log",
            env=environment,
        )
        try:
            return EVENTS / _seconds(address, contestant, child)
        finally:
            child.stop(grace=5.0)


@contextmanager
def _parts() -> Iterator[dict[str, str]]:
    with EmbeddedBroker() as broker, EmbeddedPostgres() as postgres:
        environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": broker.address,
            "DATABASE_URL": postgres.url,
            "SECRET_KEY": "bench",
            "PORT_BASE": "8900",
            "BENCH_PARTITIONS": str(declared(os.environ)[CUSTOMER_EVENTS].partitions),
        }
        settings = Settings(
            database_url=postgres.url,
            secret_key="bench",
        )
        database.provision(settings, "segmenter")
        migrations.upgrade("segmenter", database.service_url(settings, "segmenter"))
        yield environment


def _create_topics(address: str, contestant: Contestant) -> None:
    topics = declared(os.environ)
    lanes = topics[CUSTOMER_EVENTS].partitions
    partitions: Mapping[str, int] = {
        **{topic.name: topic.partitions for topic in topics.values()},
        **dict.fromkeys((name for name in contestant.outputs if name not in topics), lanes),
    }
    admin = KafkaAdminClient(bootstrap_servers=address)
    admin.create_topics(
        [
            NewTopic(
                name=name,
                num_partitions=count,
                replication_factor=1,
                topic_configs={"retention.ms": "604800000"},
            )
            for name, count in partitions.items()
        ]
    )
    admin.close()


def _publish(address: str) -> None:
    producer = Producer({"bootstrap.servers": address, "linger.ms": 20})
    now = CLOCK.real().isoformat()
    for number in range(EVENTS):
        key, value = event(number, now)
        producer.produce(CUSTOMER_EVENTS, msgspec.json.encode(value), key=key.encode())
        if number % 1000 == 0:
            producer.poll(0)
    producer.flush()


def _seconds(address: str, contestant: Contestant, child: Child) -> float:
    """Real seconds from the first output to the last, as a reader of the broker sees them."""
    consumer = Consumer(
        {
            "bootstrap.servers": address,
            "group.id": "bench-reader",
            "auto.offset.reset": "earliest",
            "session.timeout.ms": 6000,
            "fetch.wait.max.ms": 50,
        }
    )
    consumer.subscribe(list(contestant.outputs))
    wanted = EVENTS * OUTPUTS_AN_EVENT
    seen, first = 0, None
    deadline = CLOCK.monotonic() + GIVE_UP_SECONDS
    try:
        while seen < wanted:
            # Of customers only: what the service says of its playbooks is caused by no event.
            arrived = consumer.consume(5000, timeout=0.2)
            seen += sum((message.key() or b"").startswith(b"c-") for message in arrived)
            now = CLOCK.monotonic()
            if seen and first is None:
                first = now
            if now > deadline or not child.running():
                raise RuntimeError(
                    f"{contestant.name}: {seen} of {wanted} outputs; {child.last_words()}"
                )
        assert first is not None
        return CLOCK.monotonic() - first
    finally:
        consumer.close()
