"""The scheduler on a real PostgreSQL: planning, parking, claiming by many, facts."""

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
    bench.at("2026-03-05T11:05:00+09:00")  # what bounced was sent: an hour lies between
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
    moved = ("outreach.step_deferred", "outreach.step_suppressed")
    laid = [e.data for e in bench.outbox() if e.type in moved]
    assert {(one["reason"], one["rule"]) for one in laid} == {("cap", "default/week")}
    bench.at("2026-03-05T10:00:00+09:00")
    bench.claim()
    assert bench.outbox(OUTREACH_DISPATCHES) == []
