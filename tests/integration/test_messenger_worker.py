"""The messenger as a process on real parts: killed, frozen and stopped while it sends."""

import json
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer
from messenger_world import START, order

from rapport.connection import connection
from rapport.playbook_folder import publish_folder
from rapport.reading import read_to_end
from rapport.topics import create_topics
from schemas.envelope import CONTENT_TYPE
from schemas.topics import CUSTOMER_EVENTS, OUTREACH_DISPATCHES, OUTREACH_LOG
from services.runtime.embedded.children import Child, free_port
from services.runtime.partitioning import lane
from services.runtime.settings import ROOT, Settings
from support.broker import Broker
from support.database import Database
from support.mail import Mailbox
from support.polling import poll_until, says_200

pytestmark = pytest.mark.brokers("kafka")

CONNECTIONS = 4
ENDS = ("message.sent", "message.failed", "message.refused", "message.unknown")


class Workers:
    """Messenger processes on one broker, database and relay."""

    def __init__(
        self, broker: Broker, database: Database, mailbox: Mailbox, folder: Path, stack: ExitStack
    ) -> None:
        self._broker = broker
        self._database = database
        self._folder = folder
        self._stack = stack
        self._environment = {
            **database.environment,
            "KAFKA_BOOTSTRAP_SERVERS": broker.address,
            "SMTP_URL": mailbox.smtp_url,
            "SMTP_CONNECTIONS": str(CONNECTIONS),
            "KAFKA_SESSION_TIMEOUT": "3",
            "CLOCK": f"{START.isoformat().replace('+00:00', 'Z')}*1@9999999999",
        }
        self.settings = Settings(
            kafka_bootstrap_servers=broker.address,
            database_url=database.url,
            secret_key=database.environment["SECRET_KEY"],
        )
        create_topics(self.settings)
        publish_folder(self.settings)
        self._producer = KafkaProducer(bootstrap_servers=broker.address)
        stack.callback(self._producer.close)

    def start(self) -> tuple[Child, int]:
        """One more worker, ready; with its port."""
        port = free_port()
        child = Child(
            "messenger",
            [sys.executable, "-m", "services.messenger.main"],
            log=self._folder / f"messenger-{port}.log",
            env={**self._environment, "PORT_BASE": str(port - 3)},
            cwd=ROOT,
        )
        self._stack.callback(child.stop, grace=0.0, first=signal.SIGKILL)
        child.wait_until(lambda: says_200(f"http://127.0.0.1:{port}/readyz"), 60)
        return child, port

    def publish(self, topic: str, customer: str, event_type: str, data: dict[str, Any]) -> None:
        event = {
            "specversion": "1.0",
            "id": f"{topic}-{customer}",
            "source": "/test",
            "type": event_type,
            "subject": customer,
            "time": START.isoformat(),
            "data": data,
        }
        self._producer.send(
            topic,
            key=customer.encode(),
            value=json.dumps(event).encode(),
            headers=[("content-type", CONTENT_TYPE.encode())],
            partition=lane(customer),
        )

    def order(self, count: int) -> None:
        """Order one letter for each of so many customers."""
        for number in range(count):
            who = f"c-{number}"
            data = {"email": f"{who}@example.com", "timezone": "Europe/Berlin", "country": "DE"}
            self.publish(CUSTOMER_EVENTS, who, "customer.updated", data)
        for number in range(count):
            data = order(f"d-{number}", f"s-{number}", START)
            self.publish(OUTREACH_DISPATCHES, f"c-{number}", "outreach.dispatch_ordered", data)
        self._producer.flush()

    def states(self) -> Counter[str]:
        """How many dispatches are in each state."""
        rows = self._database.rows("SELECT state, count(*) FROM messenger.dispatch GROUP BY 1")
        return Counter(dict(rows))

    def until_ended(self, count: int, timeout: float = 60.0) -> Counter[str]:
        """The states, once all of so many dispatches have ended."""

        def ended() -> Counter[str] | None:
            states = self.states()
            open_ones = states["pending"] + states["intended"]
            return states if states.total() == count and not open_ones else None

        states = poll_until(ended, timeout, "dispatches did not end")
        assert states is not None
        return states

    def ends(self) -> dict[str, list[str]]:
        """What the log says of each dispatch: the distinct facts that end it."""
        told: dict[str, dict[str, str]] = {}
        for raw in read_to_end(OUTREACH_LOG, connection(None, self.settings)):
            fact = json.loads(raw.value or b"{}")
            if fact["type"] in ENDS:
                told.setdefault(fact["data"]["dispatch_id"], {})[fact["id"]] = fact["type"]
        return {dispatch: list(facts.values()) for dispatch, facts in told.items()}


