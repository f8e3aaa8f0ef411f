"""Kafka as the publishers use it: records out to customer.events, facts in from the shared log."""

import threading
from collections.abc import Callable
from typing import Any

from kafka import KafkaProducer
from pydantic import ValidationError

from rapport.demo.events import Record
from rapport.demo.tally import Fact
from rapport.reading import Raw, follow
from schemas.envelope import Envelope
from schemas.topics import CUSTOMER_EVENTS

_FLUSH_SECONDS = 10


class Wire:
    """Publishes records; may be made before the broker is up, and used from several threads."""

    def __init__(self) -> None:
        self._producer: KafkaProducer | None = None

    def connect(self, connection: dict[str, Any]) -> None:
        """Connect to the broker. Raises kafka.errors.KafkaError."""
        # Above what Rapport accepts: one of the mistakes is a value that is too large.
        self._producer = KafkaProducer(
            **connection, acks="all", linger_ms=5, max_request_size=4 << 20
        )

    def send(self, record: Record) -> None:
        """Hand a record to the producer, which sends it within milliseconds."""
        if self._producer is None:
            raise RuntimeError("not connected to a broker")
        self._producer.send(
            CUSTOMER_EVENTS, value=record.value, key=record.key, headers=list(record.headers)
        )

    def close(self) -> None:
        """Send what is left and disconnect."""
        if self._producer is not None:
            self._producer.flush(_FLUSH_SECONDS)
            self._producer.close(_FLUSH_SECONDS)
            self._producer = None


class Listener:
    """Follows one topic in a thread of its own and passes on each event that it can read."""

    def __init__(
        self, topic: str, connection: dict[str, Any], hear: Callable[[Envelope], None]
    ) -> None:
        self._topic = topic
        self._connection = connection
        self._hear = hear
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"hear {topic}", daemon=True)
        self.error: Exception | None = None

    def start(self) -> None:
        """Begin to listen, from the topic's beginning."""
        self._thread.start()

    def stop(self) -> None:
        """End listening."""
        self._stopping.set()
        self._thread.join(5)

    def _run(self) -> None:
        try:
            for raw in follow(self._topic, self._connection):
                if raw is not None:
                    self._pass_on(raw)
                if self._stopping.is_set():
                    return
        except Exception as error:
            self.error = error

    def _pass_on(self, raw: Raw) -> None:
        # Not `decode`: a dead letter may hold a value larger than any that is accepted.
        try:
            event = Envelope.model_validate_json(raw.value or b"")
        except ValidationError:
            return
        self._hear(event)


def fact(event: Envelope) -> Fact:
    """As much of an event as counting needs."""
    return Fact(event.id, event.source, event.type, event.subject, event.time, event.data)
