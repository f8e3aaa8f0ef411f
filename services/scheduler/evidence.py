"""How sure we are that no payment is missing: how old the proof is that all events are applied."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from schemas.facts import EventsKnown
from services.runtime.context import Context
from services.runtime.heartbeats import Heartbeats
from services.runtime.partitioning import PARTITIONS
from services.runtime.unit_of_work import UnitOfWork
from services.scheduler import metrics, progress_store, store

ASK_EVERY = 5.0
"""Real seconds between two questions."""
GRACE = 10.0
"""Real seconds in which an answer may come before anything is put off for want of it."""
AHEAD = 10.0
"""Real seconds before a step is due in which the question is asked already."""


class Sure(Enum):
    """What may be claimed."""

    ALL = "all"
    NOTHING_YET = "nothing_yet"
    """An answer is on its way: look again in a moment."""
    NO_PAYMENTS = "no_payments"
    """Only what no payment can settle."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What may be claimed, and how long it is best to wait with the rest (business time).

    events: on what that rests (`facts.EventsKnown`); None: on nothing yet.
    """

    sure: Sure
    wait: timedelta = timedelta(0)
    events: EventsKnown | None = None


class Evidence:
    """Asks the segmenter, over the log, how far it is; one for each claiming timer.

    Nothing is asked while no step is due or about to be: an idle system writes nothing.
    """

    def __init__(self, context: Context, longest_lag: float) -> None:
        """longest_lag: real seconds that customer events may lag before collection waits."""
        self._context = context
        self._longest = longest_lag
        self._beats = Heartbeats()
        self._asked_at = float("-inf")
        self._waits_since: float | None = None

    def __call__(self, work: UnitOfWork) -> Finding:
        """What is sure enough to be claimed now; asks where that needs asking."""
        now = self._context.clock.monotonic()
        proven = progress_store.caught_up_at(work.session, PARTITIONS)
        age = (work.real_now - proven).total_seconds() if proven else float("inf")
        metrics.PAYMENT_LAG_SECONDS.set(age)
        asks = age > self._longest / 2 and self._falls_due(work)
        if asks:
            self._ask(work, now)
        events = self._known(proven, age) if proven else None
        if age <= self._longest:
            self._waits_since = None
            return Finding(Sure.ALL, events=events)
        if not asks:
            # Nothing is due, so nothing was asked: an idle hour is no hour of waiting.
            self._waits_since = None
            return Finding(Sure.NOTHING_YET)
        if self._waits_since is None:
            self._waits_since = now
        waited = now - self._waits_since
        if waited < GRACE:
            return Finding(Sure.NOTHING_YET)
        # Looked at again after as long as it has lasted, so that a long outage makes no storm.
        wait = timedelta(seconds=waited * self._context.clock.speed)
        return Finding(Sure.NO_PAYMENTS, wait, events)

    def _known(self, until: datetime, age: float) -> EventsKnown:
        return EventsKnown(until=until, age_seconds=round(age, 3), limit_seconds=self._longest)

    def _falls_due(self, work: UnitOfWork) -> bool:
        ahead = timedelta(seconds=AHEAD * self._context.clock.speed)
        return store.falls_due(work.session, work.now + ahead)

    def _ask(self, work: UnitOfWork, now: float) -> None:
        if now - self._asked_at >= ASK_EVERY:
            self._asked_at = now
            self._beats.beat(work, dict.fromkeys(range(PARTITIONS), work.real_now))
            self._context.wake_publisher()
