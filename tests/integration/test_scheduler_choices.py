"""One-tap choices and steps for a person, through the scheduler's database and topics."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from scheduler_node import Bench, applied, message, requested

from schemas.envelope import Envelope, make
from schemas.topics import OUTREACH_COMMANDS, OUTREACH_DISPATCHES, OUTREACH_LOG
from services.runtime.ids import derive
from support.database import Database

CHOICES: list[dict[str, Any]] = [
    {"name": "documents", "does": "person"},
    {"name": "price", "does": "request", "request": "better_price", "keep": ["second"]},
    {"name": "later", "does": "steps"},
    {"name": "leaving", "does": "stop"},
]


def step(name: str, anchor: str = "trigger", days: int = 0, **more: Any) -> dict[str, Any]:
    common = {"at": "10:00" if days else None, "valid_for": "P2D", "channel": "email"}
    return {"name": name, "anchor": anchor, "days": days, "template": name, **common, **more}


STEPS = [
    step("ask"),
    step("second", days=3),
    step("again", "choice", 7, choice="later"),
]
ADVISER = step("adviser", by="person", template="", seniority="senior")


@pytest.fixture
def bench(database: Database) -> Iterator[Bench]:
    made = Bench(database, "2026-03-02T09:00:00+09:00")
    yield made
    made.close()


def enrol(bench: Bench, *steps: dict[str, Any]) -> None:
    """An application is abandoned, by a customer of tier vip who reads Chinese."""
    bench.deliver(
        OUTREACH_LOG,
        applied("customer.updated", 6, obligation_id=None, tier="vip", locale="zh-Hant"),
        applied(
            "application.abandoned", 7, obligation_id="a1", application_id="a1",
            product="Home loan", step="documents",
        ),
    )  # fmt: skip
    about = {"obligation_id": "a1", "kind": "application", "parties": ["ann"]}
    exits = [{"on": "application.completed", "reason": "completed"}]
    order = requested(
        playbook="rescue", obligation=about, steps=list(steps or STEPS), exits=exits,
        choices=CHOICES,
    )  # fmt: skip
    bench.deliver(OUTREACH_COMMANDS, order)


def asked(bench: Bench) -> Envelope:
    """The first mail is out; its order."""
    enrol(bench)
    bench.claim()
    (order,) = bench.outbox(OUTREACH_DISPATCHES)
    bench.deliver(
        OUTREACH_LOG,
        message("message.sent", order, message_id="m", provider="smtp", provider_reference="<m@x>"),
    )
    return order


def choose(bench: Bench, order: Envelope, choice: str, at: str = "2026-03-03T15:00:00") -> None:
    terms = {one["name"]: one for one in CHOICES}[choice]
    bench.at(f"{at}+09:00")
    data = {
        "message_id": "m", "enrolment_id": order.data["enrolment_id"], "choice": choice,
        "does": terms["does"], "obligation_id": "a1", "playbook": "rescue", "locale": "zh",
    }  # fmt: skip
    made = make(
        "choice.made", data, id=derive("choice", choice, at), source="/rapport/messenger",
        tenant="default", subject="ann", time=datetime.fromisoformat(f"{at}+09:00"),
    )  # fmt: skip
    bench.deliver(OUTREACH_LOG, made)


def told(bench: Bench, fact_type: str) -> list[dict[str, Any]]:
    return [event.data for event in bench.outbox() if event.type == fact_type]


def test_orders_carry_the_choices_until_one_is_made(bench: Bench) -> None:
    order = asked(bench)
    names = [one["name"] for one in order.data["choices"]]
    assert names == ["documents", "price", "later", "leaving"]
    choose(bench, order, "later")
    ended = told(bench, "outreach.step_suppressed")
    assert [(one["step"], one["reason"], one["rule"]) for one in ended] == [
        ("second", "choice:later", "choice")
    ]
    bench.at("2026-03-10T10:00:01+09:00")
    assert bench.claim() == 1
    again = bench.outbox(OUTREACH_DISPATCHES)[-1]
    assert (again.data["step"], again.data["choices"]) == ("again", [])


def test_a_second_choice_changes_nothing(bench: Bench) -> None:
    order = asked(bench)
    choose(bench, order, "price")
    before = bench.told()
    choose(bench, order, "leaving", "2026-03-03T16:00:00")
    assert bench.told() == before
    bench.at("2026-03-05T10:00:01+09:00")
    assert bench.claim() == 1


def test_a_choice_to_stop_cancels_with_its_name(bench: Bench) -> None:
    order = asked(bench)
    choose(bench, order, "leaving")
    (ended,) = told(bench, "outreach.cancelled")
    assert (ended["reason"], len(ended["step_ids"])) == ("leaving", 1)
    shown = bench.get(f"/outreach/{order.data['enrolment_id']}")
    assert (shown["status"], shown["reason"]) == ("cancelled", "leaving")
    assert shown["chosen"]["name"] == "leaving"


def test_a_choice_long_after_the_last_mail_begins_anew_and_each_end_is_a_fact(
    bench: Bench,
) -> None:
    order = asked(bench)
    bench.at("2026-03-08T10:00:00+09:00")
    bench.claim()  # the second step is too late by now
    (first,) = [event for event in bench.outbox() if event.type == "outreach.completed"]
    choose(bench, order, "later", "2026-03-09T12:00:00")
    assert bench.get(f"/outreach/{order.data['enrolment_id']}")["status"] == "active"
    completed = applied("application.completed", 9, obligation_id="a1", application_id="a1")
    bench.deliver(OUTREACH_LOG, completed)
    (last,) = [event for event in bench.outbox() if event.type == "outreach.cancelled"]
    assert last.data["reason"] == "completed"
    assert last.id != first.id


def test_a_step_for_a_person_is_told_with_whom_it_needs(bench: Bench) -> None:
    enrol(bench, ADVISER)
    bench.claim()
    assert bench.outbox(OUTREACH_DISPATCHES) == []
    (due,) = told(bench, "outreach.person_due")
    assert {name: due[name] for name in ("reason", "locale", "tier", "product", "seniority")} == {
        "reason": "adviser",
        "locale": "zh-Hant",
        "tier": "vip",
        "product": "Home loan",
        "seniority": "senior",
    }
    assert due["obligation_id"] == "a1"
    assert datetime.fromisoformat(due["due_by"]) == datetime.fromisoformat(
        "2026-03-04T08:59:00+09:00"
    )
    assert bench.told()[-1] == "outreach.completed"
    assert bench.get("/customers/ann/outreach")["contacts"] == []
