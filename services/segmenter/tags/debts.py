"""How the customer pays: delinquency, punctuality, readiness and capacity."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from services.segmenter.tags.history import Mark, of_kinds
from services.segmenter.tags.responses import unanswered
from services.segmenter.tags.tag import Evidence, Tag, enough, instant, make

BUCKETS = ((1, "1-30"), (31, "31-60"), (61, "61-90"), (91, "90+"))
"""The least days past due, and the bucket's name."""

CURRENT_LASTS = timedelta(days=180)
OVERDUE_LASTS = timedelta(days=730)
PUNCTUALITY_HALF_LIFE, PUNCTUALITY_LASTS = 180.0, timedelta(days=365)
READINESS_HALF_LIFE, READINESS_LASTS = 14.0, timedelta(days=60)
CAPACITY_HALF_LIFE, CAPACITY_LASTS = 90.0, timedelta(days=180)
SHORT_OF_MONEY = 0.2
"""The most that capacity is said to be while a hold says that money is short."""

READY = {"clicked": 1.0, "replied": 1.0, "chose": 1.0, "talked": 1.0, "requested": 2.0,
         "proposed": 2.0, "accepted": 3.0, "agreed": 3.0, "kept": 2.0, "received": 2.0}  # fmt: skip
NOT_READY = {"declined": 1.0, "broken": 2.0}
UNANSWERED = 0.5
TOWARDS_PAYING = frozenset({"pay", "portal", "autopay"})
"""Links that a reader follows who means to pay; clicks elsewhere say nothing of that."""
ABLE = {"kept": 2.0, "received": 2.0}
NOT_ABLE = {"failed": 1.0, "reversed": 1.5, "broken": 2.0, "missed": 1.0}
PART = 0.5
"""What a part payment is worth, of a whole one."""

_OWED, _SETTLED = ("missed", "reversed", "reopened"), ("received", "closed")
"""`reopened`: money that another party had paid was taken back."""


def delinquency(evidence: Evidence) -> Tag | None:
    """`current`, or how long the oldest open missed bill is past due: 1-30 … 90+ days."""
    oldest = _oldest(evidence)
    if oldest is None:
        return _current(evidence, "current")
    due, mark = oldest
    late = _days_late(due, evidence)
    name = next(name for least, name in reversed(BUCKETS) if late >= least)
    following = next((least for least, _ in BUCKETS if least > late), None)
    until = due + (timedelta(days=following) if following else OVERDUE_LASTS)
    return make(name, 1.0, [mark], until=_midnight(until, evidence))


def days_past_due(evidence: Evidence) -> Tag | None:
    """Local days since the due date of the oldest open missed bill; 0 where there is none."""
    oldest = _oldest(evidence)
    if oldest is None:
        return _current(evidence, 0)
    due, mark = oldest
    tomorrow = max(_today(evidence), due) + timedelta(days=1)
    until = _midnight(min(tomorrow, due + OVERDUE_LASTS), evidence)
    return make(_days_late(due, evidence), 1.0, [mark], until=until)


def punctuality(evidence: Evidence) -> Tag | None:
    """Share of bills and instalments met without having been missed, halved every 180 days."""
    missed = {mark.about: mark for mark in of_kinds(evidence.marks("owes"), "missed", "broken")}
    met = {
        mark.about: mark
        for mark in evidence.marks("owes")
        if mark.about not in missed
        and (mark.kind == "kept" or (mark.kind in _SETTLED and mark.value in ("all", "paid")))
    }
    good, bad = dict.fromkeys(met.values(), 1.0), dict.fromkeys(missed.values(), 1.0)
    return _share(evidence, good, bad, PUNCTUALITY_HALF_LIFE, 0.0, PUNCTUALITY_LASTS)


def readiness(evidence: Evidence) -> Tag | None:
    """How ready the customer is to settle: what they did towards it, against what they let lie."""
    if not evidence.marks("owes"):
        return None
    marks = [*evidence.marks("did"), *evidence.marks("owes")]
    ready = {mark: READY[mark.kind] for mark in marks if mark.kind in READY and _to_pay(mark)}
    unready = {mark: NOT_READY[mark.kind] for mark in marks if mark.kind in NOT_READY}
    unready |= dict.fromkeys(unanswered(evidence), UNANSWERED)
    return _share(evidence, ready, unready, READINESS_HALF_LIFE, 0.5, READINESS_LASTS)


