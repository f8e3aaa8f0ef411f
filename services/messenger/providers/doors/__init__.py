"""What providers tell us by themselves: each one's signature and form, read into the same words.

A door knows one provider's form and nothing of customers or messages: those are the handlers'.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from schemas.common import Channel
from services.messenger.rules.bounces import Kind


class Forged(Exception):
    """A call that its provider has not signed, or that is too old."""


class Unreadable(Exception):
    """A genuine call that is not of the provider's form; the text says what it wants."""


@dataclass(frozen=True, slots=True)
class Call:
    """One POST. url: as the provider knows it. headers: their names in any case of letters."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message.

    call: the same for the same report, however often it comes. about: what the message may be
    known by, its id or its Message-ID. kind, status: of what came back.
    """

    call: str
    about: tuple[str, ...]
    what: Literal["delivered", "bounced", "complained"]
    kind: Kind = "soft"
    status: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What a person wrote. call: as of `Receipt`. sender: the address, as customers' are kept.

    answered: the provider has sent its own answer already, and no other shall follow.
    """

    call: str
    channel: Channel
    sender: str
    words: str
    answered: bool = False


Told = Receipt | Said


@dataclass(frozen=True, slots=True)
class Thanks:
    """What the provider wants to hear once its call was taken."""

    media_type: str
    body: str


class Door(Protocol):
    """One provider's form."""

    thanks: Thanks | None
    """None: it reads nothing."""

    def verify(self, call: Call, now: datetime) -> None:
        """See that the provider made the call. `now`: real time. Raises Forged."""

    def read(self, call: Call) -> Sequence[Told]:
        """What a genuine call tells; what is of no interest is left out. Raises Unreadable."""

    def challenged(self, query: Mapping[str, str]) -> str:
        """What to say to who asks whether the door is ours. Raises Forged."""


class Unchallenged:
    """Of a door that nobody asks about."""

    thanks: Thanks | None = None

    def challenged(self, query: Mapping[str, str]) -> str:
        """Never."""
        del query
        raise Forged
