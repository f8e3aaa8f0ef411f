"""The shared event log as the audit sees it: facts in order, transport duplicates dropped."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, Generic, TypeVar, cast

from schemas.common import Typed
from schemas.envelope import Envelope, decode, parse_data
from schemas.errors import Rejection
from schemas.topics import OUTREACH_LOG

Data = TypeVar("Data", bound=Typed, covariant=True)
D = TypeVar("D", bound=Typed)


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the log as it was read; `written_ms` is real time, Unix milliseconds."""

    partition: int
    offset: int
    written_ms: int
    value: bytes
    topic: str = OUTREACH_LOG


@dataclass(frozen=True, slots=True)
class Position:
    """Where a record stands."""

    topic: str
    partition: int
    offset: int

    @property
    def lane(self) -> str:
        """`topic/partition`, as positions are keyed everywhere."""
        return f"{self.topic}/{self.partition}"

    def within(self, through: Mapping[str, int]) -> bool:
        """Whether a reader that had applied `through` had applied this record."""
        return self.offset <= through.get(self.lane, -1)

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}@{self.offset}"


@dataclass(frozen=True, slots=True)
class Fact(Generic[Data]):
    """One fact. `written` is real (Unix seconds), `time` business time, `order` its rank in the
    log: by offset within a partition, and by time of writing between partitions.
    """

    order: int
    position: Position
    written: float
    id: str
    type: str
    source: str
    tenant: str
    customer: str
    time: datetime
    cause: str | None
    data: Data

    @property
    def who(self) -> tuple[str, str]:
        """Tenant and customer."""
        return self.tenant, self.customer


@dataclass(frozen=True, slots=True)
class Fault:
    """A record that is no fact, or one of another content than its first copy."""

    position: Position
    id: str | None
    type: str | None
    what: str


class Log:
    """Every distinct fact, in order, by type.

    duplicates: how many records repeated a fact that had been read (at-least-once delivery).
    unknown: how many facts are of a type that this version does not know (the list is open).
    """

    def __init__(
        self,
        facts: Sequence[Fact[Typed]],
        *,
        duplicates: int = 0,
        unknown: int = 0,
        unreadable: Sequence[Fault] = (),
        altered: Sequence[Fault] = (),
    ) -> None:
        self.facts = facts
        self.duplicates = duplicates
        self.unknown = unknown
        self.unreadable = unreadable
        self.altered = altered
        self._by_type: dict[type[Typed], list[Fact[Typed]]] = {}
        for fact in facts:
            self._by_type.setdefault(type(fact.data), []).append(fact)
        self.ends = max((fact.written for fact in facts), default=0.0)
        self.last_time = max((fact.time for fact in facts), default=None)

    def of(self, model: type[D]) -> Sequence[Fact[D]]:
        """The facts of one type, in order."""
        return cast("Sequence[Fact[D]]", self._by_type.get(model, []))

    def counts(self) -> dict[str, int]:
        """How many facts there are of each type."""
        return {model.TYPE: len(facts) for model, facts in sorted(self._by_type.items(), key=_name)}


def build(records: Iterable[Record]) -> Log:
    """Decode records, in any order, into a Log. Faulty records become faults, never exceptions."""
    seen: dict[tuple[str, str, str], dict[str, Any]] = {}
    facts: list[Fact[Typed]] = []
    unreadable: list[Fault] = []
    altered: list[Fault] = []
    duplicates = unknown = 0
    for order, (written, record) in enumerate(_ordered(records)):
        position = Position(record.topic, record.partition, record.offset)
        event: Envelope | None = None
        try:
            event = decode(record.value)
            identity = (event.tenant, event.source, event.id)
            if (first := seen.get(identity)) is not None:
                duplicates += 1
                if first != event.data:
                    altered.append(Fault(position, event.id, event.type, "differs from its copy"))
                continue
            seen[identity] = event.data
            data = parse_data(event, OUTREACH_LOG)
        except Rejection as rejection:
            if event is not None and rejection.code in ("unknown_type", "unknown_version"):
                unknown += 1
                continue
            name, kind = (event.id, event.type) if event is not None else (None, None)
            unreadable.append(Fault(position, name, kind, str(rejection)))
            continue
        facts.append(_fact(order, position, written, event, data))
    return Log(
        facts,
        duplicates=duplicates,
        unknown=unknown,
        unreadable=unreadable,
        altered=altered,
    )


def _fact(
    order: int, position: Position, written: float, event: Envelope, data: Typed
) -> Fact[Typed]:
    return Fact(
        order=order,
        position=position,
        written=written,
        id=event.id,
        type=event.type,
        source=event.source,
        tenant=event.tenant,
        customer=event.subject,
        time=event.time,
        cause=event.causationid,
        data=data,
    )


def _ordered(records: Iterable[Record]) -> Iterator[tuple[float, Record]]:
    """Records with the real second of writing, which never falls within a partition.

    Producers' clocks may differ a little; offsets do not lie.
    """
    timed: list[tuple[float, Record]] = []
    latest: dict[tuple[str, int], float] = {}
    for record in sorted(records, key=attrgetter("topic", "partition", "offset")):
        lane = (record.topic, record.partition)
        latest[lane] = max(latest.get(lane, 0.0), record.written_ms / 1000)
        timed.append((latest[lane], record))
    # Stable: within one partition the order of offsets stays.
    return iter(sorted(timed, key=lambda pair: pair[0]))


def _name(item: tuple[type[Typed], object]) -> str:
    return item[0].TYPE
