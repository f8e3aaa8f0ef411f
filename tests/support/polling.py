"""Waiting for something to become true."""

import time
from collections.abc import Callable
from typing import TypeVar

import httpx

from services.runtime.clock import Clock

_CLOCK = Clock()
_FIRST_SECONDS, _LONGEST_SECONDS, _GROWTH = 0.01, 0.1, 1.5
"""Real seconds between two questions: what takes its time is asked less often."""
Value = TypeVar("Value")


def poll_until(condition: Callable[[], Value], timeout: float = 20.0, message: str = "") -> Value:
    """Ask `condition` until its answer is true, and return that answer.

    Raises AssertionError with `message` and the last answer after `timeout` real seconds. What
    `condition` raises is raised.
    """
    deadline = _CLOCK.monotonic() + timeout
    pause = _FIRST_SECONDS
    while not (answer := condition()):
        if _CLOCK.monotonic() > deadline:
            raise AssertionError(f"{message or 'not true'} after {timeout:g} s, last: {answer!r}")
        time.sleep(pause)
        pause = min(_LONGEST_SECONDS, pause * _GROWTH)
    return answer


def says_200(url: str, timeout: float = 2.0) -> bool:
    """Whether a service on loopback answers so; False where it does not answer at all."""
    try:
        # Plain HTTP: with certificates to verify by, each call would load them first.
        return httpx.get(url, timeout=timeout, verify=False).status_code == 200
    except httpx.TransportError:
        return False
