"""Twilio's callbacks: what became of a message, and what a person answered.

Its form by twilio.com/docs/messaging/guides/webhook-request, its signature by
twilio.com/docs/usage/security; docs/channels.md says what else was verified where.
"""

import base64
import hmac
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

from services.messenger.providers.doors import (
    Call,
    Forged,
    Receipt,
    Said,
    Thanks,
    Told,
    Unchallenged,
    Unreadable,
)
from services.messenger.providers.endpoint import NUMBER
from services.messenger.rules.bounces import Kind

MESSAGE = "message"
"""The query's field with our message's id, in the address that a receipt is asked to come to."""

_MOST_FIELDS = 200
_NOTHING_MORE = Thanks("text/xml", '<?xml version="1.0" encoding="UTF-8"?><Response/>')
"""TwiML without a verb: no answer goes out by it."""

_FAILED = frozenset({"failed", "undelivered"})
_DEAD = frozenset({"21211", "21610", "21614", "30005", "30006"})
"""Not a number; has opted out; takes no SMS; is unknown; is a landline, or of no carrier."""
_FILTERED = frozenset({"30007"})

_KEYWORDS = frozenset(
    {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "help", "info", "start", "unstop"}
)
"""What Twilio itself answers, alone in a message, unless its keyword handling is switched off."""


class TwilioDoor(Unchallenged):
    """Its secret is the account's auth token.

    A signature has no time in it: a call that comes again is known by its ids.
    """

    thanks: Thanks | None = _NOTHING_MORE

    def __init__(self, token: str, *, answers_keywords: bool = True) -> None:
        """answers_keywords: Twilio's own handling of STOP and HELP is on, as it is by default."""
        self._token = token.encode()
        self._answers_keywords = answers_keywords

    def verify(self, call: Call, now: datetime) -> None:
        """By HMAC-SHA1 over the URL and the sorted form. Raises Forged."""
        del now
        try:
            fields = _fields(call)
        except ValueError:
            raise Forged from None
        given = call.headers.get("x-twilio-signature", "").encode()
        form = "".join(name + value for name, value in sorted(fields))
        for url in _spellings(call.url):
            expected = base64.b64encode(hmac.digest(self._token, (url + form).encode(), "sha1"))
            if hmac.compare_digest(given, expected):
                return
        raise Forged

    def read(self, call: Call) -> Sequence[Told]:
        """A receipt, or a person's answer. Raises Unreadable."""
        form = dict(_fields(call))
        sid = form.get("MessageSid") or form.get("SmsSid", "")
        if not sid:
            raise Unreadable("MessageSid is missing.")
        if "MessageStatus" in form:
            receipt = _receipt(sid, form, dict(parse_qsl(urlsplit(call.url).query)))
            return [receipt] if receipt else []
        sender = form.get("From", "")
        if not NUMBER.fullmatch(sender):
            return []
        return [Said(sid, "sms", sender, form.get("Body", ""), self._has_answered(form))]

    def _has_answered(self, form: dict[str, str]) -> bool:
        word = form.get("Body", "").strip().casefold()
        return "OptOutType" in form or (self._answers_keywords and word in _KEYWORDS)


def _receipt(sid: str, form: dict[str, str], query: dict[str, str]) -> Receipt | None:
    status, code = form["MessageStatus"], form.get("ErrorCode", "")
    about = tuple(filter(None, (query.get(MESSAGE),)))
    if status in ("delivered", "read"):
        return Receipt(f"{sid}:delivered", about, "delivered")
    if status in _FAILED:
        return Receipt(f"{sid}:failed", about, "bounced", _kind(code), code[:40] or None)
    return None  # it is on its way


def _kind(code: str) -> Kind:
    if code in _DEAD:
        return "hard"
    return "block" if code in _FILTERED else "soft"


def _fields(call: Call) -> list[tuple[str, str]]:
    """The form. Raises ValueError where it is none."""
    return parse_qsl(
        call.body.decode(),
        keep_blank_values=True,
        strict_parsing=bool(call.body),
        max_num_fields=_MOST_FIELDS,
        errors="strict",
    )


def _spellings(url: str) -> tuple[str, ...]:
    """The URL with and without its port: Twilio signs either, by where it goes."""
    parts = urlsplit(url)
    if parts.scheme != "https" or parts.hostname is None:
        return (url,)
    bare = parts._replace(netloc=parts.hostname).geturl()
    return tuple({url, bare, parts._replace(netloc=f"{parts.hostname}:443").geturl()})
