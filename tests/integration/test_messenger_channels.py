"""Short texts through the real messenger, PostgreSQL, and a provider by HTTP on this machine."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from fastapi.testclient import TestClient
from messenger_world import WEBHOOK_SECRET, World, world
from standardwebhooks.webhooks import Webhook

from services.messenger.providers.adapters.webhook import SignedWebhook
from services.messenger.providers.endpoint import Endpoint
from services.messenger.providers.http import HttpProvider
from services.messenger.providers.smtp import Relay, SmtpPool
from services.runtime.clock import Clock
from support.database import Database
from support.mail import Mailbox

PHONE = "+49 170 1234567"


class Gateway(ThreadingHTTPServer):
    """Takes signed webhooks; `waits` holds all answers back until it is set."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.taken: list[dict[str, Any]] = []
        self.go = threading.Event()
        self.go.set()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Answering(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        gateway = self.server
        assert isinstance(gateway, Gateway)
        body = self.rfile.read(int(self.headers["content-length"]))
        gateway.taken.append(Webhook(WEBHOOK_SECRET).verify(body, dict(self.headers)))
        gateway.go.wait(20)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    made = Gateway()
    thread = threading.Thread(target=made.serve_forever, args=(0.05,))
    thread.start()
    yield made
    made.go.set()
    made.shutdown()
    made.server_close()
    thread.join(5)


@pytest.fixture
def messenger(database: Database, mailbox: Mailbox, gateway: Gateway) -> Iterator[World]:
    endpoint = Endpoint.parse("SMS_URL", f"webhook+http://:{WEBHOOK_SECRET}@{gateway.address}/in")
    by_sms = HttpProvider(SignedWebhook(endpoint), frozenset({endpoint.host}), Clock())
    pool = SmtpPool(Relay.parse(mailbox.smtp_url), Clock(), timeout=2.0)
    made = world(database, pool, by_sms=by_sms)
    yield made
    made.close()


def report(event: str, message_id: str, call: str, **data: Any) -> tuple[dict[str, str], str]:
    """Headers and body of a provider's signed call."""
    at = Clock().real()
    body = json.dumps({"type": event, "data": {"message_id": message_id, **data}})
    signature = Webhook(WEBHOOK_SECRET).sign(call, at, body)
    stamp = str(int(at.timestamp()))
    return {"webhook-id": call, "webhook-timestamp": stamp, "webhook-signature": signature}, body


def test_a_text_goes_out_with_its_evidence_and_what_comes_back_is_told(
    messenger: World, mailbox: Mailbox, gateway: Gateway, database: Database
) -> None:
    messenger.known_customer(phone=PHONE)
    messenger.dispatch(channel="sms")
    [sent] = messenger.ended()
    [intended] = messenger.of("message.intended")
    [call] = gateway.taken
    message_id = sent["data"]["message_id"]

    assert (sent["type"], sent["data"]["provider"]) == ("message.sent", "webhook")
    assert call["data"]["message_id"] == message_id
    assert call["data"]["to"] == "+491701234567"
    words = call["data"]["text"]
    assert words.startswith("Harbour Lane: Something may have slipped by")
    assert "120" not in words
    assert "Nordbank" not in words
    told = intended["data"]
    assert (told["channel"], told["portal"], told["one_click"]) == ("sms", True, True)
    assert told["segments"] == 1
    assert mailbox.messages() == []
    assert "1701234567" not in str(messenger.facts)

    with TestClient(messenger.api) as http:
        headers, body = report("message.delivered", message_id, "call-1")
        assert http.post("/webhooks/relay", content=body, headers=headers).status_code == 200
        assert http.post("/webhooks/relay", content=body, headers=headers).status_code == 200
        forged = {**headers, "webhook-id": "call-2"}
        assert http.post("/webhooks/relay", content=body, headers=forged).status_code == 401
        out = words.rpartition("https://m.example")[2]
        assert http.post(out, data={"List-Unsubscribe": "One-Click"}).status_code == 200
        headers, body = report("message.bounced", message_id, "call-3", kind="hard")
        assert http.post("/webhooks/relay", content=body, headers=headers).status_code == 200
        copy = http.get(
            f"/messages/{message_id}/copy", headers={"Authorization": "Bearer all-of-it"}
        ).json()
    messenger.flow()

    assert (copy["text"], copy["intact"]) == (words, True)
    assert len(messenger.of("message.delivered")) == 1
    [back] = messenger.of("message.bounced")
    assert (back["data"]["channel"], back["data"]["step_id"]) == ("sms", told["step_id"])
    [left] = messenger.of("contact.unsubscribed")
    assert left["data"]["channel"] == "sms"
    rows = database.rows("SELECT channel, reason FROM messenger.suppression ORDER BY reason")
    assert rows == [("sms", "hard_bounce"), ("sms", "unsubscribed")]
    messenger.dispatch(channel="sms")
    *_, refused = messenger.ended(2)
    assert refused["type"] == "message.refused"
    assert len(gateway.taken) == 1


def test_a_provider_that_is_silent_holds_up_nothing_else(
    messenger: World, gateway: Gateway
) -> None:
    gateway.go.clear()
    messenger.known_customer("c-1", phone=PHONE)
    messenger.known_customer("c-2")
    messenger.dispatch("c-1", channel="sms")
    messenger.dispatch("c-2")
    [mailed] = messenger.ended()

    assert (mailed["subject"], mailed["type"]) == ("c-2", "message.sent")
    assert len(gateway.taken) <= 1
    gateway.go.set()
    _, texted = messenger.ended(2)
    assert (texted["subject"], texted["type"]) == ("c-1", "message.sent")


def test_what_nobody_serves_is_refused_and_so_is_who_has_no_number(messenger: World) -> None:
    messenger.known_customer("c-1")
    messenger.known_customer("c-2", contact_points=[{"channel": "webhook", "value": "li"}])
    messenger.dispatch("c-1", channel="sms")
    messenger.dispatch("c-2", channel="webhook")
    messenger.ended(2)

    reasons = {one["subject"]: one["data"]["reason"] for one in messenger.of("message.refused")}
    assert reasons == {"c-1": "no_address", "c-2": "channel_not_served"}
