"""How each provider is spoken to by HTTP: what is asked, and what its answer means.

An adapter knows one provider's form and nothing of connections, time-outs or repeats: those are
`providers.http`'s.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from services.messenger.model import Letter, Outcome

SIGNED_OUT = "signed_out"
"""Reason of a refusal that signing in anew may mend: nothing was taken."""


class Unsendable(Exception):
    """The message cannot be put to this provider; the text is a short code, not personal."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Its URL may hold a secret, and its body an address: neither is ever logged."""

    url: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    method: Literal["GET", "POST"] = "POST"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. content: the JSON object; None where the body is no such, or too long."""

    status: int
    content: Mapping[str, Any] | None = None


class Adapter(Protocol):
    """One provider's form."""

    name: str
    honours_key: bool
    """Whether it takes a message under the same idempotency key once, however often it comes."""

    def sign_in(self, now: datetime) -> Request | None:
        """What must be asked before a message can be sent; None: nothing. `now`: real time."""

    def signed_in(self, answer: Answer, now: datetime) -> bool:
        """Take what came back; whether messages can be sent now."""

    def request(self, letter: Letter, now: datetime) -> Request:
        """The request that hands the message over. Raises Unsendable."""

    def judge(self, letter: Letter, answer: Answer) -> Outcome:
        """What the answer to it proves."""


class OpenDoor:
    """Of an adapter whose provider is asked nothing beforehand."""

    def sign_in(self, now: datetime) -> Request | None:
        """Nothing."""
        del now
        return None

    def signed_in(self, answer: Answer, now: datetime) -> bool:
        """Never asked for."""
        del answer, now
        return True