def capacity(evidence: Evidence) -> Tag | None:
    """How able the customer is to pay: what was paid and kept, against what failed."""
    marks = evidence.marks("owes")
    able = {
        mark: ABLE[mark.kind] * (PART if mark.value == "part" else 1.0)
        for mark in marks
        if mark.kind in ABLE
    }
    unable = {mark: NOT_ABLE[mark.kind] for mark in marks if mark.kind in NOT_ABLE}
    short = [mark for mark in of_kinds(evidence.marks("life"), "hold") if _lasts(mark, evidence)]
    tag = _share(evidence, able, unable, CAPACITY_HALF_LIFE, 0.5, CAPACITY_LASTS)
    if not short:
        return tag
    value = SHORT_OF_MONEY if tag is None else min(SHORT_OF_MONEY, float(tag.value))
    grounds = [*short, *able, *unable]
    ends = [_ends(mark) for mark in short if mark.value != "open"]
    return make(value, 0.9, grounds, until=min([instant(max(grounds)) + CAPACITY_LASTS, *ends]))


def payment_outlook(evidence: Evidence) -> Tag | None:
    """Readiness x capacity: `ready_able`, `ready_unable`, `unready_able` or `unready_unable`."""
    ready, able = readiness(evidence), capacity(evidence)
    if ready is None or able is None:
        return None
    value = "_".join(
        word if float(tag.value) >= 0.5 else f"un{word}"
        for word, tag in (("ready", ready), ("able", able))
    )
    return Tag(
        value=value,
        confidence=min(ready.confidence, able.confidence),
        because=list(dict.fromkeys([*ready.because, *able.because])),
        as_of=max(ready.as_of, able.as_of),
        expires_at=min(ready.expires_at, able.expires_at),
    )


def _share(
    evidence: Evidence,
    good: dict[Mark, float],
    bad: dict[Mark, float],
    half_life: float,
    doubt: float,
    lasts: timedelta,
) -> Tag | None:
    """The good marks' share of all by weight and age, drawn towards a half by `doubt`."""
    if not good and not bad:
        return None
    plus = sum(worth * evidence.weight(mark, half_life) for mark, worth in good.items())
    minus = sum(worth * evidence.weight(mark, half_life) for mark, worth in bad.items())
    value = (plus + doubt) / (plus + minus + 2 * doubt)
    return make(value, enough(len(good) + len(bad), 2), [*good, *bad], lasts=lasts)


def _oldest(evidence: Evidence) -> tuple[date, Mark] | None:
    """The missed bill that is open and longest past due: its due date, and its mark."""
    found = []
    for bill in sorted({mark.about for mark in of_kinds(evidence.marks("owes"), "missed")}):
        marks = [mark for mark in evidence.marks("owes") if mark.about == bill]
        settled = [mark for mark in of_kinds(marks, *_SETTLED) if mark.value != "part"]
        owed = of_kinds(marks, *_OWED)[-1]
        terms = of_kinds(marks, "missed", "asked")[-1]
        due = date.fromisoformat(terms.value)
        moved = terms.kind == "asked" and due >= _today(evidence)
        if not moved and (not settled or owed > settled[-1]):
            found.append((due, owed))
    return min(found, default=None)


def _days_late(due: date, evidence: Evidence) -> int:
    """At least one: it was missed, whatever day it is where the customer may be."""
    return max(1, (_today(evidence) - due).days)


def _current(evidence: Evidence, value: str | float) -> Tag | None:
    bills: Sequence[Mark] = of_kinds(evidence.marks("owes"), "asked", *_OWED, *_SETTLED)
    return make(value, 1.0, bills[-1:], lasts=CURRENT_LASTS) if bills else None


def _to_pay(mark: Mark) -> bool:
    return mark.kind != "clicked" or mark.value in TOWARDS_PAYING


def _lasts(hold: Mark, evidence: Evidence) -> bool:
    if hold.value == "lifted":
        return False
    return hold.value == "open" or _ends(hold) > evidence.now


def _ends(hold: Mark) -> datetime:
    return datetime.fromisoformat(hold.value)


def _today(evidence: Evidence) -> date:
    return evidence.now.astimezone(evidence.zone or UTC).date()


def _midnight(day: date, evidence: Evidence) -> datetime:
    """The instant at which the day begins where the customer is (UTC where that is not known)."""
    return datetime.combine(day, time(), evidence.zone or UTC).astimezone(UTC)
