"""Local times of customers, as far as the log tells where they are."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from rapport.audit.log import Fact
from schemas.common import Typed
from schemas.facts import EventApplied, MessageIntended, OutreachDispatched, OutreachStepPlanned

_INSTANTS = ("due_at", "to_at", "not_before")
"""Fields whose instants are told in words."""


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

    def text(self, fact: Fact[Typed]) -> str:
        """The fact's instant on the customer's wall clock; UTC where that is not known."""
        return f"{fact.time.astimezone(self._zone(fact)):%Y-%m-%d %H:%M:%S %Z}"

    def data(self, fact: Fact[Typed]) -> Typed:
        """The fact's data with its instants as the customer's wall clock shows them."""
        given = ((name, getattr(fact.data, name, None)) for name in _INSTANTS)
        zone = self._zone(fact)
        local = {n: at.astimezone(zone) for n, at in given if isinstance(at, datetime)}
        return fact.data.model_copy(update=local) if local else fact.data

    def _zone(self, fact: Fact[Typed]) -> tzinfo:
        return self._zones.get(fact.who, UTC)
