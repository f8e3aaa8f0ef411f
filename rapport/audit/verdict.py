"""What an audit finds: violations that name their evidence, and how much was looked at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rapport.audit.log import Fact, Fault, Position
from schemas.common import Typed


@dataclass(frozen=True, slots=True)
class Evidence:
    """One record that shows something."""

    position: Position
    id: str | None
    type: str | None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        where = {
            "topic": self.position.topic,
            "partition": self.position.partition,
            "offset": self.position.offset,
        }
        return {"id": self.id, "type": self.type, **where}

    def __str__(self) -> str:
        return f"{self.type or 'record'} {self.id or '?'} at {self.position}"


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was not kept: which rule of it, what happened, and the events that show it."""

    promise: int
    rule: str
    what: str
    events: tuple[Evidence, ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        events = [event.as_dict() for event in self.events]
        return {"promise": self.promise, "rule": self.rule, "what": self.what, "events": events}


@dataclass(slots=True)
class Outcome:
    """What one promise's check found.

    checked: how many things of which kind were looked at. in_flight: what may still become right
    (or is no violation because it came too late to be known). notes: for information.
    """

    promise: int
    title: str
    checked: dict[str, int] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    in_flight: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)

    @property
    def held(self) -> bool:
        """Whether the log shows nothing against the promise."""
        return not self.violations

    def violate(self, rule: str, what: str, *shown: Fact[Typed] | Fault | None) -> None:
        """Record a violation, with the facts that show it."""
        events = tuple(Evidence(one.position, one.id, one.type) for one in shown if one is not None)
        self.violations.append(Violation(self.promise, rule, what, events))

    def flying(self, what: str, count: int = 1) -> None:
        """Count something as in flight."""
        if count:
            self.in_flight[what] = self.in_flight.get(what, 0) + count

    def note(self, what: str, count: int = 1) -> None:
        """Count something for information."""
        if count:
            self.notes[what] = self.notes.get(what, 0) + count

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "promise": self.promise,
            "title": self.title,
            "held": self.held,
            "checked": self.checked,
            "in_flight": self.in_flight,
            "notes": self.notes,
            "violations": [violation.as_dict() for violation in self.violations],
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The whole audit."""

    facts: int
    duplicates: int
    unknown: int
    outcomes: Sequence[Outcome]

    @property
    def held(self) -> bool:
        """Whether every promise that was checked held."""
        return all(outcome.held for outcome in self.outcomes)

    @property
    def violations(self) -> Iterable[Violation]:
        """All violations, by promise."""
        return (violation for outcome in self.outcomes for violation in outcome.violations)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "verdict": "held" if self.held else "violated",
            "facts": self.facts,
            "duplicates_dropped": self.duplicates,
            "of_unknown_type": self.unknown,
            "promises": [outcome.as_dict() for outcome in self.outcomes],
        }
