"""Who may see a debt: two facts asked, one of them unknown to the household, few tries."""

import unicodedata
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from services.negotiator.model import Evidence, Tries

MAX_TRIES = 5
LOCK = timedelta(hours=24)

# Whoever shares a home knows the year of birth and the postal code, not these two.
UNKNOWN_TO_HOUSEHOLD = (Evidence.LAST_DIGITS, Evidence.PASSPHRASE)
SECOND_QUESTION = (Evidence.BIRTH_YEAR, Evidence.POSTAL_CODE, *UNKNOWN_TO_HOUSEHOLD)


def questions(known: Collection[str]) -> tuple[Evidence, Evidence] | None:
    """The two facts to ask, of the kinds the publisher gave; None where they do not suffice."""
    first = next((kind for kind in UNKNOWN_TO_HOUSEHOLD if kind in known), None)
    second = next((kind for kind in SECOND_QUESTION if kind in known and kind != first), None)
    if first is None or second is None:
        return None
    return first, second


def normalise(kind: Evidence, answer: str) -> str:
    """The answer without what people write in different ways: width, case, blanks, dashes."""
    text = unicodedata.normalize("NFKC", answer).casefold()
    if kind in (Evidence.LAST_DIGITS, Evidence.BIRTH_YEAR):
        return "".join(sign for sign in text if sign.isdecimal())
    if kind is Evidence.POSTAL_CODE:
        return "".join(sign for sign in text if sign.isalnum())
    return " ".join(text.split())


def is_locked(tries: Tries, now: datetime) -> bool:
    """Whether no answer is taken at `now`."""
    return tries.locked_until is not None and now < tries.locked_until


def after_answer(tries: Tries, right: bool, now: datetime) -> Tries:
    """The tries after one more answer: right ones clear them, the fifth wrong one locks."""
    if right:
        return Tries(0, None)
    # A lock that has run out gives all tries back.
    wrong = (0 if tries.locked_until is not None else tries.wrong) + 1
    return Tries(wrong, now + LOCK if wrong >= MAX_TRIES else None)


def all_right(matches: Mapping[Evidence, bool], asked: tuple[Evidence, Evidence]) -> bool:
    """Whether both asked facts were answered rightly."""
    return all(matches.get(kind, False) for kind in asked)
