"""What a tag is, and the few measures that all of them share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

import msgspec

from services.segmenter.tags.history import DISOWNED, Family, History, Mark

MOST_CAUSES = 5
"""How many events a tag names as its reason: the newest."""

DAY_MS = 86_400_000


class Tag(msgspec.Struct, frozen=True):
    """What is held true of a customer, until when, and why.

    `confidence`: 0 to 1, how much evidence there is; `because`: ids of the events and facts it
    rests on, newest first; `as_of`: the newest one's instant. Where no further event comes,
    the tag ends at `expires_at`, or changes its value there.
    """

    value: str | float
    confidence: float
    because: list[str]
    as_of: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Evidence:
    """What the tags are worked out from. `zone`: where the customer is, None if not known."""

    history: History
    now: datetime
    zone: tzinfo | None = None

    def marks(self, family: Family) -> Sequence[Mark]:
        """The family's marks, oldest first."""
        return [mark for mark in self.history.get(family, ()) if mark.value != DISOWNED]

    def weight(self, mark: Mark, half_life_days: float) -> float:
        """1 for what is new, half of it after each half-life."""
        age = max(0.0, self.now.timestamp() * 1000 - mark.at)
        return float(2.0 ** (-age / (half_life_days * DAY_MS)))


def make(
    value: str | float,
    confidence: float,
    marks: Iterable[Mark],
    *,
    lasts: timedelta | None = None,
    until: datetime | None = None,
) -> Tag:
    """A tag that rests on `marks` (at least one): it `lasts` from the newest, or holds `until`."""
    newest = sorted(marks, reverse=True)
    as_of = instant(newest[0])
    if until is None:
        until = as_of + (lasts or timedelta())
    causes = list(dict.fromkeys(mark.id for mark in newest))[:MOST_CAUSES]
    shown = value if isinstance(value, str) else round(value, 2)
    return Tag(shown, round(confidence, 2), causes, as_of, until)


def instant(mark: Mark) -> datetime:
    """When it happened."""
    return datetime.fromtimestamp(mark.at / 1000, UTC)


def enough(evidence: float, half_at: float) -> float:
    """Confidence 0 to 1 by the amount of evidence; 0.5 where there is `half_at` of it."""
    return evidence / (evidence + half_at)
