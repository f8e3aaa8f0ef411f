"""What became of it: the outcomes that are looked for, and when they came."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from rapport.audit.log import Fact, Log
from rapport.lift.units import Unit
from schemas.facts import (
    AgreementBroken,
    AgreementCompleted,
    AgreementMade,
    EventApplied,
    HandoffRequested,
)

OUTCOMES: Final[Mapping[str, tuple[str, ...]]] = {
    "bill": ("paid", "agreed"),
    "subscription": ("renewed",),
    "application": ("completed",),
}
"""The outcomes of each family; the first is the one that counts where only one does."""
OTHERWISE: Final = ("active",)

_SAYS: Final = {
    "subscription.renewed": ("subscription", "renewed", True),
    "subscription.cancelled": ("subscription", "renewed", False),
    "application.completed": ("application", "completed", True),
}

Key = tuple[str, str, str, str]
"""Tenant, family, obligation (or customer), outcome."""


def outcomes_of(family: str) -> tuple[str, ...]:
    """What a playbook about this family hopes for."""
    return OUTCOMES.get(family, OTHERWISE)


class Outcomes:
    """All outcomes of a log. One party's payment settles an obligation for every party."""

    def __init__(self, log: Log) -> None:
        said: dict[Key, list[tuple[datetime, int, bool]]] = defaultdict(list)
        for fact in log.of(EventApplied):
            if fact.data.effect != "stale_version" and (word := _word(fact)) is not None:
                key, reached = word
                said[key].append((fact.data.event_time, fact.order, reached))
        for model, reached in ((AgreementMade, True), (AgreementCompleted, True),
                               (AgreementBroken, False)):  # fmt: skip
            for about in log.of(model):
                key = (about.tenant, "bill", about.data.obligation_id, "agreed")
                said[key].append((about.time, about.order, reached))
        self._said = {key: sorted(words) for key, words in said.items()}
        self._handoffs: dict[tuple[str, str], list[tuple[datetime, str | None]]] = defaultdict(list)
        for handoff in log.of(HandoffRequested):
            self._handoffs[handoff.who].append((handoff.time, handoff.data.obligation_id))

    def reached(self, unit: Unit, outcome: str, until: datetime) -> bool:
        """Whether the last word between the trigger and `until` is that it was reached.

        A payment that was taken back, and an agreement that was broken, are not.
        """
        about = unit.customer if outcome in OTHERWISE else unit.obligation_id
        family = "customer" if outcome in OTHERWISE else unit.family
        words = self._said.get((unit.tenant, family, about, outcome), [])
        start = bisect_left(words, unit.began, key=lambda word: word[0])
        within = [word for word in words[start:] if word[0] < until]
        return bool(within) and within[-1][2]

    def handoffs(self, unit: Unit, until: datetime) -> int:
        """How often a person was asked to take this matter over between trigger and `until`."""
        return sum(
            unit.began <= at < until and obligation in (None, unit.obligation_id)
            for at, obligation in self._handoffs.get((unit.tenant, unit.customer), ())
        )


def _word(fact: Fact[EventApplied]) -> tuple[Key, bool] | None:
    event, data = fact.data, fact.data.data
    if event.event_type == "customer.active":
        return (fact.tenant, "customer", fact.customer, "active"), True
    if event.obligation_id is None:
        return None
    if event.event_type in _SAYS:
        family, outcome, reached = _SAYS[event.event_type]
        return (fact.tenant, family, event.obligation_id, outcome), reached
    if (paid := _paid(event.event_type, data)) is None:
        return None
    return (fact.tenant, "bill", event.obligation_id, "paid"), paid


def _paid(event_type: str, data: Mapping[str, Any]) -> bool | None:
    """Whether the event says that nothing is asked any more; None: it says neither."""
    match event_type:
        case "payment.received":
            settled = data.get("remaining_minor") == 0 and not data.get("pending")
            return True if settled else None
        case "payment.reversed":
            return False
        case "bill.closed":
            return True if data.get("why") == "paid" else None
        case _:
            return None
