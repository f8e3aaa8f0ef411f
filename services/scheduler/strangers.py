"""Facts about what this scheduler never planned: refused, so that a person learns of them."""

from datetime import datetime, timedelta

from schemas.errors import Rejection
from schemas.facts import ChoiceMade
from services.runtime.messages import Incoming
from services.scheduler.model import Book

LOOKED_AT = timedelta(days=7)
"""Facts that are older are passed over: they are from before this database began."""


def refusal(
    book: Book, message: Incoming, dispatch_facts: frozenset[str], now: datetime
) -> Rejection | None:
    """Why a fact can change nothing here: it names an enrolment, or a step, that nobody knows.

    Only facts that say what became of a step or of a choice; all others change what they name.
    """
    if now - message.event.time > LOOKED_AT:
        return None
    if isinstance(message.data, ChoiceMade):
        if message.data.enrolment_id in book.enrolments:
            return None
        return _unknown("enrolment", message.event.source, "/data/enrolment_id")
    if message.event.type not in dispatch_facts or message.event.data["step_id"] in book.steps:
        return None
    return _unknown("step", message.event.source, "/data/step_id")


def _unknown(what: str, source: str, pointer: str) -> Rejection:
    return Rejection(
        "unknown_enrolment",
        f"The scheduler never planned this {what}. See that {source} works with the same topics "
        "and the same database backup as the scheduler, then replay it.",
        pointer,
    )
