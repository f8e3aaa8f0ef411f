"""The log as a file: one JSON object a line, as `rapport watch --json` prints it.

`{"topic", "partition", "offset", "timestamp_ms", "event"}`; a record that is no JSON has
`value_base64` in place of `event`. Bare CloudEvents are read, too; where they stand is then their
line, and when they were written their own time.
"""

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from rapport.audit.log import Record
from rapport.reading import Raw
from schemas.topics import OUTREACH_LOG


class UnreadableFile(ValueError):
    """A file that holds no log; the text is `FILE:LINE: what and how to mend it`."""


def record(raw: Raw) -> Record:
    """What the audit wants to know of a Kafka record."""
    return Record(raw.partition, raw.offset, raw.timestamp_ms, raw.value or b"", raw.topic)


def as_json(raw: Raw) -> str:
    """One line of a log file."""
    place: dict[str, Any] = {
        "topic": raw.topic,
        "partition": raw.partition,
        "offset": raw.offset,
        "timestamp_ms": raw.timestamp_ms,
    }
    try:
        place["event"] = json.loads(raw.value or b"")
    except ValueError:
        place["value_base64"] = base64.b64encode(raw.value or b"").decode()
    return json.dumps(place, ensure_ascii=False)


def read_file(path: Path) -> Iterator[Record]:
    """The records of a log file. Raises UnreadableFile, or OSError."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    yield _record(json.loads(line), number)
                except (ValueError, KeyError, TypeError, AttributeError) as error:
                    raise UnreadableFile(
                        f"{path}:{number}: write one JSON object a line, as `rapport watch --json` "
                        f"does ({type(error).__name__})"
                    ) from None


def _record(entry: dict[str, Any], number: int) -> Record:
    if "specversion" in entry:
        written = datetime.fromisoformat(entry["time"].replace("Z", "+00:00")).timestamp()
        return Record(0, number - 1, int(written * 1000), json.dumps(entry).encode())
    if "value_base64" in entry:
        value = base64.b64decode(entry["value_base64"])
    else:
        value = json.dumps(entry["event"]).encode()
    return Record(
        int(entry["partition"]),
        int(entry["offset"]),
        int(entry["timestamp_ms"]),
        value,
        str(entry.get("topic", OUTREACH_LOG)),
    )
