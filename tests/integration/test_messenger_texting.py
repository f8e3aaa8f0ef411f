"""Texts in both directions: short links, receipts and answers in Twilio's and Meta's own forms."""

import base64
import hmac
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from messenger_world import APP_SECRET, START, TWILIO_TOKEN, VERIFY_TOKEN, World, world

from services.messenger.model import Accepted, Letter, Outcome
from services.messenger.providers import Connection
from services.messenger.providers.smtp import Relay, SmtpPool
from services.runtime.clock import Clock
from support.database import Database
from support.mail import Mailbox

PHONE, OTHER_PHONE = "+491701234567", "+12125550123"
TEXAS = {"timezone": "America/Chicago", "country": "US", "region": "US-TX"}
TEXTS = "https://m.example/webhooks/texts"


@dataclass
class Telephone:
    """A provider that takes every text, and what it was given."""

    name: str = "telephone"
    sent: list[Letter] = field(default_factory=list)
    answers: list[Letter] = field(default_factory=list)

    def lease(self) -> "Telephone":
        return self

    def release(self, connection: Connection) -> None:
        del connection

    def send(self, letters: Iterator[Letter]) -> Iterator[Outcome]:
        for letter in letters:
            self.sent.append(letter)
            yield Accepted(letter.message_id)

    def hand_over_aside(self, letter: Letter) -> None:
        self.answers.append(letter)

    def close(self) -> None:
        """Nothing is held."""


@pytest.fixture
def telephone() -> Telephone:
    return Telephone()


@pytest.fixture
def messenger(database: Database, mailbox: Mailbox, telephone: Telephone) -> Iterator[World]:
    pool = SmtpPool(Relay.parse(mailbox.smtp_url), Clock(), timeout=2.0)
    made = world(
        database,
        pool,
        by_sms=telephone,
        channels=("sms", "webhook"),
        speakers={"sms": telephone, "webhook": telephone},
    )
    yield made
    made.close()


@pytest.fixture
def http(messenger: World) -> Iterator[TestClient]:
    with TestClient(messenger.api, follow_redirects=False) as client:
        yield client


def by_twilio(
    http: TestClient, form: dict[str, str], query: str = "", token: str = TWILIO_TOKEN
) -> int:
    """A call of Twilio's; the answer's status."""
    text = f"{TEXTS}{query}" + "".join(name + form[name] for name in sorted(form))
    signature = base64.b64encode(hmac.digest(token.encode(), text.encode(), "sha1")).decode()
    headers = {
        "X-Twilio-Signature": signature,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    answer = http.post(f"/webhooks/texts{query}", content=urlencode(form), headers=headers)
    if answer.status_code == 200:
        assert answer.text.endswith("<Response/>")
    return int(answer.status_code)


def texted(http: TestClient, words: str, sid: str, sender: str = PHONE) -> int:
    """Somebody answers by SMS."""
    form = {"MessageSid": sid, "From": sender, "To": "+4930123", "Body": words, "NumMedia": "0"}
    return by_twilio(http, form)


def by_meta(http: TestClient, key: str = APP_SECRET, **value: Any) -> int:
    """A call of Meta's; the answer's status."""
    change = {"field": "messages", "value": value}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [{"changes": [change]}]})
    signature = hmac.digest(key.encode(), body.encode(), "sha256").hex()
    headers = {"X-Hub-Signature-256": f"sha256={signature}"}
    return int(http.post("/webhooks/chat", content=body, headers=headers).status_code)


def read(messenger: World) -> None:
    """What came in is read, and what follows is told."""
    while messenger.letterbox.read_next():
        pass
    messenger.flow()


def send(messenger: World, customer: str, count: int, **changes: Any) -> dict[str, Any]:
    """A text goes out; how it ended."""
    messenger.dispatch(customer, **({"channel": "sms"} | changes))
    return messenger.ended(count)[-1]


@pytest.mark.parametrize(
    ("locale", "words"),
    [("en", "STOP"), ("en", "please stop texting me"), ("zh-Hans", "退订"), ("ja", "停止")],
)
def test_stop_by_text_in_each_language_and_nothing_more_is_sent(
    messenger: World, http: TestClient, telephone: Telephone, locale: str, words: str
) -> None:
    messenger.known_customer(phone=PHONE, locale=locale)
    send(messenger, "c-1", 1)

    assert texted(http, words, "SM1") == 200
    assert texted(http, words, "SM1") == 200
    read(messenger)

    [replied] = messenger.of("message.replied")
    assert replied["data"]["intent"] == "stop"
    assert replied["data"].get("step_id") is None, "no text says what it answers"
    [left] = messenger.of("contact.unsubscribed")
    assert (left["data"]["channel"], left["data"]["purpose"]) == ("sms", "*")
    refused = send(messenger, "c-1", 2)
    assert refused["data"]["reason"] == "suppressed:unsubscribed"
    assert len(telephone.sent) == 1
    # No pack in force in Germany wants a stop confirmed.
    assert telephone.answers == []
    assert words not in str(messenger.facts)
    assert PHONE not in str(messenger.facts)


