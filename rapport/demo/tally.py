"""What the shared log says has happened so far, counted: pure, one fact at a time."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Group = tuple[str, str]
"""Playbook and segment."""

NO_GROUP: Group = ("", "")
ENDS = ("message.sent", "message.failed", "message.refused", "message.unknown")


@dataclass(slots=True)
class Line:
    """What became of the enrolments of one playbook and segment. Sets hold enrolment ids."""

    enrolled: set[str] = field(default_factory=set)
    contacted: set[str] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)
    clicked: set[str] = field(default_factory=set)
    agreed: set[str] = field(default_factory=set)
    settled: set[str] = field(default_factory=set)
    opted_out: set[str] = field(default_factory=set)
    mails: int = 0
    deferred: Counter[str] = field(default_factory=Counter)
    suppressed: Counter[str] = field(default_factory=Counter)
    stopped: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of the log, as much of it as counting needs."""

    id: str
    source: str
    type: str
    customer: str
    time: datetime
    data: Mapping[str, Any]


class Tally:
    """All counts. Facts that come twice count once; unknown ones count for nothing."""

    def __init__(self) -> None:
        self.lines: defaultdict[Group, Line] = defaultdict(Line)
        self.counts: Counter[str] = Counter()
        self.applied: Counter[str] = Counter()
        self.contacted: set[str] = set()
        self.latest = datetime.min.replace(tzinfo=UTC)
        self._seen: set[tuple[str, str]] = set()
        self._groups: dict[str, Group] = {}
        self._about: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        self._messages: dict[str, str] = {}
        self._ordered: set[str] = set()
        self._ended: set[str] = set()
        self._hear: Mapping[str, Callable[[Fact], None]] = {
            "event.applied": self._applied,
            "outreach.enrolled": self._enrolled,
            "outreach.step_deferred": self._deferred,
            "outreach.step_suppressed": self._suppressed,
            "outreach.cancelled": self._cancelled,
            "outreach.dispatched": self._dispatched,
            "message.intended": self._intended,
            "message.sent": self._sent,
            "message.opened": self._opened,
            "message.clicked": self._clicked,
            "contact.unsubscribed": self._unsubscribed,
            "agreement.made": self._agreed,
        }

    @property
    def open_dispatches(self) -> set[str]:
        """Dispatches that have no end yet."""
        return self._ordered - self._ended

    def add(self, fact: Fact) -> bool:
        """Count one fact; False where it was counted before."""
        if (fact.source, fact.id) in self._seen:
            return False
        self._seen.add((fact.source, fact.id))
        self.counts[fact.type] += 1
        self.latest = max(self.latest, fact.time)
        if fact.type in ENDS:
            self._ended.add(fact.data["dispatch_id"])
        if hear := self._hear.get(fact.type):
            hear(fact)
        return True

    def _line(self, enrolment: str | None, playbook: str | None = None) -> Line:
        group = self._groups.get(enrolment or "", NO_GROUP)
        return self.lines[(playbook, "") if group == NO_GROUP and playbook else group]

    def _of_message(self, fact: Fact) -> tuple[Line, str]:
        enrolment = self._messages.get(fact.data.get("message_id") or "", "")
        return self._line(enrolment), enrolment

    def _enrolled(self, fact: Fact) -> None:
        enrolment = fact.data["enrolment_id"]
        self._groups[enrolment] = (fact.data["playbook"], fact.data["segment"])
        self._about[fact.data["obligation"]["obligation_id"]].add((fact.customer, enrolment))
        self._line(enrolment).enrolled.add(enrolment)

    def _deferred(self, fact: Fact) -> None:
        self._line(fact.data["enrolment_id"]).deferred[fact.data["reason"]] += 1

    def _suppressed(self, fact: Fact) -> None:
        line = self._line(fact.data.get("enrolment_id"), fact.data["playbook"])
        line.suppressed[fact.data["reason"]] += 1

    def _cancelled(self, fact: Fact) -> None:
        self._line(fact.data["enrolment_id"]).stopped[fact.data["reason"]] += 1

    def _dispatched(self, fact: Fact) -> None:
        self._ordered.add(fact.data["dispatch_id"])

    def _intended(self, fact: Fact) -> None:
        self._messages[fact.data["message_id"]] = fact.data["enrolment_id"]

    def _sent(self, fact: Fact) -> None:
        line, enrolment = self._of_message(fact)
        line.contacted.add(enrolment)
        line.mails += 1
        self.contacted.add(fact.customer)

    def _opened(self, fact: Fact) -> None:
        if not fact.data["machine"]:
            line, enrolment = self._of_message(fact)
            line.opened.add(enrolment)

    def _clicked(self, fact: Fact) -> None:
        if not fact.data["machine"]:
            line, enrolment = self._of_message(fact)
            line.clicked.add(enrolment)

    def _unsubscribed(self, fact: Fact) -> None:
        line, enrolment = self._of_message(fact)
        line.opted_out.add(enrolment or fact.customer)

    def _agreed(self, fact: Fact) -> None:
        for customer, enrolment in self._about[fact.data["obligation_id"]]:
            if customer == fact.customer:
                self._line(enrolment).agreed.add(enrolment)

    def _applied(self, fact: Fact) -> None:
        kind, data = fact.data["event_type"], fact.data["data"]
        self.applied[kind] += 1
        if fact.data["effect"] == "stale_version":
            return
        paid = (
            kind == "payment.received" and not data["remaining_minor"] and not data.get("pending")
        )
        for _, enrolment in self._about[fact.data.get("obligation_id") or ""]:
            if paid or kind == "subscription.renewed":
                self._line(enrolment).settled.add(enrolment)
            elif kind == "payment.reversed":
                self._line(enrolment).settled.discard(enrolment)
