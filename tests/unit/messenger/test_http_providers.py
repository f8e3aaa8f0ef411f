"""What is asked of each provider by HTTP, and what is made of its answers; no network."""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs

import httpx
import pytest
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook

from services.messenger.model import Accepted, Doubtful, Letter, Outcome, Rejected
from services.messenger.providers.adapters import Adapter
from services.messenger.providers.adapters.twilio import Twilio
from services.messenger.providers.adapters.webhook import SignedWebhook
from services.messenger.providers.adapters.wecom import WeCom
from services.messenger.providers.adapters.whatsapp import WhatsApp
from services.messenger.providers.channels import provider
from services.messenger.providers.endpoint import Endpoint, may_go_to
from services.messenger.providers.http import HttpProvider
from services.runtime.clock import Clock
from support.polling import poll_until

SECRET = "whsec_" + b64encode(b"a secret of twenty-four b").decode()
TWILIO = "twilio+https://AC1:token@sms.example/Messages.json?from=%2B15550001111"
WHATSAPP = "whatsapp+https://:token@chat.example/v23.0/77/messages"
WECOM = "wecom+https://corp:secret@wecom.example/cgi-bin/message/send?agentid=9"
WEBHOOK = f"webhook+https://:{SECRET}@hooks.example/in"

Handler = Callable[[httpx.Request], httpx.Response]


def letter(recipient: str = "+491701234567") -> Letter:
    return Letter("m-1", "Harbour Lane", recipient, "Grüße: https://m.example/u/x".encode())


def hand_over(
    make: Callable[[Endpoint], Adapter],
    url: str,
    answer: Handler,
    to: str = "+491701234567",
    one: Letter | None = None,
) -> Outcome:
    endpoint = Endpoint.parse("X_URL", url)
    sender = HttpProvider(
        make(endpoint),
        frozenset({endpoint.host}),
        Clock(),
        transport=httpx.MockTransport(answer),
    )
    try:
        (outcome,) = sender.lease().send(iter([one or letter(to)]))
        return outcome
    finally:
        sender.close()


def answering(status: int, content: object = None) -> Handler:
    return lambda _: httpx.Response(status, json=content)


def test_twilio_gets_one_form_and_its_sid_is_the_reference() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201, json={"sid": "SM1", "status": "queued"})

    assert hand_over(Twilio, TWILIO, answer) == Accepted("SM1")
    form = parse_qs(seen[0].content.decode())
    assert form["To"] == ["+491701234567"]
    assert form["From"] == ["+15550001111"]
    assert form["Body"] == ["Grüße: https://m.example/u/x"]
    assert seen[0].headers["authorization"] == f"Basic {b64encode(b'AC1:token').decode()}"
    assert str(seen[0].url) == "https://sms.example/Messages.json"


@pytest.mark.parametrize(
    ("code", "reason", "dead"),
    [
        (21610, "opted_out_at_provider", True),
        (21211, "provider_refused", True),
        (30001, "provider_refused", False),
    ],
)
def test_twilio_tells_by_code_whether_the_number_is_of_any_use(
    code: int, reason: str, dead: bool
) -> None:
    outcome = hand_over(Twilio, TWILIO, answering(400, {"code": code}))

    assert outcome == Rejected(reason, f"400 {code}", retryable=False, dead_address=dead)


def test_whatsapp_gets_digits_and_a_text_or_the_text_in_a_template() -> None:
    bodies: list[dict[str, object]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        return httpx.Response(200, json={"messages": [{"id": "wamid.1"}]})

    assert hand_over(WhatsApp, WHATSAPP, answer) == Accepted("wamid.1")
    assert hand_over(WhatsApp, f"{WHATSAPP}?template=note", answer) == Accepted("wamid.1")
    assert (bodies[0]["to"], bodies[0]["type"]) == ("491701234567", "text")
    assert (bodies[1]["to"], bodies[1]["type"]) == ("491701234567", "template")


def test_wecom_signs_in_once_and_errcode_decides() -> None:
    asked: list[str] = []
    codes = iter([{"errcode": 0, "msgid": "w-1"}, {"errcode": 81013}, {"errcode": 42001}])

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if request.url.path.endswith("gettoken"):
            assert request.url.params["corpsecret"] == "secret"
            return httpx.Response(200, json={"errcode": 0, "access_token": "t", "expires_in": 7200})
        assert request.url.params["access_token"] == "t"
        assert json.loads(request.content)["agentid"] == 9
        return httpx.Response(200, json=next(codes))

    endpoint = Endpoint.parse("WEBHOOK_URL", WECOM)
    transport = httpx.MockTransport(answer)
    sender = HttpProvider(WeCom(endpoint), frozenset({endpoint.host}), Clock(), transport=transport)
    try:
        outcomes = list(sender.lease().send(iter([letter("li"), letter("gone"), letter("li")])))
    finally:
        sender.close()

    assert outcomes == [
        Accepted("w-1"),
        Rejected("provider_refused", "81013", retryable=False, dead_address=True),
        Rejected("signed_out", "42001", retryable=True),
    ]
    assert [path.rpartition("/")[2] for path in asked] == ["gettoken", "send", "send", "send"]


def test_wecom_signs_in_anew_when_its_token_is_over() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path.rpartition("/")[2])
        if asked[-1] == "gettoken":
            token = {"errcode": 0, "access_token": f"t{len(asked)}", "expires_in": 7200}
            return httpx.Response(200, json=token)
        over = request.url.params["access_token"] == "t1"
        return httpx.Response(200, json={"errcode": 42001 if over else 0, "msgid": "w-1"})

    fresh = replace(letter("li"), fresh_until=Clock().real() + timedelta(seconds=30))
    assert hand_over(WeCom, WECOM, answer, "li", fresh) == Accepted("w-1")
    assert asked == ["gettoken", "send", "gettoken", "send"]


