"""Tells Kafka how far a worker is: for its own lag figures only, since workers start at their
watermarks."""

import asyncio
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from services.runtime import logging
from services.runtime.context import Context

log = logging.get(__name__)

COMMIT_EVERY_SECONDS = 1.0
# A broker that takes longer to answer is waited for, and /readyz says so.
ANSWER_SECONDS = 3.0


class Committing:
    """One worker's; `consumer`: the driver's, once it is started."""

    def __init__(self, context: Context, consumer: Any) -> None:
        self._context = context
        self._consumer = consumer

    async def run(self) -> None:
        """Commit now and then, until cancelled."""
        while True:
            await asyncio.sleep(COMMIT_EVERY_SECONDS)
            await self.commit()

    async def commit(self) -> None:
        """Commit once.

        It also tells whether the broker answers: the driver waits for one that does not, in
        silence.
        """
        held = self._consumer.assignment()
        offsets = {
            tp: max(own.next_offset, own.passed)
            for own in self._context.owned.values()
            if (tp := TopicPartition(own.topic, own.partition)) in held
        }
        if not offsets:
            return
        try:
            await asyncio.wait_for(self._consumer.commit(offsets), ANSWER_SECONDS)
        except TimeoutError:
            self._context.health.down("broker", "does not answer")
        except KafkaError as error:
            log.info("offsets not committed", error=type(error).__name__)
        else:
            self._context.health.up("broker")
