"""What people answer, and what becomes of it: over HTTP, and shown at the desk."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from messenger_world import World, first_mail, mailing

from support.database import Database
from support.mail import Mailbox

ALL = {"Authorization": "Bearer all-of-it"}
BOUND = {"Authorization": "Bearer bound"}


@pytest.fixture
def messenger(database: Database, mailbox: Mailbox) -> Iterator[World]:
    with mailing(database, mailbox) as made:
        first_mail(made, mailbox)
        yield made


@pytest.fixture
def http(messenger: World) -> Iterator[TestClient]:
    with TestClient(messenger.api, headers=ALL, follow_redirects=False) as client:
        yield client


def message_id(messenger: World) -> str:
    return str(messenger.of("message.intended")[0]["data"]["message_id"])


def answer(messenger: World, http: TestClient, words: str) -> None:
    said = {"message_id": message_id(messenger), "text": words}
    assert http.post("/replies", json=said).status_code == 202


def told(messenger: World, fact_type: str) -> list[dict[str, Any]]:
    messenger.flow()
    return [fact["data"] for fact in messenger.of(fact_type)]


def next_end(messenger: World) -> dict[str, Any]:
    ends = ("message.sent", "message.refused", "message.failed", "message.unknown")
    messenger.an_hour_later()
    messenger.dispatch()
    end: dict[str, Any] = messenger.ended(len(messenger.of(*ends)) + 1)[-1]
    return end


@pytest.mark.parametrize(
    ("words", "intent", "asks", "reason"),
    [
        ("我已经付款了", "paid_already", "confirm_payment", "hold:says_paid"),
        ("身に覚えがありません", "dispute", None, "handoff"),
        ("I lost my job", "cannot_pay", None, "handoff"),
        ("父は先月亡くなりました", "bereaved", None, "handoff"),
        ("Never contact me again", "cease_contact", "cease_contact", "suppressed:unsubscribed"),
        ("发错人了", "wrong_person", None, "suppressed:wrong_person"),
    ],
)
def test_an_answer_is_acted_on_at_once(
    messenger: World,
    http: TestClient,
    words: str,
    intent: str,
    asks: str | None,
    reason: str,
) -> None:
    answer(messenger, http, words)
    [replied] = told(messenger, "message.replied")
    assert replied["intent"] == intent
    assert replied["step_id"] == told(messenger, "message.sent")[0]["step_id"]
    assert [one["kind"] for one in told(messenger, "request.made")] == ([asks] if asks else [])
    assert next_end(messenger)["data"]["reason"] == reason
    assert words not in json.dumps(messenger.facts, ensure_ascii=False)


def test_what_is_said_to_be_paid_rests_until_the_publisher_finds_otherwise(
    messenger: World, http: TestClient
) -> None:
    answer(messenger, http, "I have already paid")
    [replied] = told(messenger, "message.replied")
    assert replied["quiet_until"].startswith("2026-03-09T10:01")
    assert told(messenger, "handoff.requested") == []
    refused = next_end(messenger)["data"]
    assert (refused["retryable"], refused["not_before"][:10]) == (True, "2026-03-09")
    [asked] = told(messenger, "request.made")
    messenger.customer("c-1", "request.answered", request_id=asked["request_id"], answer="refused")
    assert next_end(messenger)["type"] == "message.sent"


def test_never_again_is_more_than_stop(messenger: World, http: TestClient) -> None:
    answer(messenger, http, "stop")
    answer(messenger, http, "二度と連絡しないでください")
    left = told(messenger, "contact.unsubscribed")
    assert [(one["channel"], one["purpose"]) for one in left] == [("email", "*"), ("*", "*")]


def test_a_wrong_persons_links_are_dead_at_once_and_opting_out_still_works(
    messenger: World, http: TestClient, mailbox: Mailbox
) -> None:
    [mail] = mailbox.messages()
    links = {url.split("/")[3]: url for url in mail["links"]}
    assert http.get(links["preferences"].removeprefix("https://m.example")).status_code == 200
    answer(messenger, http, "You have the wrong person")
    [party] = told(messenger, "contact.right_party")
    assert (party["confirmed"], party["via"]) == (False, "reply")
    for url in mail["links"]:
        path = url.removeprefix("https://m.example")
        if path.startswith(("/t/c/", "/t/f/", "/preferences/")):
            assert http.get(path).status_code == 410, path
        elif path.startswith("/u/"):
            assert http.get(path).status_code == 200
    # The same address again, from the publisher, is the same wrong address.
    messenger.known_customer()
    assert next_end(messenger)["data"]["reason"] == "suppressed:wrong_person"
    messenger.known_customer(email="new@example.com")
    messenger.fact("c-1", "handoff.resolved", handoff_id=_handoff(messenger), outcome="done")
    assert next_end(messenger)["type"] == "message.sent"


def _handoff(messenger: World) -> str:
    return str(told(messenger, "handoff.requested")[0]["handoff_id"])


def test_the_desk_reads_what_was_written_and_nobody_else_does(
    messenger: World, http: TestClient
) -> None:
    answer(messenger, http, "This is ridiculous. Who are you?")
    [handoff] = told(messenger, "handoff.requested")
    assert handoff["reason"] == "angry"
    [shown] = http.get("/conversations/c-1").json()["replies"]
    assert (shown["intent"], shown["also"]) == ("angry", ["question"])
    assert shown["text"] == "This is ridiculous. Who are you?"
    assert shown["obligation_ids"] == ["b-1"]
    assert http.get("/conversations/c-1", headers=BOUND).status_code == 403
    assert http.get("/conversations/c-1", headers={"Authorization": "Bearer x"}).status_code == 401
    assert http.get("/conversations/c-1?tenant=other").json() == {"replies": []}


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"x" * (2 << 20), 413),
        (b"{", 422),
        (json.dumps({"message_id": "m", "text": "a" * 100_001}).encode(), 422),
        (json.dumps({"message_id": "m", "text": "a", "more": 1}).encode(), 422),
        (b'{"message_id": "m", "text": "\xff"}', 422),
    ],
)
def test_a_bad_answer_is_refused_with_a_reason(
    http: TestClient, content: bytes, status: int
) -> None:
    refused = http.post("/replies", content=content)
    assert refused.status_code == status
    assert refused.json()["detail"]


def test_who_cannot_pay_is_answered_while_a_person_takes_over(
    messenger: World, http: TestClient, mailbox: Mailbox
) -> None:
    answer(messenger, http, "I lost my job")
    [asked] = told(messenger, "handoff.requested")
    assert (asked["reason"], asked["obligation_id"]) == ("hardship", "b-1")
    order: dict[str, Any] = {
        "playbook": "answers",
        "playbook_version": 1,
        "step": "heard",
        "template": "heard",
        "purpose": "service",
    }
    messenger.dispatch(**order, answers="another-talk")
    [refused] = messenger.until("message.refused")
    assert refused["data"]["reason"] == "handoff"
    messenger.dispatch(**order, answers=asked["handoff_id"])
    messenger.until("message.sent", count=2)
    mail = mailbox.wait_for(2)[-1]
    assert mail["subject"] == "Thank you for telling us"
    assert any("/t/c/" in link for link in mail["links"])
    intended = messenger.of("message.intended")[-1]["data"]
    assert (intended["answers"], intended["portal"]) == (asked["handoff_id"], True)
