"""The links of a message: what they look like, and what a token gives back.

A token holds the message's id and nothing else about anyone; its purpose is part of the
signature, so that the token of a picture opens no preferences.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from services.messenger.mail import Identity
from services.messenger.return_path import ReturnPath
from services.runtime import ids
from services.runtime.security import InvalidToken, Signer

Answer = Literal["yes", "no"]
"""To the question whether a message helped."""
FOR_EVER = timedelta(days=3650)
"""Opt-outs must work as long as anyone keeps the mail."""


class LinkKind(StrEnum):
    """What a token is good for."""

    CLICK = "click"
    OPEN = "open"
    UNSUBSCRIBE = "unsubscribe"
    PREFERENCES = "preferences"
    FEEDBACK = "feedback"
    CHOICE = "choice"
    HONEYPOT = "honeypot"
    PORTAL = "portal"
    """Read by the negotiator."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a genuine token says."""

    message_id: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class ShortLink:
    """What stands for a token where a token is too long: a random name that is looked up.

    link: as of `Token`. expires_at: business time.
    """

    name: str
    kind: LinkKind
    link: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Links:
    """Makes and reads links. here, negotiator: bases of the addresses customers see."""

    signer: Signer
    here: str
    negotiator: str
    good_for: timedelta

    def click(self, message_id: str, link: str, now: datetime) -> str:
        """The tracked link called `link`."""
        token = self._token(LinkKind.CLICK, {"m": message_id, "l": link}, now + self.good_for)
        return f"{self.here}/t/c/{token}"

    def pixel(self, message_id: str, now: datetime) -> str:
        """The picture whose fetching is an open."""
        token = self._token(LinkKind.OPEN, {"m": message_id}, now + self.good_for)
        return f"{self.here}/t/o/{token}.gif"

    def honeypot(self, message_id: str, now: datetime) -> str:
        """What only a program follows, for no reader is shown it."""
        token = self._token(LinkKind.HONEYPOT, {"m": message_id}, now + self.good_for)
        return f"{self.here}/t/n/{token}"

    def unsubscribe(self, message_id: str, now: datetime) -> str:
        """The one-click opt-out of RFC 8058."""
        token = self._token(LinkKind.UNSUBSCRIBE, {"m": message_id}, now + FOR_EVER)
        return f"{self.here}/u/{token}"

    def preferences(self, message_id: str, now: datetime) -> str:
        """The page of the customer's preferences."""
        token = self._token(LinkKind.PREFERENCES, {"m": message_id}, now + FOR_EVER)
        return f"{self.here}/preferences/{token}"

    def feedback(self, message_id: str, answer: Answer, now: datetime) -> str:
        """The page that asks whether the message helped, with this answer at hand."""
        token = self._token(LinkKind.FEEDBACK, {"m": message_id, "l": answer}, now + self.good_for)
        return f"{self.here}/t/f/{token}"

    def choice(self, message_id: str, choice: str, now: datetime) -> str:
        """The page on which the customer confirms a choice."""
        token = self._token(LinkKind.CHOICE, {"m": message_id, "l": choice}, now + self.good_for)
        return f"{self.here}/t/a/{token}"

    def portal(self, message_id: str, now: datetime) -> str:
        """The negotiator's portal; what the tracked link called `portal` leads to."""
        token = self._token(LinkKind.PORTAL, {"m": message_id}, now + self.good_for)
        return f"{self.negotiator}/p/{token}"

    def shortened(self, kind: LinkKind, link: str | None, now: datetime) -> ShortLink:
        """A new short link, good for as long as a signed one of its kind."""
        lasts = FOR_EVER if kind is LinkKind.UNSUBSCRIBE else self.good_for
        return ShortLink(ids.unguessable(), kind, link, now + lasts)

    def short(self, link: ShortLink) -> str:
        """Its address; it works once it is stored."""
        return f"{self.here}/s/{link.name}"

    def traceable(self, identity: Identity, message_id: str) -> Identity:
        """The sender whose return addresses tell what comes back which message it is about."""
        return ReturnPath(self.signer).traceable(identity, message_id)

    def read(self, kind: LinkKind, token: str, now: datetime) -> Token:
        """What a token of this kind says. Raises InvalidToken."""
        payload = self.signer.verify(kind.value, token, now)
        message_id, link = payload.get("m"), payload.get("l")
        if not isinstance(message_id, str) or not isinstance(link, str | None):
            raise InvalidToken
        return Token(message_id, link)

    def _token(self, kind: LinkKind, payload: dict[str, str], expires: datetime) -> str:
        return self.signer.sign(kind.value, payload, expires)
