"""Ids that a customer goes by no more: what was said under them binds. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.messenger.model import Hold, Place
from services.policy.model import ConsentRecord
from services.policy.persons import Said, lifted_for_all


@dataclass(frozen=True, slots=True)
class Former:
    """What was said under an id that another stands for since `merged_at`."""

    merged_at: datetime | None
    consents: tuple[ConsentRecord, ...] = ()
    place: Place = field(default_factory=Place)


def consents(own: Sequence[ConsentRecord], former: Sequence[Former]) -> tuple[ConsentRecord, ...]:
    """One word on each channel and purpose.

    Before two ids were one, the stricter of their words; after that, the newest.
    """
    since = max((one.merged_at for one in former if one.merged_at), default=None)
    best: dict[tuple[str, str], ConsentRecord] = {}

    def strength(word: ConsentRecord) -> tuple[bool, bool, datetime]:
        later = since is not None and word.at > since
        return later, not later and word.status != "granted", word.at

    for word in (*own, *(word for one in former for word in one.consents)):
        scope = word.channel, word.purpose
        if scope not in best or strength(word) > strength(best[scope]):
            best[scope] = word
    return tuple(best.values())


def holds(
    said: Sequence[Said], ways: Mapping[str, tuple[str | None, datetime | None]]
) -> list[Hold]:
    """The holds that were told of under any id; each stands until it is lifted.

    said: by scope, a kind and an obligation. ways: by former id, into which it gave way, and when.
    """
    merged = {one: (into, at) for one, (into, at) in ways.items() if into and at}
    words = lifted_for_all(said, merged) if ways else [one.words for one in said]
    return [Hold(*one.scope, **last._asdict()) for one, last in zip(said, words, strict=True)]


def place(own: Place, former: Sequence[Former]) -> Place:
    """Where the customer is; where nothing is known under their id, what another one tells."""
    known = [(one.merged_at, one.place) for one in former if one.merged_at and one.place.known]
    if own.known or not known:
        return own
    return min(known, key=lambda one: one[0])[1]


def wishes(own: Mapping[str, Any], former: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The customer's own wishes, and under other ids those they lack; the fewest messages count."""
    found: dict[str, Any] = {}
    for one in (*former, own):
        fewest = [w["max_a_week"] for w in (found, one) if w.get("max_a_week") is not None]
        found |= one
        if fewest:
            found["max_a_week"] = min(fewest)
    return found
