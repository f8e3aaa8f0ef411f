"""Histories for tests: told in events and facts, at instants counted from NOW."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from services.segmenter.tags import evaluate, in_force
from services.segmenter.tags.history import History
from services.segmenter.tags.marks import FACTS, learn_event, learn_fact
from services.segmenter.tags.tag import Evidence, Tag

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@dataclass
class Story:
    """What was told of one customer; ids are e-1, e-2 and so on, in the order of telling."""

    history: History = field(default_factory=dict)
    told: int = 0

    def tell(self, type: str, days: float = 0, **data: Any) -> "Story":
        """An event or fact of `days` after NOW (before it, if negative)."""
        self.told += 1
        learn = learn_fact if type in FACTS else learn_event
        learn(self.history, type, f"e-{self.told}", NOW + timedelta(days=days), data)
        return self

    def message(self, name: str, days: float = 0, where: str = "email/en") -> "Story":
        """A message that went out."""
        channel, _, locale = where.partition("/")
        return self.tell("message.intended", days, message_id=name, channel=channel, locale=locale)

    def bill(
        self, type: Literal["bill.due_soon", "bill.updated", "payment.missed"], bill: str,
        due: str, days: float = 0, **data: Any,
    ) -> "Story":  # fmt: skip
        """A bill's event with its due date."""
        return self.tell(type, days, bill_id=bill, due_date=due, **data)

    def paid(self, bill: str, days: float = 0, remaining: int = 0, **data: Any) -> "Story":
        """A payment for a bill."""
        return self.tell("payment.received", days, bill_id=bill, remaining_minor=remaining, **data)

    def tags(self, days: float = 0, zone: str | None = None) -> dict[str, Tag]:
        """The tags in force `days` after NOW."""
        evidence = self.evidence(days, zone)
        return in_force(evaluate(evidence), evidence)

    def evidence(self, days: float = 0, zone: str | None = None) -> Evidence:
        """What they rest on."""
        now = NOW + timedelta(days=days)
        return Evidence(self.history, now, ZoneInfo(zone) if zone else None)

    def value(self, name: str, days: float = 0, zone: str | None = None) -> str | float | None:
        """One tag's value; None where nothing holds."""
        tag = self.tags(days, zone).get(name)
        return None if tag is None else tag.value
