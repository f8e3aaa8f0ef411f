"""A part that can't be reached is waited for: /readyz says so, nothing is lost, nothing doubled.

Nor is anything when an operator stops sending, and resumes it.
On Apache Kafka: the embedded broker keeps nothing over its own end.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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
MANY = 160
"""So many letters keep eight connections to a relay that takes its time busy for seconds."""


@pytest.fixture(scope="module")
def broker(kafka_for_tests: KafkaForTests) -> Iterator[Broker]:
    """One Apache Kafka for all tests of this module."""
    with kafka_for_tests.empty() as running:
        yield running


@dataclass
class Town:
    """People who each missed one payment, and so are to get one letter each."""

    system: System
    people: set[str] = field(default_factory=set)

    def missed(self, who: str, creditor: str = "Harbour Bank") -> list[dict[str, Any]]:
        """What is to be published about a new person."""
        self.people.add(who)
        person = {"email": self.address(who), "timezone": "Europe/Berlin", "country": "DE"}
        bill = {
            "bill_id": f"b-{who}",
            "creditor": creditor,
            "amount_minor": 12_000,
            "currency": "EUR",
            "due_date": "2026-02-27",
        }
        now = self.system.clock.now()
        return [
            event("customer.updated", who, person, at=now),
            event("payment.missed", who, bill, at=now),
        ]

    def address(self, who: str) -> str:
        """Where they read mail."""
        return f"{who}@example.org"

    def letter(self, who: str) -> dict[str, Any]:
        """Their letter, once it came."""
        return self.system.mailbox.wait_for(1, to=self.address(who), timeout=60)[0]


@pytest.fixture(scope="module")
def town(
    broker: Broker,
    databases: DatabasesForTests,
    mail_catcher: Mailbox,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Town]:
    """The services on a Monday morning, and those whom they write to."""
    mail_catcher.empty()
    clock = Clock(NOW, 1.0, Clock().real().timestamp())
    folder = tmp_path_factory.mktemp("logs")
    with (
        databases.fresh() as database,
        whole_system(broker, database, mail_catcher, folder, clock) as system,
    ):
        yield Town(system)


def test_without_the_broker_events_are_taken_and_opt_outs_heard(town: Town) -> None:
    system = town.system
    system.send(*town.missed("before"))
    letter = town.letter("before")
    with _down(system.broker):
        for service in SERVICES:
            _wait_waiting(system, service, "broker")
        for one in town.missed("meanwhile"):
            assert system.post_event(one).status_code == 202
        left = httpx.post(one_click_address(letter), data={"List-Unsubscribe": "One-Click"})
        assert left.status_code == 200
    system.wait_ready()
    town.letter("meanwhile")
    system.send(*town.missed("after"))
    town.letter("after")
    with system.log() as log:
        wait_for(log, lambda facts: of(facts, "before", "contact.unsubscribed"))
        wait_for(log, lambda facts: of(facts, "before", "outreach.cancelled"))


def test_without_the_database_events_wait_on_the_stream(
    town: Town, postgres: EmbeddedPostgres
) -> None:
    system = town.system
    system.wait_ready()
    with _down(postgres):
        for service in SERVICES:
            _wait_waiting(system, service, "database")
        told = town.missed("stormy")
        refused = system.post_event(told[0])
        assert (refused.status_code, refused.json()["status"]) == (503, 503)
        assert int(refused.headers["retry-after"]) > 0
        system.send(*told)
    system.wait_ready()
    town.letter("stormy")
    assert system.post_event(told[0]).status_code == 202


def test_without_the_relay_letters_wait(town: Town) -> None:
    system = town.system
    system.wait_ready()
    system.mailbox.fault("refuse_connections")
    try:
        _wait_waiting(system, "messenger", "smtp")
        people = [f"patient-{number}" for number in range(5)]
        system.send(*(one for who in people for one in town.missed(who)))
        with system.log() as log:
            wait_for(log, lambda facts: all(of(facts, who, "outreach.disp") for who in people))
            assert not any(of(log.events, who, "message.") for who in people)
        for service in SERVICES:
            assert system.ready(service)[0] == (503 if service == "messenger" else 200)
    finally:
        system.mailbox.fault("none")
    for who in people:
        town.letter(who)
    system.wait_ready()


def test_once_a_stop_is_answered_nothing_of_it_leaves(town: Town) -> None:
    system = town.system
    system.wait_ready()
    of_harbour_bank = {"scope": "creditor", "name": "Harbour Bank", "reason": "wrong_amounts"}
    many = [f"many-{number}" for number in range(MANY)]
    # A relay that takes its time: while it is stopped most are ordered and not sent.
    system.mailbox.fault("slow", stage="data", seconds=0.25)
    try:
        system.send(*(one for who in many for one in town.missed(who)))
        poll_until(lambda: _arrived(town, many), 60, "no letter comes")
        assert _ordered(system) > MANY / 2
        answer = system.operate("/sending/stop", **of_harbour_bank)
        gone = _arrived(town, many)
        assert (answer.status_code, answer.json()["in_force"]) == (200, True), answer.text
        system.send(*town.missed("elsewhere", "Lake Bank"))
        town.letter("elsewhere")
        poll_until(lambda: not _ordered(system), 60, "what was ordered has no end")
        assert 0 < _arrived(town, many) == gone < MANY
    finally:
        system.mailbox.fault("none")
    assert system.operate("/sending/resume", **of_harbour_bank).status_code == 200
    poll_until(lambda: _arrived(town, many) == MANY, 60, "what waited does not go on")


def test_after_all_nothing_is_lost_or_doubled(town: Town) -> None:
    system = town.system
    system.settled()
    with system.log() as log:
        wait_for(log, lambda facts: len(_ids(facts, "message.sent")) == len(town.people))
        assert _ids(log.events, "outreach.enrolled") == Counter(dict.fromkeys(town.people, 1))
        assert _ids(log.events, "message.sent") == Counter(dict.fromkeys(town.people, 1))
        applied = Counter(
            fact["data"]["event_id"] for fact in log.events if fact["type"] == "event.applied"
        )
        assert set(applied.values()) == {1}
        assert len(applied) == 2 * len(town.people)
    letters = Counter(letter["to"][0] for letter in system.mailbox.messages())
    assert letters == Counter({town.address(who): 1 for who in town.people})
    assert system.violations() == []


def _ordered(system: System) -> int:
    """How many letters are ordered and have no end."""
    query = "SELECT count(*) FROM scheduler.step WHERE state = 'dispatched'"
    return int(system.database.rows(query)[0][0])


def _arrived(town: Town, people: list[str]) -> int:
    """How many letters to them the relay has taken."""
    addresses = {town.address(who) for who in people}
    return sum(one in addresses for one in town.system.mailbox.recipients())


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
