"""Waiting for something to become true."""

import time
from collections.abc import Callable
from typing import TypeVar

from services.runtime.clock import Clock

_CLOCK = Clock()
_STEP_SECONDS = 0.02
Value = TypeVar("Value")


def poll_until(condition: Callable[[], Value], timeout: float = 20.0, message: str = "") -> Value:
    """Ask `condition` until its answer is true, and return that answer.

    Raises AssertionError with `message` and the last answer after `timeout` real seconds. What
    `condition` raises is raised.
    """
    deadline = _CLOCK.monotonic() + timeout
    while not (answer := condition()):
        if _CLOCK.monotonic() > deadline:
            raise AssertionError(f"{message or 'not true'} after {timeout:g} s, last: {answer!r}")
        time.sleep(_STEP_SECONDS)
    return answer
