"""What a customer's choice and a person's step become: hand-offs and requests."""

from collections.abc import Iterator
from typing import Any

import pytest
from negotiator_world import World, world_of
from test_negotiator_desk import Desk

from schemas.facts import ChoiceMade, HandoffRequested, OutreachPersonDue
from schemas.topics import OUTREACH_LOG
from support.database import Database


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    yield from world_of(database)


def choose(world: World, choice: str, does: str, customer: str = "c-1", **given: Any) -> None:
    data = {
        "message_id": "m-1", "enrolment_id": "en-1", "choice": choice, "does": does,
        "obligation_id": "a-1", "playbook": "application-rescue", "locale": "ja",
        "product": "Home loan",
    }  # fmt: skip
    made = ChoiceMade.model_validate(data | given)
    world.tell(OUTREACH_LOG, made, customer, source="/rapport/messenger")


def person_due(world: World, step: str = "adviser_calls", obligation: str = "a-1") -> None:
    data = {
        "step_id": f"s-{step}", "enrolment_id": "en-1", "playbook": "vip-care",
        "playbook_version": 1, "obligation_id": obligation, "reason": step, "segment": "private",
        "due_by": "2026-03-05T09:00:00Z", "locale": "zh-Hant", "tier": "vip",
        "product": "Home loan", "seniority": "senior",
    }  # fmt: skip
    due = OutreachPersonDue.model_validate(data)
    world.tell(OUTREACH_LOG, due, "c-1", source="/rapport/scheduler")


def test_a_choice_for_a_person_opens_a_hand_off_that_says_whom_it_needs(world: World) -> None:
    choose(world, "documents", "person", seniority="senior")
    (asked,) = world.facts("handoff.requested")
    assert asked["subject"] == "c-1"
    assert (asked["data"]["reason"], asked["data"]["obligation_id"]) == ("documents", "a-1")
    assert asked["data"]["needs"] == {
        "language": "ja",
        "product": "Home loan",
        "seniority": "senior",
        "tier": None,
    }
    page = Desk(world, "ana-secret").open()
    for shown in ("Documents", "Home loan", "senior", "ja", "a-1"):
        assert shown in page


def test_a_step_for_a_person_opens_a_hand_off_with_its_time(world: World) -> None:
    person_due(world)
    (asked,) = world.facts("handoff.requested")
    assert asked["data"]["due_by"].startswith("2026-03-05T09:00:00")
    assert asked["data"]["needs"]["language"] == "zh-Hant"
    desk = Desk(world, "ana-secret")
    desk.open()
    for shown in (
        "Adviser calls",
        "05 Mar 2026 09:00 UTC",
        "vip",
        "senior",
        "Home loan",
        "zh-Hant",
    ):
        assert shown in desk.page.text
    desk.send("/assign")
    assert "Nobody is waiting" in desk.send("/resolve", outcome="done").text


def test_no_second_person_is_asked_while_one_is_at_work_on_the_same_matter(world: World) -> None:
    choose(world, "documents", "person")
    person_due(world)
    assert world.count("handoff.requested") == 1
    person_due(world, obligation="a-2")
    assert world.count("handoff.requested") == 2
    desk = Desk(world, "ana-secret")
    desk.open("Documents")
    desk.send("/assign")
    person_due(world, "adviser_writes")
    assert world.count("handoff.requested") == 2
    desk.send("/resolve", outcome="done")
    person_due(world, "adviser_visits")
    assert world.count("handoff.requested") == 3


def test_a_customers_reply_keeps_others_from_being_asked(world: World) -> None:
    reply = HandoffRequested(handoff_id="h", case_id="c", obligation_id="a-1", reason="reply")
    world.tell(OUTREACH_LOG, reply, "c-1", source="/rapport/messenger")
    person_due(world)
    choose(world, "documents", "person")
    assert world.count("handoff.requested") == 0
    choose(world, "documents", "person", customer="c-2")
    assert world.count("handoff.requested") == 1


def test_a_choice_that_requests_asks_the_publisher(world: World) -> None:
    choose(world, "cheaper", "request", request="cheaper_plan")
    (asked,) = world.facts("request.made")
    assert asked["data"]["kind"] == "cheaper_plan"
    assert asked["data"]["obligation_id"] == "a-1"
    assert asked["data"]["details"] == {"choice": "cheaper", "playbook": "application-rescue"}
    assert world.count("handoff.requested") == 0


@pytest.mark.parametrize("does", ["steps", "stop"])
def test_what_the_scheduler_does_alone_asks_nobody(world: World, does: str) -> None:
    choose(world, "later", does)
    assert world.facts() == []
