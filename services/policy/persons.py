"""Ids that publishers told to be one person: since when a word under one counts for all. Pure.

What was said of an id before it gave way was said of that id alone: whoever said it may not have
known of the others.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from services.policy.holds import Words

Merged = Mapping[str, tuple[str, datetime]]
"""By id that gave way: into which, and when."""


class Said(NamedTuple):
    """The last words on a hold, as they were said under one id.

    scope: its kind, and the obligation it is about; None: the whole customer.
    """

    of: str
    scope: tuple[str, str | None]
    words: Words


def stood_for(one: str, merged: Merged, at: datetime) -> str:
    """The id that stood for this one at an instant, which may be itself."""
    seen = {one}
    while one in merged and merged[one][1] < at and merged[one][0] not in seen:
        one = merged[one][0]
        seen.add(one)
    return one


def lifted_for_all(said: Sequence[Said], merged: Merged) -> list[Words]:
    """The words on a person's holds, in the order given: a hold that was placed under several ids
    stands under each, and a lifting counts for all that were one by then."""
    of_scope: dict[tuple[str, str | None], list[Said]] = defaultdict(list)
    for one in said:
        of_scope[one.scope].append(one)
    return [_lifted(one, of_scope[one.scope], merged) for one in said]


def _lifted(own: Said, all_of_scope: Sequence[Said], merged: Merged) -> Words:
    words = own.words
    for other in all_of_scope:
        if other is own or words.at is None:
            continue
        for at, by_operator in ((other.words.lifted_at, False), (other.words.freed_at, True)):
            if at is None or at <= words.at:
                continue
            if stood_for(own.of, merged, at) == stood_for(other.of, merged, at):
                words = words.lifted(at, by_operator)
    return words