@pytest.fixture
def workers(
    broker: Broker, database: Database, mailbox: Mailbox, tmp_path: Path
) -> Iterator[Workers]:
    with ExitStack() as stack:
        yield Workers(broker, database, mailbox, tmp_path, stack)


def arrived_once(mailbox: Mailbox) -> set[str]:
    """To whom mail came. Each message came once at the most."""
    mails = mailbox.messages()
    counts = Counter(mail["headers"]["Message-ID"] for mail in mails)
    assert set(counts.values()) <= {1}
    return {mail["to"][0] for mail in mails}


def test_killed_while_sending_it_repeats_nothing_and_loses_nothing(
    workers: Workers, mailbox: Mailbox
) -> None:
    mailbox.fault("slow", stage="data", seconds=0.1)
    child, _ = workers.start()
    workers.order(60)
    poll_until(lambda: workers.states()["sent"] >= 5, 30, "nothing was sent")
    child.stop(grace=5, first=signal.SIGKILL)
    workers.start()
    states = workers.until_ended(60)
    assert states["unknown"] <= CONNECTIONS
    assert states["sent"] == 60 - states["unknown"]
    ends = workers.ends()
    assert len(ends) == 60
    assert {len(facts) for facts in ends.values()} == {1}
    assert states["sent"] <= len(arrived_once(mailbox)) <= 60


def test_stopped_while_sending_it_ends_what_is_in_flight(
    workers: Workers, mailbox: Mailbox
) -> None:
    mailbox.fault("slow", stage="data", seconds=0.5)
    child, _ = workers.start()
    workers.order(20)
    poll_until(lambda: workers.states()["sent"] >= 2, 30, "nothing was sent")
    child.send(signal.SIGTERM)
    assert child.wait(15)
    assert workers.states()["intended"] == 0
    mailbox.fault("none")
    workers.start()
    assert workers.until_ended(20) == Counter(sent=20)
    assert len(arrived_once(mailbox)) == 20


def test_frozen_past_its_session_and_woken_it_writes_nothing(
    workers: Workers, mailbox: Mailbox
) -> None:
    mailbox.fault("slow", stage="data", seconds=0.2)
    frozen, port = workers.start()
    workers.order(60)
    poll_until(lambda: workers.states()["sent"] >= 5, 30, "nothing was sent")
    frozen.send(signal.SIGSTOP)
    workers.start()
    states = workers.until_ended(60)
    assert states["unknown"] <= CONNECTIONS
    frozen.send(signal.SIGCONT)
    poll_until(lambda: awake(frozen, port), 20, "it did not wake")
    ends = workers.ends()
    assert len(ends) == 60
    assert {len(facts) for facts in ends.values()} == {1}
    assert workers.states() == states
    assert len(arrived_once(mailbox)) <= 60


def awake(child: Child, port: int) -> bool:
    """Whether it answers, or has ended because another owns its lanes."""
    return says_200(f"http://127.0.0.1:{port}/livez") or not child.running()


def test_a_relay_that_is_away_is_seen_and_waited_for(workers: Workers, mailbox: Mailbox) -> None:
    _, port = workers.start()
    mailbox.fault("refuse_connections")

    def ready() -> bool:
        return says_200(f"http://127.0.0.1:{port}/readyz", timeout=5)

    poll_until(lambda: not ready(), 20, "the relay's absence was not seen")
    workers.order(3)
    poll_until(lambda: workers.states()["pending"] == 3, 20, "orders did not arrive")
    mailbox.fault("none")
    assert workers.until_ended(3) == Counter(sent=3)
    poll_until(ready, 20, "the relay's return was not seen")
