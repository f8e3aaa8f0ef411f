"""What Twilio and Meta tell by themselves: who signed it, and what it says. No network."""

import base64
import hmac
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from services.messenger.providers.doors import Call, Forged, Receipt, Said, Unreadable
from services.messenger.providers.doors.meta import MetaDoor
from services.messenger.providers.doors.twilio import TwilioDoor

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TOKEN = "8ad9c2b1f0e74d6b9a5c3e2f1d0b4a69"
URL = "https://m.example/webhooks/texts?message=m-1"
TWILIO = TwilioDoor(TOKEN)
META = MetaDoor("app-secret", "a-token-of-our-own")
DELIVERED = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+491701234567"}
STOP = {"MessageSid": "SM2", "From": "+491701234567", "To": "+4930", "Body": "STOP", "NumMedia": ""}


def signed(
    form: dict[str, str], url: str = URL, as_: str | None = None, token: str = TOKEN
) -> Call:
    """As Twilio makes it. as_: the URL that it signs."""
    text = (as_ or url) + "".join(name + form[name] for name in sorted(form))
    signature = base64.b64encode(hmac.digest(token.encode(), text.encode(), "sha1")).decode()
    return Call(url, {"x-twilio-signature": signature}, urlencode(form).encode())


def test_agrees_with_a_published_vector() -> None:
    """Twilio's example of a signature, as a library in another language has it in its tests."""
    form = {
        "CallSid": "CA1234567890ABCDE",
        "From": "+12349013030",
        "To": "+18005551212",
        "Caller": "+12349013030",
        "Digits": "1234",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    genuine = {"x-twilio-signature": "0/KCTR6DLpKmkAf8muzZqo1nDgQ="}

    TwilioDoor("12345").verify(Call(url, genuine, urlencode(form).encode()), NOW)


@pytest.mark.parametrize(
    "call",
    [
        Call(URL, {}, urlencode(STOP).encode()),
        Call(URL, {"x-twilio-signature": "ü"}, urlencode(STOP).encode()),
        signed(STOP, token="another"),
        signed(STOP, as_="https://m.example/webhooks/texts?message=m-2"),
        Call(URL, signed(STOP).headers, urlencode(STOP | {"Body": "START"}).encode()),
        Call(URL, signed(STOP).headers, urlencode(STOP | {"More": ""}).encode()),
        Call(URL, signed({}).headers, b"%ff=%fe"),
        Call(URL, signed({}).headers, b"not a form"),
        Call(URL, signed({}).headers, "&".join(f"a{n}=" for n in range(300)).encode()),
    ],
)
def test_what_twilio_has_not_signed_is_refused(call: Call) -> None:
    with pytest.raises(Forged):
        TWILIO.verify(call, NOW)


@pytest.mark.parametrize("as_", [URL, URL.replace("m.example", "m.example:443")])
def test_twilio_signs_with_or_without_the_port(as_: str) -> None:
    TWILIO.verify(signed(STOP, as_=as_), NOW)
    TWILIO.verify(signed(STOP, URL.replace("m.example", "m.example:443"), as_=as_), NOW)


@pytest.mark.parametrize(
    ("status", "code", "receipt"),
    [
        ("delivered", "", Receipt("SM1:delivered", ("m-1",), "delivered")),
        ("read", "", Receipt("SM1:delivered", ("m-1",), "delivered")),
        ("undelivered", "30005", Receipt("SM1:failed", ("m-1",), "bounced", "hard", "30005")),
        ("failed", "21610", Receipt("SM1:failed", ("m-1",), "bounced", "hard", "21610")),
        ("undelivered", "30007", Receipt("SM1:failed", ("m-1",), "bounced", "block", "30007")),
        ("undelivered", "30003", Receipt("SM1:failed", ("m-1",), "bounced", "soft", "30003")),
        ("failed", "", Receipt("SM1:failed", ("m-1",), "bounced", "soft")),
        ("sent", "", None),
        ("queued", "", None),
    ],
)
def test_twilios_receipts(status: str, code: str, receipt: Receipt | None) -> None:
    form = DELIVERED | {"MessageStatus": status, "ErrorCode": code}
    assert TWILIO.read(signed(form)) == ([receipt] if receipt else [])


def test_a_receipt_without_our_id_is_of_no_message() -> None:
    [receipt] = TWILIO.read(signed(DELIVERED, "https://m.example/webhooks/texts"))
    assert isinstance(receipt, Receipt)
    assert receipt.about == ()


@pytest.mark.parametrize(
    ("body", "more", "plain", "answered"),
    [
        ("STOP", {}, False, True),
        (" stop ", {}, False, True),
        ("退订", {}, False, False),
        ("Please stop", {}, False, False),
        ("STOP", {}, True, False),
        ("退订", {"OptOutType": "STOP"}, True, True),
    ],
)
def test_who_answers_a_keyword(
    body: str, more: dict[str, str], plain: bool, answered: bool
) -> None:
    door = TwilioDoor(TOKEN, answers_keywords=not plain)
    [said] = door.read(signed(STOP | {"Body": body} | more))
    assert said == Said("SM2", "sms", "+491701234567", body, answered)


@pytest.mark.parametrize("form", [STOP | {"From": "HARBOUR"}, STOP | {"From": "whatsapp:+4917"}])
def test_what_comes_from_no_number_is_passed_over(form: dict[str, str]) -> None:
    assert TWILIO.read(signed(form)) == []


def test_a_call_without_an_id_is_not_read() -> None:
    with pytest.raises(Unreadable):
        TWILIO.read(signed({"Body": "STOP"}))


def of_meta(value: Any, field: str = "messages") -> Call:
    body = json.dumps(
        {
            "object": "whatsapp_business_account",
            "entry": [{"id": "1", "changes": [{"field": field, "value": value}]}],
        }
    ).encode()
    signature = hmac.digest(b"app-secret", body, "sha256").hex()
    return Call(URL, {"x-hub-signature-256": f"sha256={signature}"}, body)


def wrote(**content: Any) -> Call:
    message = {"from": "491701234567", "id": "wamid.1", "timestamp": "1504902988", **content}
    return of_meta({"messages": [message]})


def status(state: Any, **more: Any) -> Call:
    one = {"id": "wamid.2", "status": state, "recipient_id": "491701234567"}
    return of_meta({"statuses": [{**one, "biz_opaque_callback_data": "m-1", **more}]})


def test_meta_signs_the_body() -> None:
    genuine = status("delivered")
    META.verify(genuine, NOW)
    for headers, body in (
        ({}, genuine.body),
        (genuine.headers, genuine.body + b" "),
        ({"x-hub-signature-256": "sha256=ü"}, genuine.body),
        ({"x-hub-signature-256": genuine.headers["x-hub-signature-256"][7:]}, genuine.body),
    ):
        with pytest.raises(Forged):
            META.verify(Call(URL, headers, body), NOW)


def test_meta_is_told_that_the_address_is_ours_by_our_token_only() -> None:
    query = {
        "hub.mode": "subscribe",
        "hub.challenge": "1158201444",
        "hub.verify_token": "a-token-of-our-own",
    }
    assert META.challenged(query) == "1158201444"
    for change in (
        {"hub.verify_token": "another"},
        {"hub.mode": "unsubscribe"},
        {"hub.challenge": "<script>"},
        {"hub.challenge": "1" * 300},
        {"hub.challenge": ""},
    ):
        with pytest.raises(Forged):
            META.challenged(query | change)
    with pytest.raises(Forged):
        TWILIO.challenged(query)


@pytest.mark.parametrize(
    ("call", "receipt"),
    [
        (status("delivered"), Receipt("wamid.2:delivered", ("m-1",), "delivered")),
        (status("read"), Receipt("wamid.2:delivered", ("m-1",), "delivered")),
        (status("failed", errors=[{"code": 131026}]),
         Receipt("wamid.2:failed", ("m-1",), "bounced", "hard", "131026")),
        (status("failed", errors=[{"code": 131047}]),
         Receipt("wamid.2:failed", ("m-1",), "bounced", "block", "131047")),
        (status("failed", errors="none"), Receipt("wamid.2:failed", ("m-1",), "bounced")),
        (status("failed", errors=[{"code": 1}]),
         Receipt("wamid.2:failed", ("m-1",), "bounced", "soft", "1")),
        (status("delivered", biz_opaque_callback_data=7),
         Receipt("wamid.2:delivered", (), "delivered")),
        (status("sent"), None),
        (status(["delivered"]), None),
        (status("delivered", id=None), None),
        (of_meta({"statuses": [None, "x", {}]}), None),
        (of_meta({"statuses": {"id": "x"}}), None),
        (of_meta([]), None),
        (of_meta({"statuses": [{"id": "w", "status": "delivered"}]}, "account_update"), None),
        (Call(URL, {}, b"[]"), None),
    ],
)  # fmt: skip
def test_metas_receipts(call: Call, receipt: Receipt | None) -> None:
    assert META.read(call) == ([receipt] if receipt else [])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"type": "text", "text": {"body": "停止"}}, "停止"),
        ({"type": "button", "button": {"payload": "x", "text": "Stop"}}, "Stop"),
        ({"type": "interactive", "interactive": {"type": "button_reply",
          "button_reply": {"id": "1", "title": "Help"}}}, "Help"),
        ({"type": "image", "image": {"id": "1", "caption": "paid, see here"}}, "paid, see here"),
        ({"type": "audio", "audio": {"id": "1"}}, ""),
        ({"type": "text", "text": {"body": 7}}, ""),
        ({"type": "reaction", "reaction": {"emoji": "x"}}, None),
        ({"type": "text", "text": {"body": "x"}, "from": "a stranger"}, None),
    ],
)  # fmt: skip
def test_what_people_write_by_whatsapp(content: dict[str, Any], words: str | None) -> None:
    said = META.read(wrote(**content))
    assert said == ([] if words is None else [Said("wamid.1", "webhook", "+491701234567", words)])


def test_what_is_not_json_is_not_read() -> None:
    with pytest.raises(Unreadable):
        META.read(Call(URL, {}, b"{"))
