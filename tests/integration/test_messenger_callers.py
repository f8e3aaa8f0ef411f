"""What callers ask and post, and providers report over HTTP, and what the log is told."""

import base64
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from messenger_world import WEBHOOK_SECRET, World, first_mail, link, mailing

from support.database import Database
from support.mail import Mailbox

ALL = {"Authorization": "Bearer all-of-it"}
BOUND = {"Authorization": "Bearer bound"}


@pytest.fixture
def messenger(database: Database, mailbox: Mailbox) -> Iterator[World]:
    with mailing(database, mailbox) as made:
        yield made


@pytest.fixture
def http(messenger: World) -> Iterator[TestClient]:
    with TestClient(messenger.api) as client:
        yield client


@pytest.fixture
def mail(messenger: World, mailbox: Mailbox) -> dict[str, Any]:
    return first_mail(messenger, mailbox)


class TestReplies:
    @pytest.mark.parametrize("words", ["STOP", "退订", "配信停止してください"])
    @pytest.mark.usefixtures("mail")
    def test_stop_is_honoured_in_each_language(
        self, messenger: World, http: TestClient, words: str
    ) -> None:
        [intended] = messenger.of("message.intended")
        said = {"message_id": intended["data"]["message_id"], "text": words}
        assert http.post("/replies", json=said, headers=ALL).json()["intent"] == "stop"
        [left] = messenger.told("contact.unsubscribed")
        assert (left["purpose"], left["via"]) == ("*", "reply")
        assert messenger.told("handoff.requested") == []
        assert messenger.next_end()["type"] == "message.refused"

    def test_the_rest_goes_to_a_person_and_the_words_stay_here(
        self, messenger: World, http: TestClient, mail: dict[str, Any], database: Database
    ) -> None:
        token = link(mail, "preferences").rpartition("/")[2]
        said = {"token": token, "text": "My sister Zebulona can pay in May"}
        assert http.post("/replies", json=said, headers=ALL).status_code == 202
        [handoff] = messenger.told("handoff.requested")
        assert (handoff["reason"], handoff["obligation_id"]) == ("reply", "b-1")
        assert "Zebulona" not in json.dumps(messenger.facts)
        assert database.rows("SELECT words FROM messenger.reply") == [(said["text"],)]

    @pytest.mark.usefixtures("mail")
    def test_only_callers_with_the_scope_and_tenant_may(
        self, messenger: World, http: TestClient
    ) -> None:
        [intended] = messenger.of("message.intended")
        said = {"message_id": intended["data"]["message_id"], "text": "STOP"}
        assert http.post("/replies", json=said).status_code == 401
        assert http.post("/replies", json=said, headers=BOUND).status_code == 403
        unknown = said | {"message_id": "nobody"}
        assert http.post("/replies", json=unknown, headers=ALL).status_code == 404
        assert http.post("/replies", json={"text": "STOP"}, headers=ALL).status_code == 422
        assert messenger.told("contact.unsubscribed") == []


class TestMessages:
    @pytest.mark.usefixtures("mail")
    def test_a_message_is_shown_without_address_and_words(
        self, messenger: World, http: TestClient
    ) -> None:
        [intended] = messenger.of("message.intended")
        url = f"/messages/{intended['data']['message_id']}"
        shown = http.get(url, headers=ALL).json()
        assert (shown["state"], shown["purpose"]) == ("sent", "collection")
        assert shown["links"] == ["portal"]
        assert "example.com" not in json.dumps(shown)
        assert http.get(url).status_code == 401
        assert http.get(url, headers=BOUND).status_code == 403
        assert http.get("/messages/nobody", headers=ALL).status_code == 404


class TestWebhooks:
    def call(
        self, messenger: World, http: TestClient, report: dict[str, Any], call_id: str = "w-1"
    ) -> Response:
        body = json.dumps(report).encode()
        stamp = str(int(messenger.context.clock.real().timestamp()))
        key = base64.b64decode(WEBHOOK_SECRET.removeprefix("whsec_"))
        digest = hmac.digest(key, f"{call_id}.{stamp}.".encode() + body, "sha256")
        headers = {
            "webhook-id": call_id,
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        }
        answer: Response = http.post("/webhooks/relay", content=body, headers=headers)
        return answer

    def report(self, mail: dict[str, Any], event: str, **data: Any) -> dict[str, Any]:
        reference = {"provider_reference": mail["headers"]["Message-ID"]}
        return {"type": f"message.{event}", "data": reference | data}

    def test_a_hard_bounce_ends_the_use_of_an_address(
        self, messenger: World, http: TestClient, mail: dict[str, Any]
    ) -> None:
        bounce = self.report(mail, "bounced", kind="hard", status="5.1.1")
        for _ in range(2):
            assert self.call(messenger, http, bounce).status_code == 200
        [bounced] = messenger.told("message.bounced")
        assert (bounced["kind"], bounced["status"]) == ("hard", "5.1.1")
        assert messenger.next_end()["data"]["reason"] == "suppressed:hard_bounce"

    def test_a_soft_bounce_and_a_delivery_end_nothing(
        self, messenger: World, http: TestClient, mail: dict[str, Any]
    ) -> None:
        self.call(messenger, http, self.report(mail, "delivered"), "w-1")
        self.call(messenger, http, self.report(mail, "bounced", kind="soft"), "w-2")
        assert len(messenger.told("message.delivered")) == 1
        assert messenger.next_end()["type"] == "message.sent"

    def test_a_complaint_stops_everything(
        self, messenger: World, http: TestClient, mail: dict[str, Any]
    ) -> None:
        self.call(messenger, http, self.report(mail, "complained"))
        assert len(messenger.told("message.complained")) == 1
        assert messenger.next_end()["type"] == "message.refused"

    def test_forged_calls_are_refused(
        self, messenger: World, http: TestClient, mail: dict[str, Any]
    ) -> None:
        body = json.dumps(self.report(mail, "complained"))
        assert http.post("/webhooks/relay", content=body).status_code == 401
        assert http.post("/webhooks/other", content=body).status_code == 401
        assert self.call(messenger, http, {"type": "x"}).status_code == 422
        assert messenger.told("message.complained") == []

    def test_reports_of_other_peoples_mail_are_taken_and_ignored(
        self, messenger: World, http: TestClient
    ) -> None:
        report = {"type": "message.complained", "data": {"provider_reference": "<x@y.example>"}}
        assert self.call(messenger, http, report).status_code == 200
        assert messenger.facts == []