@pytest.mark.parametrize("to", ["@all", "li|wang", ""])
def test_wecom_is_never_asked_to_write_to_several(to: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path.endswith("gettoken")
        return httpx.Response(200, json={"errcode": 0, "access_token": "t", "expires_in": 7200})

    assert hand_over(WeCom, WECOM, answer, to) == Rejected(
        "address_not_usable", None, retryable=False
    )


def test_a_webhook_is_signed_so_that_the_standard_library_verifies_it() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        event = Webhook(SECRET).verify(request.content, dict(request.headers))
        assert request.headers["webhook-id"] == "m-1"
        assert event["data"]["text"].startswith("Grüße")
        return httpx.Response(204)

    assert hand_over(SignedWebhook, WEBHOOK, answer) == Accepted("m-1")


def test_a_customers_own_webhook_is_posted_to_only_where_its_host_is_allowed() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(200)

    assert hand_over(SignedWebhook, WEBHOOK, answer, "https://hooks.example/c-1") == Accepted("m-1")
    refused = hand_over(SignedWebhook, WEBHOOK, answer, "https://169.254.169.254/latest")
    assert refused == Rejected("target_not_allowed", None, retryable=False)
    assert seen == ["https://hooks.example/c-1"]


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://a.example/x", True),
        ("https://A.example:8443/x", True),
        ("http://a.example/x", False),
        ("http://127.0.0.1:9/x", True),
        ("https://b.example/x", False),
        ("https://a.example.b.example/x", False),
        ("https://a.example@b.example/", False),
        ("https://user@a.example/", False),
        ("ftp://a.example/", False),
        ("https://[::1", False),
        ("//a.example/x", False),
    ],
)
def test_where_a_request_may_go(url: str, allowed: bool) -> None:
    assert may_go_to(url, frozenset({"a.example", "127.0.0.1"})) is allowed


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (301, Rejected("redirected", "301", retryable=True)),
        (307, Rejected("redirected", "307", retryable=True)),
        (400, Rejected("provider_refused", "400", retryable=False)),
        (401, Rejected("not_served", "401", retryable=True)),
        (404, Rejected("not_served", "404", retryable=True)),
        (410, Rejected("provider_refused", "410", retryable=False, dead_address=True)),
        (429, Rejected("provider_busy", "429", retryable=True)),
        (500, Doubtful("answer:500")),
        (503, Rejected("provider_busy", "503", retryable=True)),
        (504, Doubtful("answer:504")),
    ],
)
def test_what_each_status_proves(status: int, outcome: Outcome) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "hooks.example"  # where a redirect leads is never asked
        return httpx.Response(status, headers={"location": "https://evil.example/"})

    assert hand_over(SignedWebhook, WEBHOOK, answer) == outcome


@pytest.mark.parametrize(
    "content", [b"<html>Welcome to the hotel</html>", b"[" * 70_000, b"[]", b"\xff\xfe", b""]
)
def test_a_yes_that_cannot_be_read_is_doubt(content: bytes) -> None:
    outcome = hand_over(Twilio, TWILIO, lambda _: httpx.Response(200, content=content))

    assert outcome == Doubtful("answer_unreadable")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("twilio+http://AC1:hidden@sms.example/?from=1", "must be https"),
        ("twilio+https://AC1:hidden@sms.example/", r"\?from="),
        ("carrier+https://x:hidden@sms.example/", "no kind 'carrier'"),
        ("https://x:hidden@sms.example/", "KIND"),
        ("webhook+https://:hidden@hooks.example/", "whsec_BASE64"),
    ],
)
def test_a_setting_at_fault_is_told_without_its_secret(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as told:
        provider("SMS_URL", SecretStr(text), "", Clock(), 1.0, {})

    assert "hidden" not in str(told.value)


def test_an_unset_channel_has_no_provider() -> None:
    assert provider("SMS_URL", SecretStr(""), "", Clock(), 1.0, {}) is None


def test_each_message_says_by_which_id_its_reports_are_known() -> None:
    sent: list[dict[str, list[str]]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(parse_qs(request.content.decode()))
        return httpx.Response(201, json={"sid": "SM1"})

    def reporting(endpoint: Endpoint) -> Twilio:
        return Twilio(replace(endpoint, reports_to="https://m.example/webhooks/texts"))

    hand_over(Twilio, TWILIO, answer)
    hand_over(reporting, TWILIO, answer)

    assert "StatusCallback" not in sent[0]
    assert sent[1]["StatusCallback"] == ["https://m.example/webhooks/texts?message=m-1"]
    request = WhatsApp(Endpoint.parse("X_URL", WHATSAPP)).request(letter(), Clock().real())
    assert json.loads(request.body)["biz_opaque_callback_data"] == "m-1"


def test_an_answer_is_handed_over_once_and_nobody_waits_for_it() -> None:
    seen: list[httpx.Request] = []

    def silent(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        raise httpx.ReadTimeout("no answer")

    endpoint = Endpoint.parse("X_URL", TWILIO)
    telephone = HttpProvider(
        Twilio(endpoint),
        frozenset({endpoint.host}),
        Clock(),
        transport=httpx.MockTransport(silent),
    )
    telephone.hand_over_aside(letter())
    poll_until(lambda: bool(seen), 5, "nothing was handed over")
    telephone.close()
    telephone.hand_over_aside(letter())

    assert len(seen) == 1
