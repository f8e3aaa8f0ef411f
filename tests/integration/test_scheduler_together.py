"""What falls due together: one order, one contact, and each of its steps an end."""

from collections.abc import Iterator

import pytest
from scheduler_node import Bench, due_soon, message, requested

from schemas.topics import OUTREACH_COMMANDS, OUTREACH_DISPATCHES, OUTREACH_LOG
from support.database import Database


@pytest.fixture
def bench(database: Database) -> Iterator[Bench]:
    made = Bench(database, "2026-03-02T09:00:00+09:00")
    yield made
    made.close()


def test_what_falls_due_together_is_one_order_and_one_contact(bench: Bench) -> None:
    bills = ("rent", "power", "phone")
    for n, name in enumerate(bills):
        bench.deliver(OUTREACH_LOG, due_soon(7 + n, bill_id=name))
        bench.deliver(OUTREACH_COMMANDS, requested(7 + n, bill_id=name, consolidate=True))
    bench.at("2026-03-05T10:00:01+09:00")
    while bench.claim():
        pass
    (order,) = bench.outbox(OUTREACH_DISPATCHES)
    data = order.data
    assert data["template"] == "several"
    assert sorted(o["obligation_id"] for o in data["obligations"]) == sorted(bills)
    assert [p["obligation_id"] for p in data["parts"]] == [
        o["obligation_id"] for o in data["obligations"]
    ]
    assert data["parts"][0]["step_id"] == data["step_id"]
    assert {p["template"] for p in data["parts"]} == {"t-7"}
    others = [part["step_id"] for part in data["parts"][1:]]
    (ordered,) = [e.data for e in bench.outbox() if e.type == "outreach.dispatched"]
    assert ordered["joined"] == others
    joined = [e.data for e in bench.outbox() if e.type == "outreach.step_joined"]
    assert [one["step_id"] for one in joined] == others
    assert {one["dispatch_id"] for one in joined} == {data["dispatch_id"]}
    assert len(bench.get("/customers/ann/outreach")["contacts"]) == 1

    paid, sent = others
    left = message("message.left_out", order, obligation_id="x", reason="settled",
                   rule="obligation", rule_version=1, retryable=False)  # fmt: skip
    left.data["step_id"] = paid
    done = message("message.sent", order, message_id="m", provider="smtp",
                   provider_reference="<m@x>", joined=[sent])  # fmt: skip
    bench.deliver(OUTREACH_LOG, left, done)
    told = bench.get("/customers/ann/outreach")
    states = {s["step_id"]: s["state"] for e in told["enrolments"] for s in e["steps"]}
    assert [states[i] for i in (data["step_id"], paid, sent)] == ["sent", "refused", "sent"]
    assert len(told["contacts"]) == 1


def test_a_dispatch_of_several_that_is_refused_for_now_is_ordered_again(bench: Bench) -> None:
    for n, name in enumerate(("rent", "power")):
        bench.deliver(OUTREACH_LOG, due_soon(7 + n, bill_id=name))
        bench.deliver(OUTREACH_COMMANDS, requested(7 + n, bill_id=name, consolidate=True))
    bench.at("2026-03-05T10:00:01+09:00")
    bench.claim()
    (order,) = bench.outbox(OUTREACH_DISPATCHES)
    refused = message(
        "message.refused", order, reason="hours", rule="r", rule_version=1, retryable=True,
        not_before="2026-03-05T11:00:00+09:00", joined=[order.data["parts"][1]["step_id"]],
    )  # fmt: skip
    bench.deliver(OUTREACH_LOG, refused)
    assert bench.get("/customers/ann/outreach")["contacts"] == []
    bench.at("2026-03-05T11:00:01+09:00")
    bench.claim()
    again = bench.outbox(OUTREACH_DISPATCHES)[-1]
    assert len(again.data["parts"]) == 2
    assert again.id != order.id
