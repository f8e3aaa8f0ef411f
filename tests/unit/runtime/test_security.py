"""Tokens in links, hashes of addresses, and bearer tokens."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from services.runtime.security import InvalidToken, Signer, find_caller, parse_api_tokens

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
SIGNER = Signer("one secret")


def test_a_token_gives_back_what_was_signed_until_it_expires() -> None:
    token = SIGNER.sign("portal", {"m": "message"}, LATER)
    assert SIGNER.verify("portal", token, NOW) == {"m": "message"}
    with pytest.raises(InvalidToken) as expired:
        SIGNER.verify("portal", token, LATER + timedelta(seconds=1))
    assert expired.value.expired


@pytest.mark.parametrize("change", ["purpose", "key", "letter", "nothing", "cut"])
def test_a_token_that_was_not_made_for_this_is_forged(change: str) -> None:
    token = SIGNER.sign("portal", {"m": "message"}, LATER)
    signer = Signer("another secret") if change == "key" else SIGNER
    purpose = "unsubscribe" if change == "purpose" else "portal"
    presented = {"letter": "A" + token[1:], "nothing": "", "cut": token[:-1]}.get(change, token)
    with pytest.raises(InvalidToken) as forged:
        signer.verify(purpose, presented, NOW)
    assert not forged.value.expired


def test_a_keyed_hash_needs_the_key() -> None:
    assert SIGNER.keyed_hash("ana@example.com") == SIGNER.keyed_hash("ana@example.com")
    assert SIGNER.keyed_hash("ana@example.com") != Signer("other").keyed_hash("ana@example.com")


@pytest.mark.parametrize("key", ["k", "k" * 64, "k" * 65, "ключ" * 40])
def test_a_keyed_hash_is_what_anyone_with_the_key_makes(key: str) -> None:
    hashed = hmac.new(key.encode(), b"ana@example.com", hashlib.sha256).hexdigest()
    assert Signer(key).keyed_hash("ana@example.com") == hashed


def test_api_tokens_name_their_caller_scopes_and_tenant() -> None:
    callers = parse_api_tokens("bank=t1:publish+read, desk=t2:desk+tenant:shop")
    bank, desk = callers["t1"], callers["t2"]
    assert (bank.name, bank.scopes, bank.tenant) == (
        "bank",
        frozenset({"publish", "read"}),
        None,
    )
    assert (desk.scopes, desk.tenant) == (frozenset({"desk"}), "shop")
    assert bank.may_see("any")
    assert desk.may_see("shop")
    assert not desk.may_see("default")
    assert find_caller(callers, "Bearer t1") is bank
    for presented in ("Bearer t3", "Basic t1", "t1", ""):
        assert find_caller(callers, presented) is None


@pytest.mark.parametrize(
    "text",
    ["bank", "bank=t", "=t:read", "bank=:read", "bank=t:everything", "a=t:tenant:x+tenant:y"],
)
def test_a_faulty_setting_of_tokens_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="API_TOKENS"):
        parse_api_tokens(text)
