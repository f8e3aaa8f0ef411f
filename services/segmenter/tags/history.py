"""What a customer's tags rest on: a bounded set of marks that comes out the same in any order.

A mark is one event or fact, reduced to codes. Of marks of one kind about one thing only the newest
stays, and of each family only the newest marks at all. Both keep the greatest of a total order,
so adding marks commutes and adding one twice changes nothing: whichever topic is read first,
and however often, the same history is left (promise 10).
"""

from bisect import insort
from collections.abc import Iterable
from typing import Literal

import msgspec

Family = Literal["did", "sent", "owes", "life", "traits"]

LIMITS: dict[Family, int] = {"did": 20, "sent": 12, "owes": 24, "life": 16, "traits": 8}
"""How many marks are kept: of what the customer did, of messages, of debts, of their life with
the publisher, and of when each trait was last told (fewer than the limit)."""


DISOWNED = "-"
"""Value of a mark that stands in place of one that was no person's doing: it counts nothing."""


class Mark(msgspec.Struct, frozen=True, order=True, array_like=True, omit_defaults=True):
    """One thing that happened; ordered by its instant. Holds codes only, nothing personal.

    `at`: its event's time, milliseconds since 1970; `version`: the publisher's, 0 if none;
    `id`: of the event or fact; `about`: what the kind is about (a bill, a message).
    """

    at: int
    version: int
    id: str
    kind: str
    about: str = ""
    value: str = ""


History = dict[str, list[Mark]]
"""Marks by family, each list in order."""


def add(history: History, family: Family, mark: Mark) -> bool:
    """Add a mark; whether that changed anything."""
    marks = history.setdefault(family, [])
    for index, known in enumerate(marks):
        if known.kind == mark.kind and known.about == mark.about:
            if known >= mark:
                return False
            del marks[index]
            insort(marks, mark)
            return True
    if len(marks) >= LIMITS[family]:
        if mark < marks[0]:
            return False
        del marks[0]
    insort(marks, mark)
    return True


def of_kinds(marks: Iterable[Mark], *kinds: str) -> list[Mark]:
    """Those of the kinds, in order."""
    return [mark for mark in marks if mark.kind in kinds]
