"""WhatsApp's webhooks, by Meta's Cloud API: what became of messages, and what people answered.

The challenge by developers.facebook.com/docs/graph-api/webhooks/getting-started; docs/channels.md
says what was verified where, and what was not.
"""

import hmac
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec

from services.messenger.providers.doors import (
    Call,
    Forged,
    Receipt,
    Said,
    Thanks,
    Told,
    Unreadable,
)
from services.messenger.providers.endpoint import NUMBER
from services.messenger.rules.bounces import Kind

_MOST = 1000
"""Statuses and messages of one call that are looked at."""
_LONGEST_CHALLENGE = 200
_NO_ANSWERS = frozenset({"reaction", "system", "unsupported"})
_DEAD = frozenset({131026})
"""Not on WhatsApp, or it cannot take messages there."""
_REFUSED = frozenset({130472, 131047, 131048, 131049, 131050})
"""Not the address but this message, or we: too late without a template, too many, not wanted."""


class MetaDoor:
    """Its secrets are the app's, by which calls are signed, and a token that we chose."""

    thanks: Thanks | None = None

    def __init__(self, secret: str, token: str) -> None:
        """token: what Meta repeats when it asks whether the address is ours."""
        self._secret, self._token = secret.encode(), token.encode()

    def verify(self, call: Call, now: datetime) -> None:
        """By HMAC-SHA256 over the body. Raises Forged.

        There is no time in it: a call that comes again is known by its ids.
        """
        del now
        expected = "sha256=" + hmac.digest(self._secret, call.body, "sha256").hex()
        given = call.headers.get("x-hub-signature-256", "")
        if not hmac.compare_digest(given.encode(), expected.encode()):
            raise Forged

    def challenged(self, query: Mapping[str, str]) -> str:
        """Meta's challenge again, to whoever knows our token. Raises Forged."""
        challenge = query.get("hub.challenge", "")
        known = hmac.compare_digest(query.get("hub.verify_token", "").encode(), self._token)
        plain = challenge.isascii() and challenge.isalnum() and len(challenge) < _LONGEST_CHALLENGE
        if query.get("hub.mode") != "subscribe" or not known or not plain:
            raise Forged
        return challenge

    def read(self, call: Call) -> Sequence[Told]:
        """All that is in it; what is of another form than ours is left out. Raises Unreadable."""
        try:
            whole = msgspec.json.decode(call.body)
        except msgspec.DecodeError:
            raise Unreadable("The body is not JSON.") from None
        return list(islice(_told(whole), _MOST))


def _told(whole: Any) -> Iterator[Told]:
    for value in _values(whole):
        for status in _objects(value, "statuses"):
            if (receipt := _receipt(status)) is not None:
                yield receipt
        for message in _objects(value, "messages"):
            if (said := _said(message)) is not None:
                yield said


def _values(whole: Any) -> Iterator[dict[str, Any]]:
    for entry in _objects(whole, "entry"):
        for change in _objects(entry, "changes"):
            value = change.get("value")
            if change.get("field") == "messages" and isinstance(value, dict):
                yield value


def _objects(parent: Any, name: str) -> list[dict[str, Any]]:
    found = parent.get(name) if isinstance(parent, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _receipt(status: Mapping[str, Any]) -> Receipt | None:
    named, what = _text(status, "id"), status.get("status")
    about = tuple(filter(None, (_text(status, "biz_opaque_callback_data"),)))
    if not named:
        return None
    if what in ("delivered", "read"):  # it may be read without ever being told as delivered
        return Receipt(f"{named}:delivered", about, "delivered")
    if what == "failed":
        codes = [one.get("code") for one in _objects(status, "errors")]
        code = next((one for one in codes if isinstance(one, int)), None)
        return Receipt(
            f"{named}:failed", about, "bounced", _kind(code), str(code) if code else None
        )
    return None  # it is on its way


def _kind(code: int | None) -> Kind:
    if code in _DEAD:
        return "hard"
    return "block" if code in _REFUSED else "soft"


def _said(message: Mapping[str, Any]) -> Said | None:
    named, sender = _text(message, "id"), "+" + _text(message, "from")
    if not named or not NUMBER.fullmatch(sender) or message.get("type") in _NO_ANSWERS:
        return None
    return Said(named, "webhook", sender, _words(message))


def _words(message: Mapping[str, Any]) -> str:
    """What was written, or tapped; nothing where only a picture or the like was sent."""
    content = message.get(_text(message, "type"))
    if not isinstance(content, dict):
        return ""
    for kind in ("button_reply", "list_reply"):
        if isinstance(tapped := content.get(kind), dict):
            return _text(tapped, "title")
    return _text(content, "body") or _text(content, "text") or _text(content, "caption")


def _text(parent: Mapping[str, Any], name: str) -> str:
    found = parent.get(name)
    return found if isinstance(found, str) else ""
