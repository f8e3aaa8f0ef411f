"""While customer events lag, what a payment could settle waits."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY
from scheduler_node import Bench, applied, due_soon, message, requested

from schemas.envelope import Envelope, make
from schemas.topics import CUSTOMER_EVENTS, OUTREACH_COMMANDS, OUTREACH_DISPATCHES, OUTREACH_LOG
from services.runtime.clock import Clock
from services.runtime.partitioning import PARTITIONS, lane
from services.runtime.settings import ROOT
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
    [ordered] = [fact.data for fact in bench.outbox() if fact.type == "outreach.dispatched"]
    assert 1 <= ordered["events"]["age_seconds"] <= ordered["events"]["limit_seconds"] == BOUND


def test_without_proof_it_is_put_off_and_says_why(bench: Bench) -> None:
    bench.timer()
    known = bench.context.clock
    bench.context.clock = Later(known.start, known.speed, known.real_start)
    bench.deliver(OUTREACH_LOG, *caught_up(bench, BOUND + 5)[1:])
    bench.timer()
    [deferred] = [fact.data for fact in bench.outbox() if fact.type == "outreach.step_deferred"]
    assert (deferred["reason"], deferred["rule"]) == ("payment_lag", "payment_lag")
    assert orders(bench) == 0


def test_what_is_decided_alone_since_another_is_at_fault_waits_as_well(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: object) -> None:
        raise ValueError("nobody thought of this")

    bench.timer()
    known = bench.context.clock
    bench.context.clock = Later(known.start, known.speed, known.real_start)
    bench.deliver(OUTREACH_LOG, *caught_up(bench, BOUND + 5)[1:])
    monkeypatch.setattr(bench.handlers, "claim", fault)
    bench.timer()
    [deferred] = [fact.data for fact in bench.outbox() if fact.type == "outreach.step_deferred"]
    assert deferred["reason"] == "payment_lag"
    assert orders(bench) == 0


def paid(bench: Bench, published_ago: float) -> Envelope:
    """The payment of ann's bill, published so many real seconds ago."""
    event = applied(
        "payment.received", 9, time="2026-03-05T10:00:01+09:00", payment_id="p1", bill_id="b1",
        amount_minor=12_000, currency="EUR", remaining_minor=0,
    )  # fmt: skip
    at = bench.context.clock.real() - timedelta(seconds=published_ago)
    return event.model_copy(update={"data": {**event.data, "published_at": at.isoformat()}})


def sample(name: str) -> float:
    return REGISTRY.get_sample_value(name) or 0.0


def test_from_a_payments_publication_to_its_steps_cancelled_is_measured(bench: Bench) -> None:
    count, total = sample("rapport_cancel_seconds_count"), sample("rapport_cancel_seconds_sum")
    bench.deliver(OUTREACH_LOG, paid(bench, 20))
    assert sample("rapport_cancel_seconds_count") == count + 1
    assert 20 <= sample("rapport_cancel_seconds_sum") - total < 80


@pytest.mark.parametrize(("read", "counted"), [(1, 0), (2, 1)])
def test_contact_after_a_payment_that_the_messenger_had_read_is_counted(
    bench: Bench, read: int, counted: int
) -> None:
    bench.deliver(OUTREACH_LOG, *caught_up(bench, 1))
    bench.timer()
    (order,) = bench.outbox(OUTREACH_DISPATCHES)
    before = sample("rapport_paid_but_contacted_total")
    payment = bench.owned[OUTREACH_LOG].next_offset
    bench.deliver(OUTREACH_LOG, paid(bench, 1))
    golden = json.loads((ROOT / "schemas/golden/message.intended-1.json").read_text())["data"]
    intent = message(
        "message.intended",
        order,
        **{name: value for name, value in golden.items() if name not in ("step_id", "dispatch_id")}
        | {
            "obligation_ids": ["b1"],
            "checked_at": "2026-03-05T10:01:00+09:00",
            "applied_through": {f"{OUTREACH_LOG}/{lane('ann')}": payment - 2 + read},
        },
    )
    bench.deliver(OUTREACH_LOG, intent)
    assert sample("rapport_paid_but_contacted_total") == before + counted
