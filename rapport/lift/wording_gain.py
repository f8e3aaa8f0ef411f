"""What choosing words by what they bring has brought, against choosing them evenly."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from rapport.audit.log import Log
from rapport.lift.estimates import Choice, Estimate, gain, ips, observed, snips
from schemas.facts import AgreementMade, EventApplied, MessageIntended

WINDOW: Final = timedelta(days=14)
"""How long after a message an outcome counts for its words; the messenger's default."""
LEAST_MESSAGES: Final = 200
"""Fewer messages than that, and no gain is shown."""
ALL = "all playbooks"


@dataclass(frozen=True, slots=True)
class WordingGain:
    """Of messages whose words were chosen among several, and whose window has closed.

    chosen: the share that came to a good end. even_ips, even: what an even choice would have
    brought, by IPS and by SNIPS; gain: chosen less `even`. None where there are too few.
    """

    tenant: str
    playbook: str
    messages: int
    chosen: Estimate | None
    even_ips: Estimate | None
    even: Estimate | None
    gain: Estimate | None

    def as_dict(self) -> dict[str, Any]:
        """For programs; null for what can't be said."""
        return asdict(self)


def wording_gains(log: Log, until: datetime) -> list[WordingGain]:
    """By tenant and playbook, and all of a tenant's together where it has several."""
    chosen: dict[tuple[str, str], list[Choice]] = defaultdict(list)
    for tenant, playbook, choice in _choices(log, until):
        chosen[tenant, playbook].append(choice)
    for tenant in {tenant for tenant, _ in chosen}:
        own = [choices for (name, _), choices in chosen.items() if name == tenant]
        if len(own) > 1:
            chosen[tenant, ALL] = [choice for choices in own for choice in choices]
    return [
        _gain(tenant, playbook, choices) for (tenant, playbook), choices in sorted(chosen.items())
    ]


def _gain(tenant: str, playbook: str, choices: Sequence[Choice]) -> WordingGain:
    if len(choices) < LEAST_MESSAGES:
        return WordingGain(tenant, playbook, len(choices), None, None, None, None)
    return WordingGain(
        tenant,
        playbook,
        len(choices),
        observed(choices),
        ips(choices),
        snips(choices),
        gain(choices),
    )


def _choices(log: Log, until: datetime) -> Iterator[tuple[str, str, Choice]]:
    ends = _good_ends(log)
    for fact in log.of(MessageIntended):
        data = fact.data
        if data.propensity is None or data.checked_at + WINDOW > until:
            continue
        reached = any(
            _within(ends.get((fact.tenant, about), ()), data.checked_at)
            for about in data.obligation_ids
        )
        even = 1 / len(data.variants)
        choice = Choice(float(reached), data.propensity, even, (fact.tenant, fact.customer))
        yield fact.tenant, data.playbook, choice


def _within(ends: Sequence[datetime], sent: datetime) -> bool:
    first = bisect_left(ends, sent)
    return first < len(ends) and ends[first] < sent + WINDOW


def _good_ends(log: Log) -> Mapping[tuple[str, str], list[datetime]]:
    """When each obligation was paid for, renewed, completed or agreed upon; in order."""
    found: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for fact in log.of(EventApplied):
        about = fact.data.obligation_id
        if about is not None and _is_good(fact.data):
            found[fact.tenant, about].append(fact.data.event_time)
    for agreed in log.of(AgreementMade):
        found[agreed.tenant, agreed.data.obligation_id].append(agreed.time)
    for ends in found.values():
        ends.sort()
    return found


def _is_good(told: EventApplied) -> bool:
    match told.event_type:
        case "payment.received":
            return not told.data.get("pending")
        case "bill.closed":
            return told.data.get("why") == "paid"
        case kind:
            return kind in ("subscription.renewed", "application.completed")
