"""Local times of customers, as far as the log tells where they are."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from rapport.audit.log import Fact
from schemas.common import Typed
from schemas.facts import EventApplied, MessageIntended, OutreachDispatched, OutreachStepPlanned


class LocalTimes:
    """Remembers each customer's zone while facts pass by."""

    def __init__(self) -> None:
        self._zones: dict[tuple[str, str], ZoneInfo] = {}

    def see(self, fact: Fact[Typed]) -> None:
        """Learn from a fact where its customer is."""
        data = fact.data
        name: str | None = None
        if isinstance(data, EventApplied):
            name = data.data.get("timezone")
        elif (
            isinstance(data, OutreachStepPlanned | OutreachDispatched | MessageIntended)
            and len(data.zones) == 1
        ):
            name = data.zones[0]
        if name:
            self._zones[fact.who] = ZoneInfo(name)

    def text(self, fact: Fact[Typed], at: datetime | None = None) -> str:
        """An instant (the fact's own by default) on the customer's wall clock; UTC if unknown."""
        zone = self._zones.get(fact.who)
        return f"{(at or fact.time).astimezone(zone or UTC):%Y-%m-%d %H:%M:%S %Z}"
