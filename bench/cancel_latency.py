"""How long after a payment is published its reminders are cancelled, at half of the full load.

Segmenter and scheduler as processes, on a broker and a PostgreSQL of this run's own. Two of three
events are a new customer and their bill, the third is the payment of a bill that is planned.
Published all at once, they tell the full load: how many events a second are worked through, to
the last reminder planned or cancelled. That is the most that the whole sustains: as many as it can
hold wait at any time. Then they come at half of that rate. A latency lasts from handing the payment
to the Kafka client to reading `outreach.cancelled` on the log: both ways over the broker are in it.
What of it is the segmenter's lasts until `event.applied` is read there.
"""

import os
import statistics
import sys
import tempfile
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from confluent_kafka import Consumer, Producer
from rich.console import Console
from rich.table import Table

from rapport.playbook_folder import publish_folder
from rapport.topics import create_topics
from schemas.topics import CUSTOMER_EVENTS, OUTREACH_LOG
from services.runtime import database, migrations
from services.runtime.clock import Clock
from services.runtime.embedded.broker import EmbeddedBroker
from services.runtime.embedded.children import Child
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.settings import Settings

CUSTOMERS = int(os.environ.get("BENCH_CANCEL_CUSTOMERS", "6000"))
"""Whose bills are planned before the payments come."""
SECONDS = float(os.environ.get("BENCH_CANCEL_SECONDS", "20"))
SHARE = 0.5
"""Of the full load."""
FEW, FEW_SECONDS = 30.0, 5.0
"""Events a second when there is little to do, and for how long."""
AHEAD = 1000
"""So many of the newest bills are not paid yet, so that each that is paid is planned."""
BAR_SECONDS = 1.0
EDGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.5, 2, 5, 10, float("inf"))
"""Of the histogram, in seconds."""
GIVE_UP_SECONDS = 120.0
SERVICES = ("segmenter", "scheduler")
CLOCK = Clock()


@dataclass
class Log:
    """What is read of the log, in a thread of its own: how many enrolled, what was cancelled."""

    address: str
    enrolled: list[float] = field(default_factory=list)
    applied: dict[str, float] = field(default_factory=dict)
    """By payment, when it was read that the segmenter applied it; monotonic seconds, as in all."""
    cancelled: dict[str, float] = field(default_factory=dict)
    """By the event behind it, when it was read."""
    stopping: threading.Event = field(default_factory=threading.Event)

    def follow(self) -> None:
        """Read until told to stop."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.address,
                "group.id": "bench-reader",
                "auto.offset.reset": "earliest",
                "session.timeout.ms": 6000,
                "fetch.wait.max.ms": 20,
            }
        )
        consumer.subscribe([OUTREACH_LOG])
        try:
            while not self.stopping.is_set():
                for record in consumer.consume(2000, timeout=0.02):
                    self._take(record.value() or b"", CLOCK.monotonic())
        finally:
            consumer.close()

    def _take(self, value: bytes, now: float) -> None:
        if b'"outreach.enrolled"' in value:
            self.enrolled.append(now)
        elif b'"payment.received"' in value:
            self.applied.setdefault(msgspec.json.decode(value)["data"]["event_id"], now)
        elif b'"outreach.cancelled"' in value:
            cause = msgspec.json.decode(value)["data"]["cause_event_id"]
            self.cancelled.setdefault(cause, now)


class Publisher:
    """Publishes what banks do: new customers with a bill, and payments."""

    def __init__(self, address: str) -> None:
        self._producer = Producer({"bootstrap.servers": address, "linger.ms": 1})
        self.customers = 0
        self.paid: dict[str, float] = {}
        """By the payment's event, when it was handed over; monotonic seconds."""

    def customer(self) -> None:
        """A customer nobody knew, and a bill of theirs: two events."""
        number, now = self.customers, CLOCK.now()
        self.customers += 1
        place = {"timezone": "Europe/Berlin", "country": "DE", "locale": "de"}
        self._send(number, "customer.updated", place, now)
        bill = {
            "bill_id": f"b-{number}",
            "creditor": "Example Bank",
            "amount_minor": 4200,
            "currency": "EUR",
            "due_date": (now + timedelta(days=10)).date().isoformat(),
            "product": "card",
        }
        self._send(number, "bill.due_soon", bill, now)

    def payment(self) -> None:
        """The next of the bills is paid in full."""
        number = len(self.paid)
        payment = {
            "payment_id": f"p-{number}",
            "bill_id": f"b-{number}",
            "amount_minor": 4200,
            "currency": "EUR",
            "remaining_minor": 0,
        }
        self.paid[f"payment.received-{number}"] = CLOCK.monotonic()
        self._send(number, "payment.received", payment, CLOCK.now())

    def flush(self) -> None:
        """Wait until the broker has all."""
        self._producer.flush()

    def _send(self, number: int, type: str, data: dict[str, Any], now: datetime) -> None:
        event = {
            "specversion": "1.0",
            "id": f"{type}-{number}",
            "source": "/bench/bank",
            "type": type,
            "subject": f"c-{number}",
            "time": now.isoformat(),
            "data": data,
        }
        key = f"c-{number}".encode()
        self._producer.produce(CUSTOMER_EVENTS, msgspec.json.encode(event), key=key)
        self._producer.poll(0)


