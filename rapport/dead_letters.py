"""Lists what could not be accepted, and puts it back where it came from."""

import base64
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kafka import KafkaProducer

from rapport.reading import read_to_end
from schemas.envelope import decode, parse_data
from schemas.errors import Rejection
from schemas.facts import DeadLetter, RecordPosition
from schemas.topics import CUSTOMER_EVENTS, DEAD_LETTERS, declared

_SEND_SECONDS = 30
LARGEST_LETTER = declared(os.environ)[DEAD_LETTERS].max_message_bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter; `number` is its `partition/offset` on dead.letters."""

    number: str
    at: str
    tenant: str
    data: DeadLetter

    @property
    def origin(self) -> str:
        """Where it came from, as text."""
        origin = self.data.origin
        if isinstance(origin, RecordPosition):
            return f"{origin.topic}/{origin.partition}@{origin.offset}"
        return "HTTP"

    @property
    def original(self) -> bytes:
        """The bytes that were refused."""
        return base64.b64decode(self.data.value_base64)

    def as_dict(self, *, with_value: bool = False) -> dict[str, Any]:
        """JSON-ready. Key and value may hold personal data, so they come only when asked for."""
        shown = self.data.model_dump(
            mode="json", include={"code", "detail", "pointer", "service", "origin"}
        )
        if with_value:
            value = self.original.decode(errors="backslashreplace")
            shown |= {"key": self.data.key, "value": value}
        return {"number": self.number, "at": self.at, **shown}


def read(connection: dict[str, Any]) -> list[Letter]:
    """All dead letters that are kept. Raises as `read_to_end` does."""
    found: list[Letter] = []
    for raw in read_to_end(DEAD_LETTERS, connection):
        try:
            event = decode(raw.value, largest=LARGEST_LETTER)
            data = parse_data(event, DEAD_LETTERS)
        except Rejection:
            continue
        if isinstance(data, DeadLetter):
            number = f"{raw.partition}/{raw.offset}"
            found.append(Letter(number, event.time.isoformat(), event.tenant, data))
    return found


def replay(letters: Sequence[Letter], connection: dict[str, Any]) -> int:
    """Publish the original bytes again, with their key and headers, on the topic they came from.

    What came over HTTP goes to customer.events. A repeat of what was accepted meanwhile changes
    nothing. Returns how many; raises kafka.errors.KafkaError.
    """
    producer = KafkaProducer(**connection, acks="all", max_request_size=16 << 20)
    try:
        sent = [
            producer.send(
                _topic(letter.data),
                value=letter.original,
                key=_key(letter),
                headers=[(name, text.encode()) for name, text in letter.data.headers.items()],
            )
            for letter in letters
        ]
        producer.flush(_SEND_SECONDS)
        for one in sent:
            one.get(_SEND_SECONDS)
        return len(sent)
    finally:
        producer.close(_SEND_SECONDS)


def chosen(letters: Iterable[Letter], numbers: Iterable[str]) -> tuple[list[Letter], list[str]]:
    """The letters of these numbers, and the numbers that no letter has."""
    by_number = {letter.number: letter for letter in letters}
    wanted = list(dict.fromkeys(numbers))
    known = [by_number[number] for number in wanted if number in by_number]
    return known, [number for number in wanted if number not in by_number]


def _topic(data: DeadLetter) -> str:
    return data.origin.topic if isinstance(data.origin, RecordPosition) else CUSTOMER_EVENTS


def _key(letter: Letter) -> bytes | None:
    if letter.data.key is not None:
        return letter.data.key.encode()
    if isinstance(letter.data.origin, RecordPosition):
        return None
    try:
        # Over HTTP there is no key: the subject is the one it would have had.
        return decode(letter.original).subject.encode()
    except Rejection:
        return None