def test_a_stop_is_confirmed_once_where_a_pack_wants_it_and_help_is_answered(
    messenger: World, http: TestClient, telephone: Telephone
) -> None:
    messenger.known_customer(phone=OTHER_PHONE, **TEXAS)
    messenger.move_to(START + timedelta(hours=6))
    send(messenger, "c-1", 1, place=TEXAS)

    for number, words in enumerate(("HELP", "help", "Quit", "STOP", "INFO")):
        assert texted(http, words, f"SM{number}", OTHER_PHONE) == 200
        read(messenger)

    help_, stopped = (letter.copy.decode() for letter in telephone.answers)
    assert "answers@harbourlane.example" in help_
    assert stopped == "Harbour Lane: Done. You get no more texts from us."
    assert {letter.recipient for letter in telephone.answers} == {OTHER_PHONE}
    told = [one["data"]["what"] for one in messenger.of("reply.answered")]
    assert told == ["help", "stop"]
    # Whoever has opted out gets no answer, but a person sees what they ask.
    asked = [one["data"]["reason"] for one in messenger.of("handoff.requested")]
    assert asked == ["question"]


def test_a_stop_counts_for_all_who_share_the_number_and_the_rest_for_who_was_texted_last(
    messenger: World, http: TestClient, database: Database
) -> None:
    for customer in ("c-1", "c-2", "c-3"):
        messenger.known_customer(customer, phone=PHONE)
    send(messenger, "c-1", 1)
    messenger.move_to(START + timedelta(minutes=1))
    send(messenger, "c-2", 2)
    send(messenger, "c-3", 3, channel="email")

    texted(http, "I lost my job and can't pay", "SM1")
    read(messenger)
    [asked] = messenger.of("handoff.requested")
    assert (asked["subject"], asked["data"]["reason"]) == ("c-2", "hardship")
    assert asked["data"]["obligation_id"] == "b-1"

    texted(http, "STOP", "SM2")
    read(messenger)
    left = messenger.of("contact.unsubscribed")
    assert {one["subject"] for one in left} == {"c-1", "c-2", "c-3"}
    assert {one["data"]["channel"] for one in left} == {"sms"}
    messenger.known_customer("c-4", phone=PHONE)
    assert send(messenger, "c-4", 4)["data"]["reason"] == "suppressed:unsubscribed"

    texted(http, "Who is this?", "SM3", OTHER_PHONE)
    texted(http, "STOP", "SM4", OTHER_PHONE)
    read(messenger)
    waiting = database.rows(
        "SELECT sender, reason, customer FROM messenger.inbound WHERE state = 'failed'"
    )
    assert waiting == [(OTHER_PHONE, "no_message_known", None)] * 2
    assert len(messenger.of("message.replied")) == 2


def test_twilio_tells_what_became_of_a_text(
    messenger: World, http: TestClient, database: Database
) -> None:
    messenger.known_customer(phone=PHONE)
    query = f"?message={send(messenger, 'c-1', 1)['data']['message_id']}"
    came = {"MessageSid": "SM1", "To": PHONE, "MessageStatus": "delivered"}
    back = came | {"MessageStatus": "undelivered", "ErrorCode": "30005"}

    assert by_twilio(http, came, query, token="forged" * 6) == 401
    assert by_twilio(http, came | {"MessageStatus": "sent"}, query) == 200
    for form in (came, came, back, back):
        assert by_twilio(http, form, query) == 200
    assert by_twilio(http, came, "?message=of-somebody-else") == 200
    assert http.post("/webhooks/texts", content=b"x" * (300 << 10)).status_code == 413
    messenger.flow()

    [delivered] = messenger.of("message.delivered")
    [bounced] = messenger.of("message.bounced")
    assert (bounced["data"]["kind"], bounced["data"]["status"]) == ("hard", "30005")
    assert bounced["data"]["channel"] == "sms"
    assert delivered["subject"] == bounced["subject"] == "c-1"
    assert database.rows("SELECT channel, reason FROM messenger.suppression") == [
        ("sms", "hard_bounce")
    ]


