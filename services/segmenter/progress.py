"""Tells those who ask how far customer events are applied: until when none can be missing."""

from collections.abc import Sequence

from schemas.facts import LogHeartbeat
from schemas.topics import CUSTOMER_EVENTS
from services.runtime.context import Context
from services.runtime.heartbeats import Heartbeats
from services.runtime.messages import Incoming
from services.runtime.unit_of_work import UnitOfWork

ASKING = "scheduler"
"""Whose heartbeats are answered."""


class Progress:
    """Answers heartbeats with this worker's progress on the same lane of `customer.events`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._beats = Heartbeats(CUSTOMER_EVENTS)

    def answer(self, work: UnitOfWork, batch: Sequence[Incoming]) -> None:
        """Say of each lane that was asked about at which real instant it was read to its end.

        What was applied until then was committed before, so it stands before the answer in the
        log. A lane that is not owned here, or never was at its end, gets no answer: whoever asks
        has to take that as a no.
        """
        asked = {
            message.data.lane
            for message in batch
            if isinstance(message.data, LogHeartbeat) and message.data.service == ASKING
        }
        reached = {
            own.partition: own.caught_up_at
            for own in self._context.owned_lanes(CUSTOMER_EVENTS)
            if own.partition in asked and own.caught_up_at is not None
        }
        if reached:
            self._beats.beat(work, reached)
            self._context.wake_publisher()
