"""All of Rapport as processes, on a test's own parts: how it is started, fed, read and asked."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from rapport.launcher import Fleet, Parts
from rapport.playbook_folder import publish_folder
from rapport.topics import create_topics
from schemas.topics import CUSTOMER_EVENTS, DEAD_LETTERS, OUTREACH_LOG
from services.runtime.clock import Clock
from services.runtime.embedded.children import answers, free_port
from services.runtime.ids import fresh
from services.runtime.settings import ROOT, SERVICES
from support.broker import Broker
from support.database import Database
from support.mail import Mailbox
from support.polling import poll_until

SOURCE = "urn:test:publisher"
TOKEN = "a-token-for-everything"
READ_TOKEN = "a-token-to-read"
PUBLISH_TOKEN = "a-token-to-publish"
BOUND_TOKEN = "a-token-of-another-tenant"
_API_TOKENS = (
    f"test={TOKEN}:publish+read+operate+desk,reader={READ_TOKEN}:read,"
    f"publisher={PUBLISH_TOKEN}:publish,other={BOUND_TOKEN}:publish+read+operate+tenant:other"
)
_CLOCK = Clock()
_HEADERS = [("content-type", b"application/cloudevents+json; charset=UTF-8")]
_COMMAND_SECONDS = 60
_READ_SECONDS = 30.0

Fact = dict[str, Any]


class Topic:
    """A topic read from its beginning; asked again, it has what came meanwhile, too."""

    def __init__(self, address: str, topic: str) -> None:
        self.events: list[dict[str, Any]] = []
        self._consumer = KafkaConsumer(
            bootstrap_servers=address,
            group_id=None,
            enable_auto_commit=False,
            fetch_max_wait_ms=50,
            max_poll_records=100_000,
        )
        self._parts = [TopicPartition(topic, p) for p in self._consumer.partitions_for_topic(topic)]
        self._consumer.assign(self._parts)
        self._consumer.seek_to_beginning(*self._parts)

    def read(self) -> list[dict[str, Any]]:
        """Every event that was there when it was asked, as the JSON that it is.

        Tansu tells of the first event of each partition's last batch at the least; the rest of
        the batch comes with it. Raises AssertionError where the broker keeps them back.
        """
        ends = self._consumer.end_offsets(self._parts)
        deadline = _CLOCK.monotonic() + _READ_SECONDS
        while any(self._consumer.position(part) < end for part, end in ends.items()):
            assert _CLOCK.monotonic() < deadline, f"{ends} are not there yet"
            self.events += [
                json.loads(record.value)
                for records in self._consumer.poll(timeout_ms=50).values()
                for record in records
            ]
        return self.events

    def close(self) -> None:
        """Let go of the broker."""
        self._consumer.close()


@dataclass
class System:
    """Running services, and what stands around them."""

    parts: Parts
    fleet: Fleet
    broker: Broker
    database: Database
    mailbox: Mailbox
    clock: Clock
    http: httpx.Client = field(
        default_factory=lambda: httpx.Client(timeout=20, trust_env=False, verify=False)
    )

    def url(self, service: str, path: str = "") -> str:
        """An address of a service."""
        return f"http://127.0.0.1:{self.parts.settings.port(service)}{path}"

    @property
    def authorization(self) -> dict[str, str]:
        """The header of the token that may do everything."""
        return {"Authorization": f"Bearer {TOKEN}"}

    def get(self, service: str, path: str, **params: str) -> httpx.Response:
        """Ask an internal route."""
        return self.http.get(self.url(service, path), params=params, headers=self.authorization)

    def operate(self, path: str, **body: Any) -> httpx.Response:
        """Tell the scheduler what an operator wants."""
        return self.http.post(self.url("scheduler", path), json=body, headers=self.authorization)

    def post(self, value: bytes, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Publish bytes over HTTP."""
        given = {"Content-Type": "application/cloudevents+json", **(headers or {})}
        return self.http.post(
            self.url("segmenter", "/events"), content=value, headers={**self.authorization, **given}
        )

    def post_event(self, event: Mapping[str, Any]) -> httpx.Response:
        """Publish one event over HTTP."""
        return self.post(json.dumps(event).encode())

    def send(self, *events: Mapping[str, Any]) -> None:
        """Publish events through Kafka, in this order, and wait until the broker has them."""
        self.send_raw(*((e["subject"].encode(), json.dumps(e).encode()) for e in events))

    def send_raw(
        self,
        *records: tuple[bytes | None, bytes | None],
        partition: int | None = None,
        topic: str = CUSTOMER_EVENTS,
    ) -> None:
        """Publish keys and values as they are; None: to the key's partition."""
        with closing(
            KafkaProducer(
                bootstrap_servers=self.broker.address, acks="all", max_request_size=8 << 20
            )
        ) as producer:
            sent = [
                producer.send(topic, key=key, value=value, headers=_HEADERS, partition=partition)
                for key, value in records
            ]
            for one in sent:
                one.get(30)

    def command(self, *arguments: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        """Run `rapport …` against this system, to its end."""
        return subprocess.run(
            [sys.executable, "-m", "rapport.cli", *arguments],
            input=stdin,
            env=self.parts.environment,
            cwd=ROOT,
            capture_output=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )

    def violations(self) -> list[Any]:
        """What `rapport audit` finds; none where it says by its exit status that all holds."""
        done = self.command("audit", "--json")
        found = [
            v for promise in json.loads(done.stdout)["promises"] for v in promise["violations"]
        ]
        assert done.returncode == bool(found), done.stderr.decode()
        return found

    @contextmanager
    def log(self) -> Iterator[Topic]:
        """The shared log."""
        with closing(Topic(self.broker.address, OUTREACH_LOG)) as topic:
            yield topic

    @contextmanager
    def dead_letters(self) -> Iterator[Topic]:
        """What could not be accepted."""
        with closing(Topic(self.broker.address, DEAD_LETTERS)) as topic:
            yield topic

    def ready(self, service: str) -> tuple[int, dict[str, str]]:
        """The status of /readyz, and its parts."""
        answer = self.http.get(self.url(service, "/readyz"))
        return answer.status_code, answer.json()["parts"]

    def wait_ready(self, *services: str, timeout: float = 40.0) -> None:
        """Until these services (none: all) say that they are ready."""
        for service in services or SERVICES:
            poll_until(partial(self._is_ready, service), timeout, f"{service} is not ready")

    def _is_ready(self, service: str) -> bool:
        return self.ready(service)[0] == 200

    def settled(self, timeout: float = 30.0) -> None:
        """Until no service has anything left to publish or parked."""
        poll_until(
            lambda: (
                not any(
                    self.database.rows(
                        "SELECT 1 FROM (SELECT count(*) FROM segmenter.outbox"
                        " UNION ALL SELECT count(*) FROM scheduler.outbox"
                        " UNION ALL SELECT count(*) FROM messenger.outbox"
                        " UNION ALL SELECT count(*) FROM negotiator.outbox"
                        " UNION ALL SELECT count(*) FROM scheduler.parked) AS waiting(rows)"
                        " WHERE rows > 0"
                    )
                )
            ),
            timeout,
            "outboxes are not empty",
        )


@contextmanager
def whole_system(
    broker: Broker,
    database: Database,
    mailbox: Mailbox,
    folder: Path,
    clock: Clock,
    **environment: str,
) -> Iterator[System]:
    """The four services, ready; ended afterwards, whatever happened. Raises StartError."""
    parts = Parts(
        {
            **os.environ,
            **database.environment,
            "KAFKA_BOOTSTRAP_SERVERS": broker.address,
            "SMTP_URL": mailbox.smtp_url,
            "CLOCK": clock.text(),
            "API_TOKENS": _API_TOKENS,
            "PORT_BASE": str(free_ports()),
            "KAFKA_SESSION_TIMEOUT": "3",
            # Nobody waits in real time for a minute of jitter.
            "SCHEDULER_SPREAD_SECONDS": "0",
            **environment,
        },
        mail_page=mailbox.url,
        token=TOKEN,
    )
    create_topics(parts.settings)
    publish_folder(parts.settings)
    fleet = Fleet(parts, say=lambda _: None, logs=folder)
    system = System(parts, fleet, broker, database, mailbox, clock)
    try:
        fleet.start()
        yield system
    finally:
        system.http.close()
        fleet.stop()


def event(
    type: str, customer: str, data: Mapping[str, Any], *, at: datetime, **attributes: Any
) -> dict[str, Any]:
    """One customer event as a publisher writes it."""
    return {
        "specversion": "1.0",
        "id": fresh(),
        "source": SOURCE,
        "type": type,
        "subject": customer,
        "time": at.astimezone(UTC).isoformat(),
        "data": dict(data),
        **attributes,
    }


def of(facts: Sequence[Fact], customer: str, type: str = "") -> list[Fact]:
    """A customer's facts, of types that begin so."""
    return [fact for fact in facts if fact["subject"] == customer and fact["type"].startswith(type)]


def wait_for(
    topic: Topic, found: Callable[[list[Fact]], Any], timeout: float = 30.0, message: str = ""
) -> Any:
    """What `found` makes of the topic, once it is true."""
    return poll_until(lambda: found(topic.read()), timeout, message)


def free_ports() -> int:
    """A PORT_BASE whose four ports nobody uses."""
    while True:
        base = free_port()
        if not any(answers(base + number) for number in range(1, len(SERVICES) + 1)):
            return base
