"""Feeds parked messages to their handlers again, beside the batches."""

import asyncio
from collections.abc import Callable, Mapping

from aiokafka import TopicPartition
from sqlmodel import Session

from services.runtime import metrics, parked_rows
from services.runtime.context import Context
from services.runtime.database import is_passing
from services.runtime.ledger import Fenced, Ownership
from services.runtime.processing import Processor

SWEEP_EVERY_SECONDS = 0.1
# Where nothing is known to be parked: what a former owner left is found so soon, and so is a
# database that went away while there was nothing to do.
LOOK_EVERY_SECONDS = 0.5


class Sweeping:
    """One worker's sweeper."""

    def __init__(
        self,
        context: Context,
        processor: Processor,
        hand: Callable[[TopicPartition], asyncio.Lock],
        lose: Callable[[Ownership], None],
    ) -> None:
        """hand: held while a partition is worked on. lose: called where it is owned no more."""
        self._context = context
        self._processor = processor
        self._hand = hand
        self._lose = lose

    async def run(self) -> None:
        """Sweep until cancelled; waits for a database that is away."""
        clock, look_again = self._context.clock, 0.0
        while True:
            await asyncio.sleep(SWEEP_EVERY_SECONDS)
            if not self._processor.has_parked.is_set() and clock.monotonic() < look_again:
                continue
            look_again = 0.0
            try:
                # Cleared before it is looked: what a batch parks meanwhile sets it again.
                self._processor.has_parked.clear()
                waiting = await asyncio.to_thread(self._count_parked)
                self._context.health.up("database")
                for place in sorted(waiting):
                    await self._sweep(TopicPartition(*place))
                if waiting:
                    self._processor.has_parked.set()
                look_again = clock.monotonic() + LOOK_EVERY_SECONDS
            except Exception as error:
                if not is_passing(error):
                    raise
                waited_for_database(self._context, error)

    async def _sweep(self, tp: TopicPartition) -> None:
        async with self._hand(tp):
            own = self._context.owned.get((tp.topic, tp.partition))
            if own is None:
                return
            try:
                await asyncio.to_thread(self._processor.sweep, own)
            except Fenced:
                metrics.FENCED.inc()
                self._lose(own)

    def _count_parked(self) -> Mapping[tuple[str, int], int]:
        with Session(self._context.engine) as session:
            waiting = parked_rows.count(session, list(self._context.owned))
        metrics.PARKED_ROWS.set(sum(waiting.values()))
        return waiting


def waited_for_database(context: Context, error: BaseException) -> None:
    """Say that the database is waited for."""
    metrics.RETRIES.labels("database").inc()
    context.health.down("database", f"waited for: {type(error).__name__}")
