"""What people read of a customer over HTTP, and the pause that an operator gives."""

from collections.abc import Iterator

import pytest
from scheduler_node import Bench, applied, due_soon, requested

from schemas.topics import OUTREACH_COMMANDS, OUTREACH_DISPATCHES, OUTREACH_LOG
from support.database import Database


@pytest.fixture
def bench(database: Database) -> Iterator[Bench]:
    made = Bench(database, "2026-03-02T09:00:00+09:00")
    yield made
    made.close()


def test_a_bill_and_a_subscription_may_have_the_same_id(bench: Bench) -> None:
    expiring = applied(
        "subscription.expiring", 8, "bob", obligation_id="b1", subscription_id="b1", plan="Gold",
        expires_on="2026-03-12", price_minor=900, currency="EUR",
    )  # fmt: skip
    closed = applied("bill.closed", 9, obligation_id="b1", bill_id="b1", why="recalled")
    bench.deliver(OUTREACH_LOG, due_soon(7), expiring, closed)
    assert bench.get("/obligations/b1?kind=bill")["reason"] == "recalled"
    assert bench.get("/obligations/b1?kind=subscription")["state"] == "open"
    unclear = bench.web.get("/obligations/b1", headers={"authorization": "Bearer r1"})
    assert unclear.status_code == 409


def test_people_read_what_is_planned_and_why(bench: Bench) -> None:
    bench.deliver(OUTREACH_LOG, due_soon())
    bench.deliver(OUTREACH_COMMANDS, requested())
    facts = bench.outbox()
    bench.deliver(OUTREACH_LOG, *facts)
    enrolment_id = facts[0].data["enrolment_id"]
    shown = bench.get(f"/outreach/{enrolment_id}")
    assert shown["playbook"] == "bill-reminder"
    assert [step["due_at"] for step in shown["steps"]] == [
        "2026-03-05T01:00:00Z", "2026-03-09T01:00:00Z", "2026-03-11T01:00:00Z",
    ]  # fmt: skip
    page = bench.get("/customers/ann/timeline?limit=3")
    rest = bench.get(f"/customers/ann/timeline?after={page['next'].replace('+', '%2B')}")
    types = [fact["type"] for fact in (*page["facts"], *rest["facts"])]
    assert types == [fact.type for fact in reversed(facts)] + ["event.applied"]
    only = bench.get("/customers/ann/timeline?type=outreach.enrolled")
    assert [fact["data"]["playbook_version"] for fact in only["facts"]] == [3]
    console = bench.get("/console/data")
    assert console["enrolments"] == [
        {"playbook": "bill-reminder", "status": "active", "reason": "", "count": 1}
    ]
    assert "<title>Rapport console</title>" in bench.web.get("/console").text


def test_a_pause_keeps_everything_back_and_is_told(bench: Bench) -> None:
    bench.deliver(OUTREACH_LOG, due_soon())
    bench.deliver(OUTREACH_COMMANDS, requested())
    operator = {"authorization": "Bearer o1"}
    body = {"until": "2026-03-05T12:00:00+09:00"}
    answer = bench.web.post("/customers/ann/pause", json=body, headers=operator)
    assert answer.status_code == 200
    assert bench.outbox()[-1].data["changes"] == {
        "paused_until": "2026-03-05T12:00:00+09:00",
        "by": "ops",
    }
    bench.at("2026-03-05T10:00:01+09:00")
    assert bench.claim() == 1
    assert bench.outbox(OUTREACH_DISPATCHES) == []
    assert bench.outbox()[-1].data["reason"] == "paused"
    bench.at("2026-03-05T12:00:01+09:00")
    bench.claim()
    assert len(bench.outbox(OUTREACH_DISPATCHES)) == 1


def test_errors_are_problem_details(bench: Bench) -> None:
    reader = {"authorization": "Bearer r1"}
    for path in ("/outreach/x", "/obligations/x", "/customers/x/outreach"):
        answer = bench.web.get(path, headers=reader)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
    assert bench.web.get("/outreach/x").status_code == 401
    assert bench.web.post("/customers/x/pause", json={}, headers=reader).status_code == 403
    operator = {"authorization": "Bearer o1"}
    for body in ({}, {"until": "2020-01-01T00:00:00Z"}, {"until": "2026-03-05"}):
        answer = bench.web.post("/customers/x/pause", json=body, headers=operator)
        assert answer.status_code == 422
    bank = {"authorization": "Bearer b1"}
    assert bench.web.get("/outreach/x", headers=bank).status_code == 403
    wrong = bench.web.get("/customers/x/timeline?after=2026-03-05~7", headers=reader)
    assert wrong.status_code == 422