def run() -> bool:
    """Measure the full load, then latencies at half of it; whether p99 is below the bar."""
    with _running() as address:
        log = Log(address)
        reading = threading.Thread(target=log.follow)
        reading.start()
        try:
            publisher = Publisher(address)
            _prepare(publisher, log)
            full = _full_load(publisher, log)
            loads = {
                "few events": _latencies(publisher, log, FEW, FEW_SECONDS),
                "half load": _latencies(publisher, log, full * SHARE, SECONDS),
            }
        finally:
            log.stopping.set()
            reading.join()
    table = Table(
        title=f"From a payment published to its reminders cancelled; {full:,.0f} events/s"
    )
    for name in ("load", "events/s", "payments", "p50, s", "p99, s", "longest, s"):
        table.add_column(name, justify="right")
    for name, found in loads.items():
        for part, waits in (("", found.waits), (", segmenter", found.applied)):
            half, most = _quantiles(waits)
            figures = (f"{half:.3f}", f"{most:.3f}", f"{waits[-1]:.3f}")
            table.add_row(name + part, f"{found.rate:,.0f}", f"{len(waits):,}", *figures)
    Console().print(table)
    rate, waits, _ = loads["half load"]
    _histogram(waits)
    half, most = _quantiles(waits)
    reached = most < BAR_SECONDS
    print(
        f"cancel-latency: p50 {half:.3f} s, p99 {most:.3f} s at {rate:,.0f} events/s, "
        f"{rate / full:.0%} of the full load of {full:,.0f}; bar p99 {BAR_SECONDS:.0f} s: "
        f"{'reached' if reached else 'MISSED'}"
    )
    return reached


class Measured(NamedTuple):
    """At so many events a second: how long each took, in all and in the segmenter; sorted."""

    rate: float
    waits: list[float]
    applied: list[float]


def _histogram(waits: Sequence[float]) -> None:
    """How many took how long at half load."""
    table = Table("up to, s", "payments", "")
    shorter = 0
    for edge in EDGES:
        within = bisect_right(waits, edge) - shorter
        shorter += within
        table.add_row(f"{edge:g}", f"{within:,}", "#" * round(50 * within / len(waits)))
    Console().print(table)


def _quantiles(waits: Sequence[float]) -> tuple[float, float]:
    """The median and the 99th percentile of what is sorted."""
    return statistics.median(waits), waits[int(len(waits) * 0.99)]


def _prepare(publisher: Publisher, log: Log) -> None:
    """Bills whose reminders are planned before anything is paid."""
    for _ in range(CUSTOMERS):
        publisher.customer()
    publisher.flush()
    _wait(lambda: len(log.enrolled) >= CUSTOMERS, "the first bills are not planned")


def _full_load(publisher: Publisher, log: Log) -> float:
    """Events a second when there is no end of them: new bills, and payments of planned ones."""
    count = CUSTOMERS // 2
    began = CLOCK.monotonic()
    for _ in range(count):
        publisher.customer()
        publisher.payment()
    publisher.flush()
    _wait_for_all(publisher, log)
    return 3 * count / (CLOCK.monotonic() - began)


def _latencies(publisher: Publisher, log: Log, rate: float, seconds: float) -> Measured:
    """Publish at a rate, three events at a time; the rate that it came to, and each latency."""
    before = set(publisher.paid)
    began, sent = CLOCK.monotonic(), 0
    while (passed := CLOCK.monotonic() - began) < seconds:
        while sent < rate * passed and len(publisher.paid) < publisher.customers - AHEAD:
            publisher.customer()
            publisher.payment()
            sent += 3
        time.sleep(0.005)
    reached = sent / (CLOCK.monotonic() - began)
    publisher.flush()
    _wait_for_all(publisher, log)
    new = publisher.paid.keys() - before
    return Measured(
        reached,
        sorted(log.cancelled[one] - publisher.paid[one] for one in new),
        sorted(log.applied[one] - publisher.paid[one] for one in new),
    )


def _wait_for_all(publisher: Publisher, log: Log) -> None:
    """Until every bill is planned and every payment has cancelled what it pays for."""
    _wait(
        lambda: (
            len(log.enrolled) >= publisher.customers
            and publisher.paid.keys() <= log.cancelled.keys()
        ),
        "a bill is not planned, or a payment cancelled nothing",
    )


def _wait(done: Callable[[], bool], otherwise: str) -> None:
    deadline = CLOCK.monotonic() + GIVE_UP_SECONDS
    while not done():
        if CLOCK.monotonic() > deadline:
            raise RuntimeError(otherwise)
        time.sleep(0.02)


@contextmanager
def _running() -> Iterator[str]:
    """The two services at work; the broker's address."""
    with EmbeddedBroker() as broker, EmbeddedPostgres() as postgres, ExitStack() as stack:
        settings = Settings(database_url=postgres.url, secret_key="bench")
        environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": broker.address,
            "DATABASE_URL": postgres.url,
            "SECRET_KEY": "bench",
            "PORT_BASE": "8900",
        }
        create_topics(Settings(), broker.address)
        publish_folder(Settings(), broker.address)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for service in SERVICES:
            database.provision(settings, service)
            migrations.upgrade(service, database.service_url(settings, service))
            command = [sys.executable, "-W", "ignore", "-m", f"services.{service}.main"]
            child = Child(service, command, log=folder / service, env=environment)
            stack.callback(child.stop, grace=5.0)
        yield broker.address
