"""What Kafka gives, and which of it a service needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

LATE = timedelta(hours=1)
"""Real age of a record; no topic is kept for less."""


class Record(Protocol):
    """A Kafka record, as aiokafka gives it."""

    @property
    def topic(self) -> str: ...

    @property
    def partition(self) -> int: ...

    @property
    def offset(self) -> int: ...

    @property
    def key(self) -> bytes | None: ...

    @property
    def value(self) -> bytes | None: ...

    @property
    def timestamp(self) -> int:
        """When it was written: real time, milliseconds since 1970."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


class _Typed(msgspec.Struct):
    type: str


_peek = msgspec.json.Decoder(_Typed).decode


@dataclass(frozen=True)
class Wanted:
    """The `types` that a service needs of a topic that it reads sparingly.

    `late`: what it wrote itself, and needs only once the record is `LATE` old: it is then being
    built up again, from a log that is kept longer than what it was told.
    """

    types: frozenset[str]
    late: frozenset[str] = frozenset()

    def has(self, record: Record, now: datetime) -> bool:
        """Whether the record, read at the real instant `now`, may be one; not validated yet."""
        if record.value is None or any(name.startswith("ce_") for name, _ in record.headers or ()):
            return True
        try:
            type_ = _peek(record.value).type
        except (msgspec.DecodeError, UnicodeDecodeError):
            return True
        return type_ in self.types or (
            type_ in self.late and now.timestamp() - record.timestamp / 1000 > LATE.total_seconds()
        )
