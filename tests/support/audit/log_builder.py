"""Builds logs for the audit: facts by name, in order; positions are worked out at the end."""

import copy
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rapport.audit.log import Record
from schemas.common import Typed
from schemas.envelope import encode, make
from schemas.facts import FACTS
from schemas.topics import CUSTOMER_EVENTS, OUTREACH_LOG

LANES = 4
REAL_START_MS = 1_795_000_000_000
REAL_STEP_MS = 50
MODELS: Mapping[str, type[Typed]] = {model.TYPE: model for model in FACTS}
HASH = "ab" * 32


def lane(customer: str) -> int:
    """Any stable choice will do: the audit must not care."""
    return zlib.crc32(customer.encode()) % LANES


@dataclass
class Entry:
    """One fact to be. Its name is its id. `read_before`: the messenger had read up to there."""

    name: str
    type: str
    customer: str
    at: datetime
    data: dict[str, Any]
    tenant: str = "default"
    source: str = "/rapport/test"
    read_before: str | None = None
    late_seconds: float = 0.0
    id: str = ""
    raw: bytes | None = None

    def __post_init__(self) -> None:
        self.id = self.id or self.name


@dataclass
class LogBuilder:
    """A list of facts that tests may change before it becomes records."""

    entries: list[Entry] = field(default_factory=list)
    dropped: set[str] = field(default_factory=set)
    by_lane: bool = True

    def __getitem__(self, name: str) -> Entry:
        return next(entry for entry in self.entries if entry.name == name)

    def index(self, name: str) -> int:
        """Rank of a fact."""
        return next(n for n, entry in enumerate(self.entries) if entry.name == name)

    def add(
        self,
        name: str,
        type: str,
        customer: str,
        at: str | datetime,
        /,
        *,
        before: str | None = None,
        after: str | None = None,
        tenant: str = "default",
        **data: Any,
    ) -> Entry:
        """A fact at the end, or before or after another."""
        instant = at if isinstance(at, datetime) else datetime.fromisoformat(at)
        entry = Entry(name, type, customer, instant, data, tenant)
        if before is not None:
            self.entries.insert(self.index(before), entry)
        elif after is not None:
            self.entries.insert(self.index(after) + 1, entry)
        else:
            self.entries.append(entry)
        return entry

    def event(
        self,
        name: str,
        type: str,
        customer: str,
        at: str,
        /,
        *,
        effect: str = "applied",
        obligation: str | None = None,
        before: str | None = None,
        after: str | None = None,
        tenant: str = "default",
        event_time: str | None = None,
        **data: Any,
    ) -> Entry:
        """An `event.applied`; the event's id is the fact's name."""
        return self.add(
            name,
            "event.applied",
            customer,
            at,
            before=before,
            after=after,
            tenant=tenant,
            event_type=type,
            event_id=name,
            event_source="bank",
            event_version=1,
            event_time=event_time or at,
            position=None,
            effect=effect,
            obligation_id=obligation,
            data=data,
        )

    def copy(self, name: str, new_name: str, **changes: Any) -> Entry:
        """A second fact like the first, directly after it, with some data changed."""
        entry = copy.deepcopy(self[name])
        entry.name = entry.id = new_name
        entry.data |= changes
        self.entries.insert(self.index(name) + 1, entry)
        return entry

    def drop(self, *names: str) -> None:
        """Take facts out; what the messenger had read stays as it was."""
        self.dropped |= set(names)

    def change(self, name: str, **data: Any) -> None:
        """Change a fact's data."""
        self[name].data |= data

    def move(self, name: str, at: str) -> None:
        """Change when a fact happened, in business time; for a message, when it was checked."""
        entry = self[name]
        entry.at = datetime.fromisoformat(at)
        if "checked_at" in entry.data:
            entry.data["checked_at"] = at

    def records(self) -> Iterator[Record]:
        """The log, as it would be read."""
        offsets: dict[int, int] = {}
        applied: dict[int, int] = {}
        read: list[dict[str, int]] = []
        places: list[tuple[int, int]] = []
        state: dict[str, int] = {}
        positions: dict[int, dict[str, Any]] = {}
        for number, entry in enumerate(self.entries):
            read.append(dict(state))
            where = lane(entry.customer) if self.by_lane else 0
            offset = offsets.get(where, 0)
            offsets[where] = offset + 1
            places.append((where, offset))
            state[f"{OUTREACH_LOG}/{where}"] = offset
            if entry.type == "event.applied":
                given = entry.data.get("position")
                seen = applied.get(where, 100) if given is None else given["offset"]
                applied[where] = max(applied.get(where, 100), seen + 1)
                positions[number] = given or {
                    "topic": CUSTOMER_EVENTS,
                    "partition": where,
                    "offset": seen,
                }
                state[f"{CUSTOMER_EVENTS}/{where}"] = applied[where] - 1
        for number, entry in enumerate(self.entries):
            if entry.name in self.dropped:
                continue
            data = dict(entry.data)
            if number in positions:
                data["position"] = positions[number]
            if entry.type == "message.intended" and data.get("applied_through") is None:
                seen_by = self.index(entry.read_before) if entry.read_before else number
                data["applied_through"] = read[seen_by]
            written = REAL_START_MS + number * REAL_STEP_MS + int(entry.late_seconds * 1000)
            partition, offset = places[number]
            yield Record(partition, offset, written, entry.raw or self._value(entry, data))

    def _value(self, entry: Entry, data: dict[str, Any]) -> bytes:
        model = MODELS.get(entry.type)
        checked = model.model_validate(data) if model else data
        event = make(
            entry.type,
            checked,
            id=entry.id,
            source=entry.source,
            tenant=entry.tenant,
            subject=entry.customer,
            time=entry.at,
        )
        return encode(event)


def plus(at: str, **delta: float) -> str:
    """An instant some time later."""
    return (datetime.fromisoformat(at) + timedelta(**delta)).isoformat()


def as_lines(records: Iterator[Record]) -> str:
    """A log file."""
    return "\n".join(
        json.dumps(
            {
                "topic": record.topic,
                "partition": record.partition,
                "offset": record.offset,
                "timestamp_ms": record.written_ms,
                "event": json.loads(record.value),
            }
        )
        for record in records
    )
