"""How fast mail may go to each receiving domain, and more slowly while a sender is new. Pure.

Token buckets, in real seconds. Mailbox providers slow down or refuse what comes too fast from
where they are not used to mail; a sender who doubles from a small beginning is one they know.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.messenger.model import Outcome, Rejected
from services.messenger.rules.bounces import kind_of, status_in
from services.messenger.rules.circuit import Limits

BLOCKS = Limits(failures=3, shortest=900.0, longest=4 * 3600.0)
"""Refusals of us, not of an address, that a domain may utter in a row before it is left alone:
one alone may be its reader's own choice."""
EVERY_OTHER = "*"
"""In limits: any domain that has none of its own."""
DOUBLING_DAYS = 2
"""Days of the warm-up in which the rate doubles."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """What may go to one domain at once: `tokens` letters, as of the instant `at`."""

    tokens: float
    at: float


def parse(text: str) -> dict[str, float]:
    """Read `gmail.com=20,*=100`: letters a second by receiving domain. Raises ValueError."""
    limits: dict[str, float] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        domain, found, rate = entry.partition("=")
        try:
            limits[domain.strip().lower()] = float(rate)
        except ValueError:
            found = ""
        if not found or not domain.strip() or not limits[domain.strip().lower()] > 0:
            raise ValueError(
                f"DOMAIN_LIMITS: write {entry!r} as DOMAIN=LETTERS_A_SECOND, above 0; * is for "
                "any other"
            )
    return limits


def rate(limits: Mapping[str, float], domain: str, share: float) -> float | None:
    """Letters a second to a domain; None: as fast as it takes them."""
    own = limits.get(domain, limits.get(EVERY_OTHER))
    return None if own is None else own * share


def warmth(since: date | None, days: int, today: date) -> float:
    """The share of the limits that a sender new since then may use: 1 once `days` have passed."""
    if since is None:
        return 1.0
    left = days - max(0, (today - since).days)
    return 1.0 if left <= 0 else float(2.0 ** (-left / DOUBLING_DAYS))


def is_block(outcome: Outcome) -> bool:
    """Whether the receiving domain refuses us for its policy's sake (RFC 3463, 5.7.x).

    4.7.x is asked of whoever is new there, and passes by itself.
    """
    status = status_in(outcome.status or "") if isinstance(outcome, Rejected) else None
    return status is not None and status.startswith("5") and kind_of(status) == "block"


def refilled(bucket: Bucket | None, per_second: float, now: float) -> Bucket:
    """The bucket as it is now. It holds what goes in a second, and one letter at the least."""
    most = max(1.0, per_second)
    if bucket is None:
        return Bucket(most, now)
    return Bucket(min(most, bucket.tokens + per_second * max(0.0, now - bucket.at)), now)


def spent(bucket: Bucket, letters: int) -> Bucket:
    """The bucket after so many letters."""
    return Bucket(bucket.tokens - letters, bucket.at)