def test_meta_tells_of_deliveries_and_answers(
    messenger: World, http: TestClient, telephone: Telephone
) -> None:
    messenger.known_customer(contact_points=[{"channel": "webhook", "value": PHONE}])
    message_id = send(messenger, "c-1", 1, channel="webhook")["data"]["message_id"]
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158", "hub.verify_token": VERIFY_TOKEN}
    came = {"id": "wamid.1", "status": "delivered", "biz_opaque_callback_data": message_id}
    said = {"id": "wamid.2", "from": PHONE[1:], "type": "text", "text": {"body": "停止"}}

    assert http.get("/webhooks/chat", params=asked).text == "1158"
    assert http.get("/webhooks/chat", params=asked | {"hub.verify_token": "x"}).status_code == 403
    assert by_meta(http, key="forged", statuses=[came], messages=[said]) == 401
    for _ in range(2):
        assert by_meta(http, statuses=[came, {"id": 7}], messages=[said]) == 200
    read(messenger)

    assert len(messenger.of("message.delivered")) == 1
    [replied] = messenger.of("message.replied")
    assert replied["data"] | {"intent": "stop"} == replied["data"]
    [left] = messenger.of("contact.unsubscribed")
    assert left["data"]["channel"] == "webhook"
    refused = send(messenger, "c-1", 2, channel="webhook")
    assert refused["data"]["reason"] == "suppressed:unsubscribed"
    assert (len(telephone.sent), telephone.answers) == (1, [])


def test_a_short_link_does_what_the_long_one_does(
    messenger: World, http: TestClient, telephone: Telephone, database: Database
) -> None:
    messenger.known_customer(phone=PHONE)
    send(messenger, "c-1", 1)
    portal, out = re.findall(r"https://m\.example(/s/\w+)", telephone.sent[0].copy.decode())
    messenger.move_to(START + timedelta(minutes=5))

    assert "/p/" in http.get(portal).headers["location"]
    assert "form" in http.get(out).text
    messenger.flow()
    assert messenger.of("contact.unsubscribed") == []
    assert [one["data"]["link"] for one in messenger.of("message.clicked")] == ["portal"]
    assert http.post(portal).status_code == 404
    assert http.get("/s/4fRtB2nQx8LmZk7Hc").status_code == 404
    assert http.post("/s/4fRtB2nQx8LmZk7Hc").status_code == 404

    texted(http, "wrong person", "SM1")
    read(messenger)
    assert http.get(portal).status_code == 410
    assert http.post(out, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    messenger.move_to(START + timedelta(days=181))
    assert http.get(portal).status_code == 410
    assert http.get(out).status_code == 200
    messenger.flow()
    assert len(messenger.of("contact.unsubscribed")) == 1
    [rows] = database.rows("SELECT count(*) FROM messenger.short_link")
    assert rows == (2,)


def test_a_collectors_text_goes_to_a_number_that_the_customer_gave_and_no_other(
    messenger: World, telephone: Telephone
) -> None:
    given = {"channel": "sms", "value": OTHER_PHONE, "source": "customer"}
    verified = given | {"verified_at": START.isoformat()}
    messenger.move_to(START + timedelta(hours=6))
    for customer, point in (("c-1", verified), ("c-2", given)):
        messenger.known_customer(customer, phone=OTHER_PHONE, contact_points=[point], **TEXAS)
        notice = {"kind": "validation", "obligation_id": "b-1", "at": START.isoformat()}
        messenger.customer(customer, "notice.sent", **notice)
        terms = {"obligation_id": "b-1", "kind": "bill", "parties": [customer],
                 "actor_role": "collector", "creditor": "Nordbank"}  # fmt: skip
        messenger.dispatch(customer, channel="sms", obligations=[terms], place=TEXAS)
    messenger.ended(2)

    ended = {one["subject"]: one for one in messenger.of("message.sent", "message.refused")}
    assert ended["c-1"]["type"] == "message.sent"
    assert ended["c-2"]["data"]["reason"] == "disclosure_missing:debt_collector_notice"
    [letter] = telephone.sent
    assert "From a debt collector, to collect a debt" in letter.copy.decode()
    [intended] = messenger.of("message.intended")
    assert "debt_collector_notice" in intended["data"]["disclosures"]
    assert (intended["data"]["confirmed"], intended["data"]["withheld"]) == ("source", [])
    assert intended["data"]["segments"] == 2
