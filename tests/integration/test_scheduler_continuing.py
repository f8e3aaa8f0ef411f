"""On a real PostgreSQL: what goes on when its end is undone, and under another id."""

from collections.abc import Iterator
from typing import Any

import pytest
from scheduler_node import Bench, applied, due_soon, message, requested

from schemas.topics import OUTREACH_COMMANDS, OUTREACH_DISPATCHES, OUTREACH_LOG
from support.database import Database

PAYMENT: dict[str, Any] = {"payment_id": "p1", "amount_minor": 12_000, "currency": "EUR"}


@pytest.fixture
def bench(database: Database) -> Iterator[Bench]:
    made = Bench(database, "2026-03-02T09:00:00+09:00")
    yield made
    made.close()


def test_money_taken_back_and_two_ids_that_are_one(bench: Bench) -> None:
    bench.deliver(OUTREACH_LOG, due_soon())
    bench.deliver(OUTREACH_COMMANDS, requested())
    paid = applied("payment.received", 8, bill_id="b1", remaining_minor=0, **PAYMENT)
    back = applied("payment.reversed", 9, bill_id="b1", remaining_minor=9_000, **PAYMENT)
    bench.deliver(OUTREACH_LOG, paid, back)
    bench.at("2026-03-05T10:00:01+09:00")
    assert bench.claim() == 1
    bench.deliver(OUTREACH_LOG, applied("customer.merged", 10, into="zoe"))
    bench.at("2026-03-09T10:00:01+09:00")
    assert bench.claim() == 1
    first, second = bench.outbox(OUTREACH_DISPATCHES)
    assert (first.subject, second.subject) == ("ann", "zoe")
    assert second.data["obligations"][0]["amount_minor"] == 9_000
    begun = [event for event in bench.outbox(OUTREACH_LOG) if event.type == "outreach.enrolled"]
    names = [event.data["enrolment_id"] for event in begun]
    assert [event.data["continues"] for event in begun] == [None, *names[:-1]]
    assert len(bench.get("/customers/zoe/outreach")["contacts"]) == 2
    assert bench.get("/customers/ann/outreach")["contacts"] == []
    # A tap in an old mail: said under the old id, it binds the one that stays.
    bench.deliver(OUTREACH_LOG, applied("customer.hold_placed", 11, kind="dispute"))
    bench.at("2026-03-11T10:00:01+09:00")
    bench.claim()
    assert len(bench.outbox(OUTREACH_DISPATCHES)) == 2
    # An operator's word under the old id is as good.
    path, auth = "/customers/ann/holds/dispute/lift", {"authorization": "Bearer o1"}
    assert bench.web.post(path, json={"reason": "settled"}, headers=auth).json()["lifted"]
    assert bench.get("/customers/zoe/outreach")["holds"] == []
    # What was told under the old id is in the story of the one that stays.
    facts = bench.get("/customers/zoe/timeline")["facts"]
    assert {one["customer"] for one in facts} == {"ann"}


def test_what_is_on_its_way_as_its_id_gives_way_goes_out_under_the_one_that_stays(
    bench: Bench,
) -> None:
    bench.deliver(OUTREACH_LOG, due_soon())
    bench.deliver(OUTREACH_COMMANDS, requested())
    for offset, (day, into) in enumerate([("05", "zoe"), ("09", None), ("11", "una")], 8):
        bench.at(f"2026-03-{day}T10:00:01+09:00")
        assert bench.claim() == 1
        *_, order = bench.outbox(OUTREACH_DISPATCHES)
        if into is None:
            continue
        bench.deliver(OUTREACH_LOG, applied("customer.merged", offset, order.subject, into=into))
        said = {"reason": "cancelled", "rule": "enrolment", "rule_version": 1, "retryable": False}
        bench.deliver(OUTREACH_LOG, message("message.refused", order, **said))
        assert bench.claim() == 1
        *_, again = bench.outbox(OUTREACH_DISPATCHES)
        assert (again.subject, again.data["step"]) == (into, order.data["step"])
