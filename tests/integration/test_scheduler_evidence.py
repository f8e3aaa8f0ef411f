"""While customer events lag, what a payment could settle waits."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from scheduler_node import Bench, due_soon, requested

from schemas.envelope import Envelope, make
from schemas.topics import CUSTOMER_EVENTS, OUTREACH_COMMANDS, OUTREACH_DISPATCHES, OUTREACH_LOG
from services.runtime.clock import Clock
from services.runtime.partitioning import PARTITIONS
from services.scheduler.evidence import GRACE, Evidence
from services.scheduler.timers import Announcing, Claiming
from support.database import Database

BOUND = 30.0


class Later(Clock):
    """A clock whose monotonic seconds are past any grace."""

    def monotonic(self) -> float:
        return super().monotonic() + GRACE + 1


@pytest.fixture
def bench(database: Database) -> Iterator[Bench]:
    made = Bench(database, "2026-03-02T09:00:00+09:00")
    made.deliver(OUTREACH_LOG, due_soon())
    made.deliver(OUTREACH_COMMANDS, requested())
    made.at("2026-03-05T10:00:01+09:00")
    evidence = Evidence(made.context, BOUND)
    made.timer = Claiming(made.context, made.handlers, Announcing(made.context, ()), 100, evidence)
    yield made
    made.close()


def caught_up(bench: Bench, seconds_ago: float) -> list[Envelope]:
    """The segmenter's answers on all lanes: it was at the end so long ago."""
    at = bench.context.clock.real() - timedelta(seconds=seconds_ago)
    return [
        make(
            "log.heartbeat",
            {"service": "segmenter", "lane": n, "sent_at": at, "read": CUSTOMER_EVENTS},
            id=f"answer-{n}-{at.isoformat()}",
            source="/rapport/segmenter",
            tenant="default",
            subject=f"lane:{n}",
            time=bench.context.clock.now(),
        )
        for n in range(PARTITIONS)
    ]


def orders(bench: Bench) -> int:
    return len(bench.outbox(OUTREACH_DISPATCHES))


def test_a_reminder_waits_for_proof_that_no_payment_is_missing(bench: Bench) -> None:
    bench.timer()
    asked = [fact.data for fact in bench.outbox() if fact.type == "log.heartbeat"]
    assert {one["lane"] for one in asked} == set(range(PARTITIONS))
    assert orders(bench) == 0
    bench.deliver(OUTREACH_LOG, *caught_up(bench, BOUND + 5))
    bench.timer()
    assert orders(bench) == 0
    bench.deliver(OUTREACH_LOG, *caught_up(bench, 1))
    bench.timer()
    assert orders(bench) == 1
    assert "outreach.step_deferred" not in bench.told()


def test_without_proof_it_is_put_off_and_says_why(bench: Bench) -> None:
    bench.timer()
    known = bench.context.clock
    bench.context.clock = Later(known.start, known.speed, known.real_start)
    bench.deliver(OUTREACH_LOG, *caught_up(bench, BOUND + 5)[1:])
    bench.timer()
    [deferred] = [fact.data for fact in bench.outbox() if fact.type == "outreach.step_deferred"]
    assert (deferred["reason"], deferred["rule"]) == ("payment_lag", "payment_lag")
    assert orders(bench) == 0
