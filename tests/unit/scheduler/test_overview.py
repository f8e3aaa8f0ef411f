"""The console's counts: one counts, nobody else waits who has something to show."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from services.runtime.clock import Clock
from services.scheduler.overview import Overview

SECONDS = 10.0


class Moving(Clock):
    """A clock that is set by hand."""

    __slots__ = ()
    at = 0.0

    def monotonic(self) -> float:
        return Moving.at


CONTEXT: Any = SimpleNamespace(clock=Moving())


class Counting:
    """Takes a second by the clock; of tenants that are slow, until it is let go."""

    def __init__(self, *slow: str) -> None:
        Moving.at = 0.0
        self.slow = set(slow)
        self.begun = Event()
        self.go_on = Event()
        self.times = 0

    def __call__(self, tenant: str | None, _: datetime) -> dict[str, Any]:
        self.times += 1
        if tenant in self.slow:
            self.begun.set()
            assert self.go_on.wait(SECONDS)
        Moving.at += 1
        return {"count": self.times}


@contextmanager
def _beside(
    counting: Counting, do: Callable[[], dict[str, Any]]
) -> Iterator["Future[dict[str, Any]]"]:
    """Something under way in a thread that has begun to count."""
    with ThreadPoolExecutor(1) as pool:
        aside = pool.submit(do)
        assert counting.begun.wait(SECONDS)
        try:
            yield aside
        finally:
            counting.go_on.set()


def test_what_was_counted_is_kept_a_while_and_says_how_old_it_is() -> None:
    counting = Counting()
    overview = Overview(CONTEXT, counting)
    first = overview("a")
    assert (first["count"], first["counted_ago"]) == (1, 1.0)
    Moving.at = 20.5
    again = overview("a")
    assert (again["count"], again["counted_ago"]) == (1, 20.5)
    assert again["counted_at"] == first["counted_at"]
    Moving.at = 21.0
    assert (overview("a")["count"], overview("a")["counted_ago"]) == (2, 1.0)


def test_while_one_counts_again_the_others_see_what_was_counted_before() -> None:
    counting = Counting()
    overview = Overview(CONTEXT, counting)
    overview("a")
    Moving.at = 100.0
    counting.slow.add("a")
    with _beside(counting, lambda: overview("a")) as aside:
        assert (overview("a")["count"], overview("a")["counted_ago"]) == (1, 100.0)
        counting.go_on.set()
        assert aside.result(SECONDS)["count"] == 2


def test_one_tenant_does_not_wait_for_another() -> None:
    counting = Counting("a")
    overview = Overview(CONTEXT, counting)
    with _beside(counting, lambda: overview("a")) as aside:
        assert overview("b")["count"] == 2
        assert not aside.done()


def test_those_who_come_first_together_count_once() -> None:
    counting = Counting("a")
    overview = Overview(CONTEXT, counting)
    with _beside(counting, lambda: overview("a")) as aside, ThreadPoolExecutor(1) as pool:
        second = pool.submit(overview, "a")
        counting.go_on.set()
        assert aside.result(SECONDS)["count"] == second.result(SECONDS)["count"] == 1


def test_who_fails_to_count_leaves_it_to_the_next() -> None:
    failing = [OSError("away")]

    def count(*_: object) -> dict[str, Any]:
        if failing:
            raise failing.pop()
        return {"count": 1}

    overview = Overview(CONTEXT, count)
    with pytest.raises(OSError, match="away"):
        overview(None)
    assert overview(None)["count"] == 1
