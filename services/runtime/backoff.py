"""Waiting longer and longer for something that will come back."""

import asyncio
import random

from services.runtime.clock import Clock

FIRST_SECONDS = 0.1
LONGEST_SECONDS = 5.0


class Backoff:
    """Waits 0.1 s, then twice as long each time up to 5 s, with jitter; real time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next = FIRST_SECONDS

    async def wait(self, stopping: asyncio.Event) -> bool:
        """Wait once; True as soon as `stopping` is set."""
        seconds = self._next * random.uniform(0.8, 1.2)
        self._next = min(LONGEST_SECONDS, self._next * 2)
        try:
            await asyncio.wait_for(stopping.wait(), seconds)
        except TimeoutError:
            return False
        return True
