"""The scheduler on a real PostgreSQL: planning, parking, claiming by many, facts, HTTP."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from scheduler_node import PACKS, Bench, applied, due_soon, message, requested

from schemas.envelope import Envelope, make
from schemas.topics import OUTREACH_COMMANDS, OUTREACH_DISPATCHES, OUTREACH_LOG
from services.runtime.ids import derive
from services.scheduler.timers import Announcing
from support.database import Database


@pytest.fixture
def bench(database: Database) -> Iterator[Bench]:
    made = Bench(database, "2026-03-02T09:00:00+09:00")
    yield made
    made.close()


def test_a_command_waits_until_its_events_are_applied(bench: Bench) -> None:
    bench.deliver(OUTREACH_COMMANDS, requested())
    assert bench.told() == []
    assert bench.sweep() == 0
    bench.deliver(OUTREACH_LOG, due_soon())
    assert bench.sweep() == 1
    assert bench.told() == ["outreach.enrolled"] + ["outreach.step_planned"] * 3


def test_a_due_step_becomes_an_order_that_says_what_it_rests_on(bench: Bench) -> None:
    bench.deliver(OUTREACH_LOG, due_soon())
    bench.deliver(OUTREACH_COMMANDS, requested())
    assert bench.claim() == 0
    bench.at("2026-03-05T10:00:01+09:00")
    assert bench.claim() == 1
    assert bench.claim() == 0
    (order,) = bench.outbox(OUTREACH_DISPATCHES)
    data = order.data
    assert (data["step"], data["attempt"], data["template"]) == ("t-7", 1, "t-7")
    assert data["after"]["customer.events/3"] == 7
    assert data["zones"] == ["Asia/Tokyo"]
    assert [pack["name"] for pack in data["packs"]] == ["default", "jp"]
    week = next(one for one in data["counts"] if one["rule"] == "default/week")
    assert (week["limit"], week["window_hours"], week["count"]) == (3, 168, 0)
    assert data["context"] == {"plan": "Gold", "perks": ["a", "b"]}
    assert data["obligations"][0]["due_date"] == "2026-03-12"
    assert order.correlationid == requested().id
    assert bench.told()[-1] == "outreach.dispatched"


def test_payment_cancels_for_every_party(bench: Bench) -> None:
    for customer in ("ann", "bob"):
        bench.deliver(OUTREACH_LOG, due_soon(customer=customer))
        bench.deliver(OUTREACH_COMMANDS, requested(customer=customer))
    payment = applied(
        "payment.received", 9, "bob", bill_id="b1", payment_id="p1", amount_minor=12_000,
        currency="EUR", remaining_minor=0,
    )  # fmt: skip
    bench.deliver(OUTREACH_LOG, payment)
    ended = [e for e in bench.outbox() if e.type == "outreach.cancelled"]
    assert {e.subject for e in ended} == {"ann", "bob"}
    assert {e.data["cause_event_id"] for e in ended} == {payment.data["event_id"]}
    bench.at("2026-03-12T00:00:00+09:00")
    assert bench.claim() == 0
    state = bench.get("/obligations/b1")
    assert (state["state"], state["amount_minor"], state["reason"]) == ("settled", 0, "paid")


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


def test_two_claimers_share_the_work_and_take_nothing_twice(bench: Bench) -> None:
    names = [f"c{n}" for n in range(300)]
    bench.deliver(OUTREACH_LOG, *(due_soon(n, name, name) for n, name in enumerate(names)))
    bench.deliver(OUTREACH_COMMANDS, *(requested(n, name, name) for n, name in enumerate(names)))
    bench.at("2026-03-05T10:00:01+09:00")

    def work(_: int) -> int:
        total = 0
        while count := bench.claim(25):
            total += count
        return total

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(work, range(3))) >= 290
    work(0)
    orders = bench.outbox(OUTREACH_DISPATCHES)
    assert len(orders) == len({order.id for order in orders}) == 300


def test_the_messengers_answer_ends_the_step_or_plans_it_again(bench: Bench) -> None:
    for customer in ("ann", "bob"):
        bench.deliver(OUTREACH_LOG, due_soon(customer=customer))
        bench.deliver(OUTREACH_COMMANDS, requested(customer=customer))
    bench.at("2026-03-05T10:00:01+09:00")
    bench.claim()
    first, second = bench.outbox(OUTREACH_DISPATCHES)
    sent = message(
        "message.sent", first, message_id="m", provider="smtp", provider_reference="<m@x>"
    )
    refused = message(
        "message.refused", second, reason="hours", rule="r", rule_version=1, retryable=True,
        not_before="2026-03-05T11:00:00+09:00",
    )  # fmt: skip
    bench.deliver(OUTREACH_LOG, sent, refused)
    states = {
        customer: bench.get(f"/customers/{customer}/outreach")
        for customer in (first.subject, second.subject)
    }
    done, again = states[first.subject], states[second.subject]
    assert [s["state"] for s in done["enrolments"][0]["steps"]] == ["sent", "planned", "planned"]
    assert len(done["contacts"]) == 1
    assert again["contacts"] == []
    step = again["enrolments"][0]["steps"][0]
    assert (step["state"], step["attempt"]) == ("planned", 2)
    assert step["due_at"] == "2026-03-05T02:00:00Z"
    bench.at("2026-03-05T11:00:01+09:00")
    assert bench.claim() == 1
    assert bench.outbox(OUTREACH_DISPATCHES)[-1].data["attempt"] == 2


def test_a_last_message_that_came_back_goes_once_by_the_next_channel(bench: Bench) -> None:
    channels = {"email": "aa", "sms": "bb"}
    bench.deliver(
        OUTREACH_LOG,
        applied("customer.updated", 6, obligation_id=None, channels=channels),
        due_soon(),
    )
    step = {"name": "t-7", "anchor": "due", "days": -7, "at": "10:00", "valid_for": "P1D",
            "template": "t-7", "channel": "email", "channels": ["email", "sms"]}  # fmt: skip
    bench.deliver(OUTREACH_COMMANDS, requested(steps=[step]))
    bench.at("2026-03-05T10:00:01+09:00")
    bench.claim()
    (order,) = bench.outbox(OUTREACH_DISPATCHES)
    reference = {"message_id": "m", "provider": "smtp", "provider_reference": "<m@x>"}
    bench.deliver(OUTREACH_LOG, message("message.sent", order, **reference))
    assert bench.told()[-1] == "outreach.completed"
    back = message("message.bounced", order, message_id="m", kind="hard", channel="email")
    bench.deliver(OUTREACH_LOG, back, back.model_copy(update={"id": "again"}))
    bench.at("2026-03-05T10:05:00+09:00")
    assert bench.claim() == 1
    first, second = bench.outbox(OUTREACH_DISPATCHES)

    assert (first.data["channel"], second.data["channel"]) == ("email", "sms")
    assert first.data["step_id"] != second.data["step_id"]
    planned = [one for one in bench.outbox() if one.type == "outreach.step_planned"]
    assert planned[-1].data["instead_of"] == first.data["step_id"]
    sent = message("message.sent", second, **reference | {"message_id": "n"})
    bench.deliver(OUTREACH_LOG, sent)
    assert bench.told().count("outreach.completed") == 2
    seen = bench.get("/customers/ann/outreach")
    assert [one["channel"] for one in seen["contacts"]] == ["email", "sms"]


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


def test_a_step_that_cannot_be_decided_is_put_aside_and_the_others_go_on(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    for customer in ("ann", "bob", "cem"):
        bench.deliver(OUTREACH_LOG, due_soon(7, customer, f"of-{customer}"))
        bench.deliver(OUTREACH_COMMANDS, requested(7, customer, f"of-{customer}"))
    bench.database.rows(
        "UPDATE scheduler.obligation SET state = state::jsonb || %s WHERE obligation_id = %s",
        # A time without offset, which no event can bring: comparing it raises.
        '{"creditor": "ann@example.com", "holds": [{"kind": "dispute",'
        ' "at": "2026-03-02T00:00:00Z", "until": "2026-03-09T00:00:00"}]}',
        "of-bob",
    )
    bench.at("2026-03-05T10:00:01+09:00")
    bench.timer()
    orders = bench.outbox(OUTREACH_DISPATCHES)
    assert sorted(order.subject for order in orders) == ["ann", "cem"]
    [aside] = [fact for fact in bench.outbox() if fact.type == "outreach.step_suppressed"]
    assert (aside.subject, aside.data["step"], aside.data["reason"]) == ("bob", "t-7", "fault")
    logged = capsys.readouterr()
    assert "put aside" in logged.out + logged.err
    assert "ann@example.com" not in logged.out + logged.err
    bench.timer()
    assert len(bench.outbox(OUTREACH_DISPATCHES)) == 2


def test_what_a_customer_switches_on_again_is_contacted_anew(bench: Bench) -> None:
    def by_messenger(type: str, time: str, **data: Any) -> Envelope:
        return make(
            type, data, id=derive(type, time), source="/rapport/messenger", tenant="default",
            subject="ann", time=datetime.fromisoformat(time),
        )  # fmt: skip

    bench.deliver(OUTREACH_LOG, due_soon())
    bench.deliver(
        OUTREACH_LOG,
        by_messenger(
            "contact.unsubscribed", "2026-03-02T09:01:00+09:00", channel="email", purpose="*",
            via="page",
        ),
        by_messenger(
            "contact.preference_changed", "2026-03-02T09:02:00+09:00",
            changes={"email/service": "on"},
        ),
        by_messenger(
            "handoff.requested", "2026-03-02T09:03:00+09:00", handoff_id="h", case_id="k",
            obligation_id="b1", reason="dispute",
        ),
    )  # fmt: skip
    bench.deliver(OUTREACH_COMMANDS, requested())
    bench.at("2026-03-05T10:00:01+09:00")
    assert bench.claim() == 1
    assert bench.outbox(OUTREACH_DISPATCHES) == []
    assert bench.outbox()[-1].data["reason"] == "handoff"
    bench.deliver(
        OUTREACH_LOG,
        by_messenger(
            "handoff.resolved", "2026-03-05T11:00:00+09:00", handoff_id="h", outcome="done"
        ),
    )
    bench.at("2026-03-05T22:00:01+09:00")
    bench.claim()
    bench.at("2026-03-06T08:00:01+09:00")
    bench.claim()
    assert [order.data["step"] for order in bench.outbox(OUTREACH_DISPATCHES)] == ["t-7"]


def test_the_packs_in_force_are_told_once(bench: Bench) -> None:
    announce = Announcing(bench.context, PACKS)
    announce()
    announce()
    told = {event.data["name"]: event for event in bench.outbox()}
    assert len(bench.outbox()) == len(told) == len(PACKS)
    first = told[PACKS[0].name]
    assert first.subject == f"policy:{PACKS[0].name}"
    assert json.loads(json.dumps(first.data["content"])) == PACKS[0].content
    assert first.id == derive(
        "scheduler", "policy.in_force", "default", PACKS[0].name, PACKS[0].sha256
    )


def test_calls_by_the_publishers_people_count_for_the_week(
    bench: Bench, database: Database
) -> None:
    for number, direction in enumerate(("outbound", "outbound", "inbound", "outbound")):
        call = {"channel": "phone", "direction": direction, "outcome": "reached"}
        at = "2026-03-05T09:00:00+09:00"
        bench.deliver(OUTREACH_LOG, applied("contact.made", number, at=at, **call))
    kept = database.rows("SELECT channel, reached, made_by FROM scheduler.contact")
    assert kept == [("phone", True, "people")] * 3
    bench.deliver(OUTREACH_LOG, due_soon())
    bench.deliver(OUTREACH_COMMANDS, requested())
    bench.at("2026-03-05T10:00:00+09:00")
    bench.claim()
    deferred = [e.data for e in bench.outbox() if e.type.startswith("outreach.step_")]
    assert deferred[-1]["rule"] == "default/week"
