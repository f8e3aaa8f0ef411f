"""How talks go: whoever is countered is not offered worse than what they were offered before."""

from collections import defaultdict
from collections.abc import Sequence

from rapport.audit.log import Fact, Log
from rapport.audit.verdict import Outcome
from schemas.facts import (
    Instalment,
    OfferAccepted,
    OfferCountered,
    OfferDeclined,
    OfferExpired,
    OfferProposed,
)

_SHORTEST_MONTH, _MONTH = 27, 30
"""Days. Payments closer together than the first are counted up to a month of the second."""

Weight = tuple[int, int, int, int]


def check(log: Log, outcome: Outcome) -> None:
    """Hold each counter against all that stood open in its case when it was made."""
    offers = {fact.data.offer_id: fact for fact in reversed(log.of(OfferProposed))}
    over: dict[str, int] = {}
    for ended in (*log.of(OfferExpired), *log.of(OfferDeclined), *log.of(OfferAccepted)):
        over[ended.data.offer_id] = min(ended.order, over.get(ended.data.offer_id, ended.order))
    of_case: dict[str, list[Fact[OfferProposed]]] = defaultdict(list)
    for fact in log.of(OfferProposed):
        if fact.data.by != "customer" and fact.data.instalments:
            of_case[fact.data.case_id].append(fact)
    for countered in log.of(OfferCountered):
        by = offers.get(countered.data.by_offer_id)
        if by is None or by.data.by != "machine" or not by.data.instalments:
            continue
        for before in of_case[by.data.case_id]:
            standing = before.order < by.order < over.get(before.data.offer_id, by.order + 1)
            same = before.data.balance_minor == by.data.balance_minor
            if standing and same and by.time < before.data.expires_at and _is_worse(by, before):
                what = f"offer {by.data.offer_id} is worse than {before.data.offer_id} before it"
                outcome.violate("worse-counter", what, before, by)


def _is_worse(offer: Fact[OfferProposed], before: Fact[OfferProposed]) -> bool:
    ours, theirs = _weight(offer), _weight(before)
    return ours != theirs and all(mine >= old for mine, old in zip(ours, theirs, strict=True))


def _weight(offer: Fact[OfferProposed]) -> Weight:
    """What is paid in all, in a month, at first, and how soon: more is worse of each."""
    parts = offer.data.instalments
    first = parts[0]
    return (
        offer.data.total_minor,
        _a_month(parts),
        first.amount_minor,
        -first.due_date.toordinal(),
    )


def _a_month(parts: Sequence[Instalment]) -> int:
    """What it asks of a month at the most, in minor units."""
    greatest = max(part.amount_minor for part in parts)
    gaps, span = len(parts) - 1, (parts[-1].due_date - parts[0].due_date).days
    if gaps == 0 or span >= gaps * _SHORTEST_MONTH:
        return greatest
    return min(sum(part.amount_minor for part in parts), greatest * _MONTH * gaps // span)
