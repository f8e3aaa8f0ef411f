"""At which hour a customer is likeliest to answer, by the answers that people gave before.

A count of answers by local hour, for each customer, each segment and each tenant. What little is
known of a customer is filled up with what is known of the segment, and that with what is known of
all: each level counts like so many answers of the one below (a Dirichlet prior). While a level has
too few answers of its own it says nothing, and the level above it decides alone; where none has
enough, the playbook's own hour stands.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from services.policy.model import Pack, Zones
from services.policy.places import candidate_zones, zone
from services.policy.preferences import wished
from services.scheduler.model import (
    Answer,
    Book,
    Counts,
    Customer,
    Enrolment,
    Heard,
    Key,
    Learning,
    Pool,
)

ENOUGH = 4
"""Answers of a customer from which on their own hours count."""
ENOUGH_POOLED = 50
"""The same for a segment and a tenant."""
KEPT = 60
"""Once a customer has so many, all are halved: what lies back counts less."""
_WEIGHT = 12.0
"""So many answers of a customer weigh as much as all that is known of their segment."""
_WEIGHT_POOLED = 50.0
"""The same for a segment in its tenant, and for a tenant beside what is taken of all people."""
_USUAL = 0.2
"""Taken of all people: so many answer at the playbook's own hour, the others at any."""
_DAY = 24
_TAPS = frozenset({"choice.made", "feedback.given"})


class Known(NamedTuple):
    """What is known when an hour is chosen for a customer. wishes: the customer's own rules."""

    own: Mapping[int, int]
    segment: Mapping[int, int]
    general: Mapping[int, int]
    arm: str
    propensity: float
    wishes: tuple[Pack, ...] = ()


def learn(book: Book, heard: Heard, who: Key) -> None:
    """Count what a person did, by the hour at which they did it. who: the id that stays.

    All within an hour is one answer; what is told later than what came after it isn't counted, nor
    what happened where the local hour is not known.
    """
    if book.learning is None or not _by_a_person(heard):
        return
    customer = book.customer(*who)
    local = _local(heard.time, candidate_zones(customer.place))
    if local is None or not _on_the_day(heard, local):
        return
    began = heard.time.replace(minute=0, second=0, microsecond=0)
    if customer.answered_at is not None and began <= customer.answered_at:
        return
    answers = _faded(customer.answers)
    answers[local.hour] = answers.get(local.hour, 0) + 1
    book.put(msgspec.structs.replace(customer, answers=answers, answered_at=began))
    for playbook, segment in (("", ""), *sorted(customer.segments.items())):
        pool = Pool(who[0], playbook, segment)
        book.answers.append(Answer(pool, who[1], local.hour))


def note_segment(book: Book, enrolment: Enrolment) -> None:
    """Remember the segment in which the customer's answers count, where hours may be chosen."""
    if book.learning is None or not any(plan.own_hour for plan in enrolment.plans):
        return
    customer = book.customer(enrolment.tenant, enrolment.customer)
    segments = {**customer.segments, enrolment.playbook: enrolment.segment}
    if segments != customer.segments:
        book.put(msgspec.structs.replace(customer, segments=segments))


def pools_of(enrolment: Enrolment) -> tuple[Pool, Pool]:
    """Whose answers help to choose for an enrolment: its segment's, and its tenant's."""
    own = Pool(enrolment.tenant, enrolment.playbook, enrolment.segment)
    return own, Pool(enrolment.tenant)


def known(book: Book, customer: Customer, enrolment: Enrolment) -> Known | None:
    """What is known of a customer's hours; None where hours aren't learned."""
    if book.learning is None:
        return None
    arm, propensity = arm_of(book.learning, customer.key)
    segment, general = (book.pools.get(pool, {}) for pool in pools_of(enrolment))
    wishes = wished(customer.hours, customer.max_a_week)
    return Known(customer.answers, segment, general, arm, propensity, wishes)


def arm_of(learning: Learning, who: Key) -> tuple[str, float]:
    """Whether the learned hour is used for a customer, and the share of those for whom it is so.

    By a hash of the customer: always the same, and a larger share has the same customers and more.
    """
    words = json.dumps(["own_hour", *who], ensure_ascii=False).encode()
    drawn = int.from_bytes(hashlib.sha256(words).digest()[:8], "big") * 10_000 >> 64
    control = learning.control_bp / 10_000
    return ("control", control) if drawn < learning.control_bp else ("learned", 1 - control)


def ranking(known: Known, usual: int) -> tuple[str, list[int]]:
    """Whose answers count, and every hour of the day, the likeliest first.

    Of hours alike, the one nearer to the usual one goes first, then the earlier.
    """
    others = (1 - _USUAL) / _DAY
    by, likely = "usual", [others + _USUAL * (hour == usual) for hour in range(_DAY)]
    levels: tuple[tuple[str, Mapping[int, int], int, float], ...] = (
        ("general", known.general, ENOUGH_POOLED, _WEIGHT_POOLED),
        ("segment", known.segment, ENOUGH_POOLED, _WEIGHT_POOLED),
        ("own", known.own, ENOUGH, _WEIGHT),
    )
    for level, counts, enough, weight in levels:
        if sum(counts.values()) >= enough:
            by, likely = level, _shrunk(counts, likely, weight)
    hours = sorted(range(_DAY), key=lambda h: (-round(likely[h], 9), _apart(h, usual), h))
    return by, hours


def _shrunk(counts: Mapping[int, int], prior: list[float], weight: float) -> list[float]:
    """The share of answers by hour, as if `weight` more had come by `prior`."""
    whole = sum(counts.values()) + weight
    return [(_smooth(counts, hour) + weight * prior[hour]) / whole for hour in range(_DAY)]


def _smooth(counts: Mapping[int, int], hour: int) -> float:
    """Answers at an hour; half of them count there, and half just before and after."""
    beside = counts.get((hour - 1) % _DAY, 0) + counts.get((hour + 1) % _DAY, 0)
    return (2 * counts.get(hour, 0) + beside) / 4


def _apart(hour: int, other: int) -> int:
    return min((hour - other) % _DAY, (other - hour) % _DAY)


def _faded(answers: Counts) -> Counts:
    if sum(answers.values()) < KEPT:
        return dict(answers)
    return {hour: count // 2 for hour, count in answers.items() if count > 1}


def _by_a_person(heard: Heard) -> bool:
    """A tap, or a visit that the publisher tells of; never an opened mail, never a machine."""
    if heard.type == "message.clicked":
        return not heard.data["machine"]
    return heard.type in _TAPS or heard.type == "customer.active"


def _on_the_day(heard: Heard, local: datetime) -> bool:
    """Whether a visit was told on its own day: a nightly report knows no hours."""
    if heard.type != "customer.active":
        return True
    return str(heard.data.get("last_active_on")) == local.date().isoformat()


def _local(at: datetime, zones: Zones) -> datetime | None:
    """What the customer's wall clock showed; None where that is not known to the hour."""
    shown = {at.astimezone(zone(name)).replace(tzinfo=None) for name in zones.names}
    by_hour = {one.replace(minute=0, second=0, microsecond=0) for one in shown}
    return by_hour.pop() if len(by_hour) == 1 else None
