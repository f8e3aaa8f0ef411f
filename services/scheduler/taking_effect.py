"""When a stop holds everywhere: nothing of its scope leaves any more, wherever it was ordered."""

from datetime import timedelta
from time import sleep

from sqlmodel import Session

from schemas.topics import OUTREACH_LOG
from services.policy.sending import PROMISED_LAG
from services.runtime import outbox_rows
from services.runtime.context import Context

CLOCKS_APART = timedelta(seconds=0.5)
"""Most that the clocks of two messengers may differ, of which one takes over from the other; and
what passes between the last look at the clock and the first byte for the provider."""
LAST_LEAVES = PROMISED_LAG + CLOCKS_APART
"""So long after a word stands in the log, what was checked without it may still leave."""
LOG_WITHIN = timedelta(seconds=5)
"""How long whoever said it waits for it to stand in the log."""
_LOOK_SECONDS = 0.02


class TakingEffect:
    """Waits, in real time, until all that was said before holds. Blocks; safe in any thread."""

    def __init__(
        self,
        context: Context,
        log_within: timedelta = LOG_WITHIN,
        last_leaves: timedelta = LAST_LEAVES,
    ) -> None:
        self._context = context
        self._log_within = log_within.total_seconds()
        self._last_leaves = last_leaves.total_seconds()

    def __call__(self) -> bool:
        """True: it holds. False: the log could not be reached for so long."""
        if not self._is_in_the_log():
            return False
        # A messenger sends only what it checked after a heartbeat younger than PROMISED_LAG; and
        # of two records of a lane, it applies the one that was written first first.
        sleep(self._last_leaves)
        return True

    def _is_in_the_log(self) -> bool:
        monotonic = self._context.clock.monotonic
        deadline = monotonic() + self._log_within
        with Session(self._context.engine) as session:
            newest = outbox_rows.newest_waiting(session, OUTREACH_LOG)
        self._context.wake_publisher()
        while self._waits(newest):
            if monotonic() > deadline:
                return False
            sleep(_LOOK_SECONDS)
        return True

    def _waits(self, newest: int) -> bool:
        with Session(self._context.engine) as session:
            return outbox_rows.waits_up_to(session, OUTREACH_LOG, newest)
