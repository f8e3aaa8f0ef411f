"""The whole audit over one log."""

from collections.abc import Iterable

from rapport.audit import (
    IN_FLIGHT_SECONDS,
    promise_1,
    promise_2,
    promise_3,
    promise_4,
    promise_5,
    promise_6,
    promise_7,
    promise_8,
    promise_9,
)
from rapport.audit.history import History
from rapport.audit.log import Record, build
from rapport.audit.verdict import Report


class NothingToAudit(ValueError):
    """The log holds no fact at all."""


def audit(records: Iterable[Record], in_flight_seconds: float = IN_FLIGHT_SECONDS) -> Report:
    """Prove or refute the promises from the records of the log alone.

    in_flight_seconds: how close to the log's end (real time) an open dispatch is still under way.
    Raises NothingToAudit where there is no fact.
    """
    log = build(records)
    if not log.facts and not log.unreadable:
        raise NothingToAudit("nothing to audit: the log holds no fact")
    history = History(log)
    return Report(
        facts=len(log.facts),
        duplicates=log.duplicates,
        unknown=log.unknown,
        outcomes=(
            promise_1.check(history),
            promise_2.check(history, in_flight_seconds),
            promise_3.check(history),
            promise_4.check(history),
            promise_5.check(history),
            promise_6.check(history),
            promise_7.check(history),
            promise_8.check(history),
            promise_9.check(history),
        ),
    )
