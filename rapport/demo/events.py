"""CloudEvents as a publisher writes them: bytes for `customer.events`, made without Rapport's code.

A bank that integrates with Rapport would write these few lines in its own language.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

STRUCTURED: Final = (("content-type", b"application/cloudevents+json; charset=UTF-8"),)


@dataclass(frozen=True, slots=True)
class Record:
    """One Kafka record for `customer.events`."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = STRUCTURED


def event(
    kind: str,
    data: Mapping[str, Any],
    *,
    id: str,
    source: str,
    subject: str,
    time: datetime,
) -> Record:
    """One event in structured mode; the key is the subject."""
    whole = attributes(kind, id=id, source=source, subject=subject, time=time) | {
        "datacontenttype": "application/json",
        "data": dict(data),
    }
    return Record(subject.encode(), to_json(whole))


def binary_event(
    kind: str,
    data: Mapping[str, Any],
    *,
    id: str,
    source: str,
    subject: str,
    time: datetime,
) -> Record:
    """The same in binary mode: attributes as `ce_` headers, the data alone as value."""
    named = attributes(kind, id=id, source=source, subject=subject, time=time)
    headers = tuple((f"ce_{name}", value.encode()) for name, value in named.items())
    return Record(
        subject.encode(), to_json(data), (("content-type", b"application/json"), *headers)
    )


def attributes(kind: str, *, id: str, source: str, subject: str, time: datetime) -> dict[str, str]:
    """The required attributes, and the subject."""
    return {
        "specversion": "1.0",
        "id": id,
        "source": source,
        "type": kind,
        "subject": subject,
        "time": instant(time),
    }


def instant(time: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_json(value: Any) -> bytes:
    """JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
