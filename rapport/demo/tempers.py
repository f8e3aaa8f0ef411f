"""How people treat their mail: chances, and what one letter leads to. Pure but for given chance."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from random import Random
from typing import Final


class Will(StrEnum):
    """What a person does on the creditor's page or the portal, once there."""

    SETTLE = "settle"
    """Pays at once, or renews."""
    PLAN = "plan"
    """Agrees on instalments, and pays them."""
    BREAK = "break"
    """Agrees, and then does not pay."""
    PERSON = "person"
    """Wants to talk to somebody."""
    FORGETFUL = "forgetful"
    """Cannot answer the questions."""
    STRANGER = "stranger"
    """Received another person's mail."""
    LOOK = "look"
    """Reads, and leaves."""


@dataclass(frozen=True, slots=True)
class Temper:
    """Chances between 0 and 1 for one letter; hours: the median wait before it is read."""

    name: str
    opens: float
    clicks: float
    acts: float
    opts_out: float
    hours: float
    will: Will


TEMPERS: Final[tuple[tuple[int, Temper], ...]] = (
    (13, Temper("prompt", 0.95, 0.80, 0.85, 0.00, 2, Will.SETTLE)),
    (17, Temper("busy", 0.70, 0.45, 0.60, 0.01, 9, Will.SETTLE)),
    (20, Temper("short of money", 0.75, 0.60, 0.80, 0.01, 6, Will.PLAN)),
    (6, Temper("overwhelmed", 0.75, 0.70, 0.80, 0.00, 6, Will.BREAK)),
    (8, Temper("weary", 0.60, 0.15, 0.30, 0.30, 5, Will.LOOK)),
    (6, Temper("talker", 0.80, 0.60, 0.80, 0.00, 5, Will.PERSON)),
    (4, Temper("forgetful", 0.80, 0.60, 0.80, 0.00, 6, Will.FORGETFUL)),
    (2, Temper("stranger", 0.90, 0.80, 1.00, 0.00, 4, Will.STRANGER)),
    (24, Temper("silent", 0.12, 0.00, 0.00, 0.00, 14, Will.LOOK)),
)
"""With how many of a hundred are so."""

QUIET: Final = Temper("quiet", 0.50, 0.00, 0.00, 0.00, 8, Will.LOOK)
"""Reads and does nothing: for those whose story the publisher's events tell."""

LEAST_HOURS: Final = 0.5
MOST_HOURS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Reaction:
    """What one letter leads to. link: which of its links is followed, from 0; None: none."""

    after: timedelta
    opens: bool = False
    opts_out: bool = False
    link: int | None = None
    acts: bool = False


def draw_temper(chance: Random) -> Temper:
    """One of the tempers, by how common it is."""
    weights = [weight for weight, _ in TEMPERS]
    return chance.choices([temper for _, temper in TEMPERS], weights)[0]


def react(temper: Temper, links: int, chance: Random) -> Reaction:
    """What a letter with that many links to follow leads to."""
    hours = chance.lognormvariate(0, 0.7) * temper.hours
    after = timedelta(hours=min(MOST_HOURS, max(LEAST_HOURS, hours)))
    if chance.random() >= temper.opens:
        return Reaction(after)
    if chance.random() < temper.opts_out:
        return Reaction(after, opens=True, opts_out=True)
    if not links or chance.random() >= temper.clicks:
        return Reaction(after, opens=True)
    # The first link is what the letter is about; fewer people take another.
    link = 0 if links == 1 or chance.random() < 0.75 else chance.randrange(1, links)
    return Reaction(after, opens=True, link=link, acts=chance.random() < temper.acts)
