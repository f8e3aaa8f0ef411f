"""Many customers with something to be told right now: a load that does not end until told to."""

import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import psycopg
from kafka import KafkaProducer

from schemas.topics import CUSTOMER_EVENTS
from services.runtime.clock import Clock
from services.runtime.partitioning import PARTITIONS, lane
from support.system import System, event

START = datetime.fromisoformat("2026-03-02T11:00+01:00")
"""A Monday morning in Berlin: the letter to each customer is due at once."""
_PAUSE_SECONDS = 0.1
_WAITING = 40
"""So many customers wait for their letters at any moment; only then the next one comes."""


def clock() -> Clock:
    """Business time that begins at START and runs as fast as real time."""
    return Clock(START, 1.0, Clock().real().timestamp())


class Crowd:
    """Publishes one customer after the other while inside `with`, some of it twice, some of it bad.

    `events` are all that must take effect, by id; `bad` counts what must be dead-lettered. It may
    be entered again: then more come.
    """

    def __init__(self, system: System) -> None:
        self.customers: list[str] = []
        self.events: dict[str, Mapping[str, Any]] = {}
        self.bad = 0
        self._system = system
        self._sent: list[Any] = []

    def __enter__(self) -> "Crowd":
        address = self._system.broker.address
        self._producer = KafkaProducer(bootstrap_servers=address, acks="all")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, once the broker has everything. Raises where it has not."""
        self._stopping.set()
        self._thread.join()
        try:
            for one in self._sent:
                one.get(60)
        finally:
            self._producer.close(5)

    def one_a_lane(self) -> list[str]:
        """The first customers of each lane; too few in the beginning."""
        return list({lane(who): who for who in reversed(self.customers)}.values())

    def moves(self, who: str) -> None:
        """Let a customer tell their language again: that touches them in every service."""
        self._publish(event("customer.updated", who, {"locale": "en"}, at=self._system.clock.now()))

    def _run(self) -> None:
        while not self._stopping.wait(_PAUSE_SECONDS):
            with suppress(psycopg.OperationalError):  # the database is what is away just now
                if len(self.customers) - self._served() < _WAITING:
                    self._come(len(self.customers))

    def _served(self) -> int:
        letters = self._system.database.rows("SELECT count(*) FROM messenger.message")[0][0]
        return int(letters)

    def _come(self, number: int) -> None:
        who = f"customer-{number}"
        known, missed = self._events(who)
        for one in (known, missed):
            self._publish(one)
        if number % 10 == 0:
            self._publish(known, partition=(lane(who) + 1) % PARTITIONS)
            self._publish(missed)
        if number % 25 == 0:
            self._send(who, b"no event at all", None)
            self.bad += 1
        self.customers.append(who)

    def _events(self, who: str) -> tuple[dict[str, Any], dict[str, Any]]:
        now = self._system.clock.now()
        bill = {"creditor": "Harbour Bank", "amount_minor": 24_000, "currency": "EUR"}
        person = {
            "name": who.title(),
            "email": address(who),
            "timezone": "Europe/Berlin",
            "country": "DE",
            "locale": "en",
            "verification": {"last_digits": "4711", "birth_year": "1984"},
        }
        missed = {**bill, "bill_id": f"missed-{who}", "due_date": _day(-3)}
        return (
            event("customer.updated", who, person, at=now),
            event("payment.missed", who, missed, at=now),
        )

    def _publish(self, one: Mapping[str, Any], partition: int | None = None) -> None:
        self.events[one["id"]] = one
        self._send(one["subject"], json.dumps(one).encode(), partition)

    def _send(self, key: str, value: bytes, partition: int | None) -> None:
        self._sent.append(
            self._producer.send(CUSTOMER_EVENTS, key=key.encode(), value=value, partition=partition)
        )


def address(who: str) -> str:
    """Where a customer reads mail."""
    return f"{who}@example.org"


def _day(days: int) -> str:
    return (START + timedelta(days=days)).date().isoformat()
