"""Which hand-off comes first, by when it should be seen to, and who is the right person. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Role(StrEnum):
    """What a person at the desk may do.

    agent: take hand-offs and answer. supervisor: also approve what goes beyond the creditor's
    authority, and take a hand-off from someone's hands. compliance: look, and change nothing.
    """

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    COMPLIANCE = "compliance"


@dataclass(frozen=True, slots=True)
class Person:
    """Someone at the desk. `languages`: primary subtags of BCP 47; empty sets stand for any."""

    name: str
    role: Role = Role.AGENT
    languages: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()
    senior: bool = False

    @property
    def acts(self) -> bool:
        """Whether they may change anything."""
        return self.role != Role.COMPLIANCE


@dataclass(frozen=True, slots=True)
class Matter:
    """What is known of a hand-off. `value_minor`: what is asked, 0 where nothing is."""

    reason: str
    since: datetime
    due_by: datetime | None = None
    language: str | None = None
    product: str | None = None
    seniority: str | None = None
    tier: str | None = None
    value_minor: int = 0


URGENT = frozenset({"bereavement", "dispute", "hardship", "wrong_person", "angry", "cannot_pay"})
"""Reasons on which somebody waits in distress, or writes to the wrong person."""

URGENT_WITHIN = timedelta(hours=4)
WITHIN = timedelta(hours=24)


def due(matter: Matter) -> datetime:
    """By when somebody should have seen to it: what was asked for, or the house's own measure."""
    return matter.due_by or matter.since + (URGENT_WITHIN if matter.reason in URGENT else WITHIN)


def is_urgent(matter: Matter) -> bool:
    """Whether it goes before what is not, whatever its value."""
    return matter.reason in URGENT


def is_very_important(matter: Matter) -> bool:
    """Whether the publisher counts the customer among its most valued."""
    return matter.tier == "vip" or matter.seniority == "senior"


def place(matter: Matter, now: datetime) -> tuple[object, ...]:
    """The sort key of the queue, smallest first.

    What is late; then the most valued customers; then urgent reasons; then by the hour in which
    it is due, by value, and by how long it has waited.
    """
    at = due(matter)
    return (
        now < at,
        not is_very_important(matter),
        not is_urgent(matter),
        at.replace(minute=0, second=0, microsecond=0),
        -matter.value_minor,
        matter.since,
    )


def suits(person: Person, matter: Matter) -> bool:
    """Whether a person has the language, product and seniority that a hand-off needs.

    What it does not say, anybody has.
    """
    language = (matter.language or "").partition("-")[0].lower()
    return (
        person.acts
        and (not language or _has(person.languages, language))
        and (matter.product is None or _has(person.products, matter.product))
        and (matter.seniority != "senior" or person.senior)
    )


def _has(skills: Collection[str], wanted: str) -> bool:
    return not skills or wanted in skills
