"""Signatures by Standard Webhooks, and tenants' files."""

import base64
import hmac
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.messenger.providers.doors import Call, Forged, Receipt
from services.messenger.providers.doors.settings import parse
from services.messenger.providers.doors.standard import StandardDoor
from services.messenger.tenants import TenantFaults, load

KEY = b"k" * 32
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
BODY = b'{"type":"message.delivered"}'


def headers(body: bytes = BODY, key: bytes = KEY, at: datetime = NOW) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    digest = hmac.digest(key, f"call-1.{stamp}.".encode() + body, "sha256")
    signature = f"v1a,AAAA v1,{base64.b64encode(digest).decode()}"
    return {
        "webhook-id": "call-1",
        "webhook-timestamp": stamp,
        "webhook-signature": signature,
    }


def call(given: dict[str, str], body: bytes = BODY) -> Call:
    return Call("https://m.example/webhooks/relay", given, body)


def door(key: bytes = KEY) -> StandardDoor:
    return StandardDoor(f"whsec_{base64.b64encode(key).decode()}")


def test_a_signed_call_tells_what_became_of_a_message() -> None:
    body = b'{"type":"message.bounced","data":{"message_id":"m-1","kind":"hard","status":"5.1.1"}}'
    genuine = call(headers(body), body)

    door().verify(genuine, NOW)

    assert door().read(genuine) == [Receipt("call-1", ("m-1",), "bounced", "hard", "5.1.1")]


def test_agrees_with_the_published_vector() -> None:
    """The example of the Standard Webhooks specification's reference libraries."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    given = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    at = datetime.fromtimestamp(1614265330, UTC)
    door(key).verify(call(given, b'{"test": 2432232314}'), at)


@pytest.mark.parametrize(
    "given",
    [
        {},
        headers() | {"webhook-id": ""},
        headers() | {"webhook-id": "call-2"},
        headers() | {"webhook-timestamp": "soon"},
        headers() | {"webhook-timestamp": "²"},
        headers() | {"webhook-signature": ""},
        headers() | {"webhook-signature": "v1,"},
        headers() | {"webhook-signature": "v1,ü"},
        headers(body=b"{}"),
        headers(key=b"x" * 32),
        headers(at=NOW - timedelta(minutes=6)),
        headers(at=NOW + timedelta(minutes=6)),
    ],
)
def test_a_forged_call_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(Forged):
        door().verify(call(given), NOW)


def test_secrets_are_read() -> None:
    text = f"relay=whsec_{base64.b64encode(KEY).decode()}"
    doors = parse(f"{text}, texts=twilio:{'t' * 32},chat=meta:{'s' * 32}:{'v' * 16}")
    assert [type(one).__name__ for one in doors.values()] == [
        "StandardDoor",
        "TwilioDoor",
        "MetaDoor",
    ]
    assert list(doors) == ["relay", "texts", "chat"]
    assert parse("") == {}


@pytest.mark.parametrize(
    "text",
    [
        "relay", "relay=whsec_!!", "relay=whsec_aGk=", "=whsec_x", "texts=twilio:aGk",
        f"chat=meta:{'s' * 32}", f"chat=meta:{'s' * 32}:aGk",
    ],
)  # fmt: skip
def test_a_bad_secret_is_named_without_being_shown(text: str) -> None:
    with pytest.raises(ValueError, match="WEBHOOK_SECRETS") as refused:
        parse(text)
    assert "aGk" not in str(refused.value)


DEPLOYED = Path(__file__).parents[3] / "deploy" / "tenants"


def test_the_tenants_that_are_shipped_can_be_used() -> None:
    tenant = load(DEPLOYED)["default"]
    target = tenant.targets("bill/1 ü", ["pay", "unheard_of"])["pay"]
    assert target.endswith("/bills/bill%2F1%20%C3%BC")
    assert tenant.allows(target)


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/", "http://pay.harbourlane.example/bills/1", "javascript:alert(1)",
        "//evil.example", "https://pay.harbourlane.example@evil.example/", "",
    ],
)  # fmt: skip
def test_links_lead_nowhere_else(target: str) -> None:
    assert not load(DEPLOYED)["default"].allows(target)


def test_a_faulty_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "default.yaml").write_text("tenant: default\nname: X\n")
    with pytest.raises(TenantFaults, match=r"default\.yaml: address"):
        load(tmp_path)
    (tmp_path / "default.yaml").unlink()
    with pytest.raises(TenantFaults, match=r"add default\.yaml"):
        load(tmp_path)
