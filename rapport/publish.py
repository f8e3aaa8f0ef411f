"""Publishes customer events from a file of JSON lines: the publisher's example in working order."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kafka import KafkaProducer

from schemas.envelope import CONTENT_TYPE, decode, parse_data
from schemas.errors import Rejection
from schemas.topics import CUSTOMER_EVENTS
from services.runtime.ids import fresh

SOURCE = "urn:rapport:cli"
"""Source of events that name none."""

_HEADERS = [("content-type", CONTENT_TYPE.encode())]
_LARGEST_REQUEST = 16 << 20
"""Above what the broker takes, so that the broker says no and not this client."""
_SEND_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that would not be accepted, with how to mend it."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"


@dataclass(frozen=True, slots=True)
class Prepared:
    """One record to publish. `given_id`: the id that was filled in, if the line had none."""

    line: int
    key: bytes | None
    value: bytes
    given_id: str | None = None


def prepare(file: str, content: bytes, now: datetime) -> tuple[Sequence[Prepared], Sequence[Fault]]:
    """Check every line as the services would, and fill in what an event may leave out.

    specversion, id, source and time are filled in; blank lines are skipped. Returns what can be
    published, and what can't.
    """
    prepared: list[Prepared] = []
    faults: list[Fault] = []
    for number, line in _lines(content):
        if not line.strip():
            continue
        value, given_id = _completed(line, now)
        try:
            event = decode(value)
            parse_data(event, CUSTOMER_EVENTS)
        except Rejection as rejection:
            faults.append(Fault(file, number, _words(rejection)))
            continue
        prepared.append(Prepared(number, event.subject.encode(), value, given_id))
    return prepared, faults


def prepare_raw(content: bytes) -> Sequence[Prepared]:
    """Every line as it is, keyed by its subject where it has one; a blank line is an empty value.

    For trying what a publisher's mistake leads to.
    """
    return [Prepared(number, _subject(line), line) for number, line in _lines(content)]


def send(
    records: Iterable[Prepared], connection: dict[str, Any], topic: str = CUSTOMER_EVENTS
) -> int:
    """Publish, wait until the broker has all of them, and return how many.

    A record's partition follows from its key by murmur2. Raises kafka.errors.KafkaError.
    """
    producer = KafkaProducer(
        **connection,
        acks="all",
        linger_ms=5,
        max_request_size=_LARGEST_REQUEST,
        max_block_ms=_SEND_SECONDS * 1000,
    )
    try:
        sent = [
            producer.send(topic, value=record.value, key=record.key, headers=_HEADERS)
            for record in records
        ]
        producer.flush(_SEND_SECONDS)
        for one in sent:
            one.get(_SEND_SECONDS)
        return len(sent)
    finally:
        producer.close(_SEND_SECONDS)


def _lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    lines = content.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines, 1):
        yield number, line.removesuffix(b"\r")


def _completed(line: bytes, now: datetime) -> tuple[bytes, str | None]:
    """The line with what it may leave out, and the id if that was missing; bytes kept if whole."""
    try:
        event = json.loads(line)
    except ValueError:
        return line, None
    if not isinstance(event, dict):
        return line, None
    given = {
        "specversion": "1.0",
        "id": fresh(),
        "source": SOURCE,
        "time": now.isoformat().replace("+00:00", "Z"),
    }
    missing = {name: value for name, value in given.items() if name not in event}
    if not missing:
        return line, None
    whole = json.dumps({**missing, **event}, ensure_ascii=False)
    return whole.encode(errors="surrogatepass"), missing.get("id")


def _subject(line: bytes) -> bytes | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    subject = event.get("subject") if isinstance(event, dict) else None
    return subject.encode(errors="replace") if isinstance(subject, str) else None


def _words(rejection: Rejection) -> str:
    where = f" {rejection.pointer}" if rejection.pointer else ""
    return f"{rejection.detail} ({rejection.code}{where})"
