"""The types of what conditions compare: a wrong one is found when a playbook is validated."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a variable holds; it decides what may be compared with it, and what stands for it
    where it is not known."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    """A whole amount in minor units (ISO 4217)."""
    DAYS = "days"
    """A length of time in whole days."""
    DATE = "date"
    """A local date, `YYYY-MM-DD`: as text its order is that of time."""
    FLAG = "flag"
    LIST = "list"
    MAP = "map"
    ANY = "any"
    """Not declared: may be compared with whatever it is compared with."""


@dataclass(frozen=True)
class Type:
    """What a variable holds.

    `whole`: of numbers, no fraction. `words`: of texts, all that it can ever be; None: anything.
    `item`: of lists, what is in it. `fields`: of maps, what is in it by name; None: not declared.
    `constant`: a number written out, which is money or days where it meets them.
    """

    kind: Kind
    whole: bool = True
    words: frozenset[str] | None = None
    item: "Type | None" = None
    fields: "Mapping[str, Type] | None" = None
    constant: bool = False


TEXT = Type(Kind.TEXT)
NUMBER = Type(Kind.NUMBER)
FRACTION = Type(Kind.NUMBER, whole=False)
MONEY = Type(Kind.MONEY)
DAYS = Type(Kind.DAYS)
DATE = Type(Kind.DATE)
FLAG = Type(Kind.FLAG)
ANY = Type(Kind.ANY)
TEXTS = Type(Kind.LIST, item=TEXT)


def words(*names: str) -> Type:
    """A text that is one of these."""
    return Type(Kind.TEXT, words=frozenset(names))


def list_of(item: Type) -> Type:
    """A list of such."""
    return Type(Kind.LIST, item=item)


def map_of(fields: Mapping[str, Type] | None) -> Type:
    """Values by name."""
    return Type(Kind.MAP, fields=fields)
