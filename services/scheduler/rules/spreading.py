"""Steps that would all fall due at one instant are spread over a little time.

Else most of them would be late, however fast they are claimed, and what they lead to would reach
mail relays and the customers' own banks as one wave.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from zlib import crc32

_LEAST = timedelta(seconds=1)
_PARTS = 1 << 32


def spread(
    at: datetime,
    window: timedelta,
    customer: tuple[str, str],
    not_after: datetime,
    permitted: Callable[[datetime], bool],
) -> datetime:
    """`at` moved on by a part of `window` (business time) that is the customer's own.

    Always the same part, so that planning again moves nothing, and one for all steps of a
    customer, so that what falls due together still goes out together. Where rules forbid that
    instant, or it were too late, the part is halved until they don't; at last `at` itself is kept.
    """
    part = _part_of(window, customer)
    while part >= _LEAST:
        moved = at + part
        if moved < not_after and permitted(moved):
            return moved
        part /= 2
    return at


@lru_cache(4096)
def _part_of(window: timedelta, customer: tuple[str, str]) -> timedelta:
    """The customer's own part: asked for by each step of an enrolment."""
    return window * (crc32("\x1f".join(customer).encode()) / _PARTS)
