"""A part that can't be reached is waited for: /readyz says so, nothing is lost, nothing doubled.

On Apache Kafka: the embedded broker keeps nothing over its own end.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from e2e.visitor import one_click_address
from services.runtime.clock import Clock
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.settings import SERVICES
from support.broker import Broker, KafkaForTests
from support.database import DatabasesForTests
from support.mail import Mailbox
from support.polling import poll_until
from support.system import System, event, of, wait_for, whole_system

pytestmark = pytest.mark.brokers("kafka")

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
"""Eleven in the morning in Berlin: a letter goes out at once."""


@pytest.fixture(scope="module")
def broker(kafka_for_tests: KafkaForTests) -> Iterator[Broker]:
    """One Apache Kafka for all tests of this module."""
    with kafka_for_tests.empty() as running:
        yield running


@pytest.fixture(scope="module")
def system(
    broker: Broker,
    databases: DatabasesForTests,
    mail_catcher: Mailbox,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[System]:
    """The services on a Monday morning."""
    mail_catcher.empty()
    clock = Clock(NOW, 1.0, Clock().real().timestamp())
    folder = tmp_path_factory.mktemp("logs")
    with (
        databases.fresh() as database,
        whole_system(broker, database, mail_catcher, folder, clock) as system,
    ):
        yield system


def test_without_the_broker_events_are_taken_and_opt_outs_heard(system: System) -> None:
    system.send(*_missed(system, "before"))
    letter = _letter(system, "before")
    with _down(system.broker):
        for service in SERVICES:
            _wait_waiting(system, service, "broker")
        for one in _missed(system, "meanwhile"):
            assert system.post_event(one).status_code == 202
        left = httpx.post(one_click_address(letter), data={"List-Unsubscribe": "One-Click"})
        assert left.status_code == 200
    system.wait_ready()
    _letter(system, "meanwhile")
    system.send(*_missed(system, "after"))
    _letter(system, "after")
    with system.log() as log:
        wait_for(log, lambda facts: of(facts, "before", "contact.unsubscribed"))
        wait_for(log, lambda facts: of(facts, "before", "outreach.cancelled"))


def test_without_the_database_events_wait_on_the_stream(
    system: System, postgres: EmbeddedPostgres
) -> None:
    system.wait_ready()
    with _down(postgres):
        for service in SERVICES:
            _wait_waiting(system, service, "database")
        told = _missed(system, "stormy")
        refused = system.post_event(told[0])
        assert (refused.status_code, refused.json()["status"]) == (503, 503)
        assert int(refused.headers["retry-after"]) > 0
        system.send(*told)
    system.wait_ready()
    _letter(system, "stormy")
    assert system.post_event(told[0]).status_code == 202


def test_without_the_relay_letters_wait(system: System) -> None:
    system.wait_ready()
    system.mailbox.fault("refuse_connections")
    try:
        _wait_waiting(system, "messenger", "smtp")
        people = [f"patient-{number}" for number in range(5)]
        system.send(*(one for who in people for one in _missed(system, who)))
        with system.log() as log:
            wait_for(log, lambda facts: all(of(facts, who, "outreach.disp") for who in people))
            assert not any(of(log.events, who, "message.") for who in people)
        for service in SERVICES:
            assert system.ready(service)[0] == (503 if service == "messenger" else 200)
    finally:
        system.mailbox.fault("none")
    for who in people:
        _letter(system, who)
    system.wait_ready()


def test_after_all_nothing_is_lost_or_doubled(system: System) -> None:
    system.settled()
    with system.log() as log:
        wait_for(log, lambda facts: len(_ids(facts, "message.sent")) == len(PUBLISHED))
        assert _ids(log.events, "outreach.enrolled") == Counter(dict.fromkeys(PUBLISHED, 1))
        assert _ids(log.events, "message.sent") == Counter(dict.fromkeys(PUBLISHED, 1))
        applied = Counter(
            fact["data"]["event_id"] for fact in log.events if fact["type"] == "event.applied"
        )
        assert set(applied.values()) == {1}
        assert len(applied) == 2 * len(PUBLISHED)
    letters = Counter(letter["to"][0] for letter in system.mailbox.messages())
    assert letters == Counter({_address(who): 1 for who in PUBLISHED})
    assert system.violations() == []


PUBLISHED: set[str] = set()
"""Customers of this run: each is to get one letter."""


def _missed(system: System, who: str) -> list[dict[str, Any]]:
    """A customer and a payment that they missed."""
    PUBLISHED.add(who)
    person = {"email": _address(who), "timezone": "Europe/Berlin", "country": "DE"}
    bill = {
        "bill_id": f"b-{who}",
        "creditor": "Harbour Bank",
        "amount_minor": 12_000,
        "currency": "EUR",
        "due_date": "2026-02-27",
    }
    now = system.clock.now()
    return [
        event("customer.updated", who, person, at=now),
        event("payment.missed", who, bill, at=now),
    ]


def _address(who: str) -> str:
    return f"{who}@example.org"


def _letter(system: System, who: str) -> dict[str, Any]:
    return system.mailbox.wait_for(1, to=_address(who), timeout=60)[0]


def _ids(facts: list[dict[str, Any]], type: str) -> "Counter[str]":
    return Counter(fact["subject"] for fact in facts if fact["type"] == type)


@contextmanager
def _down(part: Broker | EmbeddedPostgres) -> Iterator[None]:
    """The part is killed, and back at the same address with its data afterwards."""
    part.kill()
    try:
        yield
    finally:
        part.start()


def _wait_waiting(system: System, service: str, part: str) -> None:
    """Until /readyz says 503 and names the part; /livez stays well."""

    def waiting() -> bool:
        status, parts = system.ready(service)
        return status == 503 and parts[part] != "up"

    poll_until(waiting, 30, f"{service} does not say that it waits for the {part}")
    assert system.http.get(system.url(service, "/livez")).status_code == 200
