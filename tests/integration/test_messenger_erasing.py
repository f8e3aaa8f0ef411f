"""Forgetting a customer: nothing of them is left here but what proves and what keeps us silent."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from messenger_world import START, World, mailing
from sqlalchemy import text

from schemas.facts.customer import ERASER
from schemas.topics import OUTREACH_LOG
from support.database import Database
from support.mail import Mailbox

ALL = {"Authorization": "Bearer all-of-it"}
MINUTE = timedelta(minutes=1)
PERSONAL = ("Ana", "Berg", "c-1@example.com", "lost my job")


@pytest.fixture
def messenger(database: Database, mailbox: Mailbox) -> Iterator[World]:
    with mailing(database, mailbox) as made:
        made.known_customer()
        made.dispatch()
        made.ended()
        made.move_to(START + MINUTE)
        yield made


@pytest.fixture
def http(messenger: World) -> Iterator[TestClient]:
    with TestClient(messenger.api, headers=ALL, follow_redirects=False) as client:
        yield client


def erase(messenger: World) -> None:
    event = {"type": "customer.erased", "subject": "c-1", "source": ERASER, "data": {"tables": 1}}
    messenger.deliver(OUTREACH_LOG, event)
    messenger.flow()


def everything(messenger: World) -> str:
    """All that stands in this service's tables, as text."""
    with messenger.context.engine.connect() as connection:
        names = connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        ).scalars()
        rows = [
            row
            for name in names
            for row in connection.execute(text(f'SELECT t::text FROM "{name}" t')).scalars()
        ]
        copies = connection.execute(text("SELECT copy FROM message")).scalars()
        return "\n".join([*rows, *(bytes(copy).decode() for copy in copies)])


def test_nothing_personal_is_left_and_every_link_does_nothing(
    messenger: World, http: TestClient, mailbox: Mailbox
) -> None:
    [mail] = mailbox.messages()
    message_id = messenger.of("message.intended")[0]["data"]["message_id"]
    said = {"message_id": message_id, "text": "I lost my job"}
    assert http.post("/replies", json=said).status_code == 202
    assert any(name in everything(messenger) for name in PERSONAL)
    erase(messenger)
    left = everything(messenger)
    assert [name for name in PERSONAL if name in left] == []
    [told] = messenger.of("customer.erased")
    assert told["data"]["tables"] >= 3
    before = len(messenger.facts)
    for url in mail["links"]:
        path = url.removeprefix("https://m.example")
        if path.startswith(("/t/", "/preferences/")):
            assert http.get(path).status_code in (404, 410), path
            form = {"do": "off", "form": "x"}
            assert http.post(path, data=form).status_code in (404, 405, 410), path
    assert http.post("/replies", json=said).status_code == 404
    assert http.get(f"/messages/{message_id}/copy").status_code == 410
    messenger.flow()
    assert len(messenger.facts) == before
    # What proves what was sent is there still.
    shown = http.get(f"/messages/{message_id}").json()
    assert shown["content_sha256"] == messenger.of("message.intended")[0]["data"]["content_sha256"]


def test_opting_out_is_heard_of_whoever_is_forgotten(
    messenger: World, http: TestClient, mailbox: Mailbox
) -> None:
    [mail] = mailbox.messages()
    erase(messenger)
    path = next(url for url in mail["links"] if "/u/" in url).removeprefix("https://m.example")
    assert http.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    messenger.move_to(START + 2 * MINUTE)
    messenger.known_customer()
    messenger.dispatch()
    [end] = messenger.until("message.refused")
    assert end["data"]["reason"] == "suppressed:unsubscribed"


def test_what_was_said_before_is_passed_over_and_what_is_said_after_counts(
    messenger: World, http: TestClient, mailbox: Mailbox
) -> None:
    messenger.dispatch()
    erase(messenger)
    early = {"type": "customer.updated", "subject": "c-1", "time": START.isoformat()}
    messenger.deliver("customer.events", early | {"data": {"email": "c-1@example.com"}})
    [end] = messenger.until("message.refused")
    assert end["data"]["reason"] == "erased"
    messenger.move_to(START + timedelta(days=8))
    messenger.known_customer(email="back@example.com")
    messenger.dispatch()
    assert messenger.ended(3)[-1]["type"] == "message.sent"
    old, new = mailbox.wait_for(2)
    # Their old links stay dead, the new ones work.
    paths = [next(u for u in one["links"] if "/preferences/" in u) for one in (old, new)]
    codes = [http.get(path.removeprefix("https://m.example")).status_code for path in paths]
    assert codes == [410, 200]


def test_a_merged_id_is_forgotten_with_the_one_that_stays(messenger: World) -> None:
    messenger.customer("c-0", "customer.updated", email="other@example.com", name="Ana Berg")
    messenger.customer("c-0", "customer.merged", into="c-1")
    erase(messenger)
    left = everything(messenger)
    assert "other@example.com" not in left
    assert "Ana" not in left
    assert "example.com" not in json.dumps(messenger.facts)
