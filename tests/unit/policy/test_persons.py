"""Holds of one person under several ids: which word lifts which."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from services.policy.holds import Words
from services.policy.persons import Said, lifted_for_all, stood_for

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SCOPE = ("dispute", None)


def hour(number: int) -> datetime:
    return NOON + timedelta(hours=number)


MERGED = {"a": ("b", hour(10)), "b": ("c", hour(20)), "d": ("c", hour(5))}
"""a into b, b into c; and d into c, before."""


@pytest.mark.parametrize(
    ("placed", "lifted", "free"),
    [
        (("a", 1), ("a", 2), True),
        (("a", 1), ("b", 9), False),
        (("a", 1), ("b", 10), False),
        (("a", 1), ("b", 11), True),
        (("b", 1), ("a", 11), True),
        (("a", 1), ("c", 19), False),
        (("a", 1), ("c", 21), True),
        (("c", 1), ("a", 19), False),
        (("c", 1), ("a", 21), True),
        (("a", 1), ("d", 19), False),
        (("d", 1), ("a", 21), True),
        (("a", 12), ("b", 11), False),
        (("a", 12), ("b", 12), False),
        (("a", 1), ("stranger", 30), False),
    ],
)
@pytest.mark.parametrize("by_operator", [True, False])
def test_a_lifting_counts_for_all_ids_that_were_one_by_then(
    placed: tuple[str, int], lifted: tuple[str, int], free: bool, by_operator: bool
) -> None:
    words = {one: Words() for one in {placed[0], lifted[0]}}
    words[placed[0]] = words[placed[0]].placed(hour(placed[1]), None)
    words[lifted[0]] = words[lifted[0]].lifted(hour(lifted[1]), by_operator)
    said = [Said(one, SCOPE, last) for one, last in words.items()]
    said.append(Said(lifted[0], ("hardship", None), Words(hour(0))))
    found = dict(zip([one.of for one in said[:-1]], lifted_for_all(said, MERGED), strict=False))
    last = found[placed[0]]
    assert (last.freed_at or last.lifted_at) == (hour(lifted[1]) if free else None)
    assert lifted_for_all(said, MERGED)[-1] == Words(hour(0))


def test_what_is_lifted_does_not_hang_on_the_order_in_which_it_is_told() -> None:
    told = [("a", 2), ("a", 15), ("b", 3), ("lift a", 12), ("lift b", 13)]
    seen = set()
    for order in permutations(told):
        words = {"a": Words(), "b": Words()}
        for name, at in order:
            one = name[-1]
            lifts = name.startswith("lift")
            words[one] = (
                words[one].lifted(hour(at), by_operator=True)
                if lifts
                else words[one].placed(hour(at), None)
            )
        said = [Said(one, SCOPE, last) for one, last in words.items()]
        seen.add(tuple(lifted_for_all(said, MERGED)))
    [(a, b)] = seen
    assert (a.at, b.at, b.freed_at) == (hour(15), hour(3), hour(13))
    assert a.freed_at is not None
    assert a.freed_at < hour(15)


def test_who_stood_for_an_id_and_rings_end() -> None:
    assert [stood_for("a", MERGED, hour(at)) for at in (10, 11, 21)] == ["a", "b", "c"]
    ring = {"a": ("b", hour(1)), "b": ("a", hour(1))}
    assert stood_for("a", ring, hour(2)) == "b"
