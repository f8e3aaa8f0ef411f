"""Addresses that tell, when something comes back to them, which message it is about.

`answers+TOKEN@domain`: the token is the message's id and an HMAC over what the address is for, so
that nobody makes one up; it holds nothing about anyone. Small letters and digits only: mail
programs change the case of a local part.
"""

import base64
import hmac
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from services.messenger.mail import Identity
from services.runtime.security import Signer

_SIGNATURE_BYTES = 10
_ID_CHARACTERS = 26
_TOKEN_CHARACTERS = _ID_CHARACTERS + 16
LONGEST_LOCAL_PART = 64
"""RFC 5321, 4.5.3.1.1."""


class Comes(StrEnum):
    """What an address is for."""

    ANSWER = "answer"
    OPT_OUT = "opt_out"
    BOUNCE = "bounce"


@dataclass(frozen=True, slots=True)
class CameBack:
    """What a genuine address says."""

    comes: Comes
    message_id: str


class ReturnPath:
    """Makes and reads such addresses."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def traceable(self, identity: Identity, message_id: str) -> Identity:
        """The identity as one message carries it."""
        back = identity.returns_to
        return replace(
            identity,
            reply_to=self.address(identity.reply_to, Comes.ANSWER, message_id),
            unsubscribe_to=self.address(identity.unsubscribe_to, Comes.OPT_OUT, message_id),
            returns_to=self.address(back, Comes.BOUNCE, message_id) if back else None,
        )

    def address(self, base: str, comes: Comes, message_id: str) -> str:
        """The base with a token in it; the base itself where that would be too long."""
        local, _, domain = base.rpartition("@")
        try:
            token = self._token(comes, UUID(message_id))
        except ValueError:
            return base
        whole = f"{local}+{token}"
        return f"{whole}@{domain}" if len(whole) <= LONGEST_LOCAL_PART else base

    def read(self, address: str) -> CameBack | None:
        """What the address says, if it is genuine."""
        token = address.rpartition("@")[0].rpartition("+")[2].lower()
        if len(token) != _TOKEN_CHARACTERS:
            return None
        try:
            padded = token[:_ID_CHARACTERS].upper() + "======"
            identity = UUID(bytes=base64.b32decode(padded))
        except ValueError:
            return None
        for comes in Comes:
            if hmac.compare_digest(self._token(comes, identity).encode(), token.encode()):
                return CameBack(comes, str(identity))
        return None

    def _token(self, comes: Comes, identity: UUID) -> str:
        signature = self._signer.keyed_hash(f"return-path:{comes}:{identity}")
        return _base32(identity.bytes) + _base32(bytes.fromhex(signature)[:_SIGNATURE_BYTES])


@lru_cache(maxsize=64)
def _base32(content: bytes) -> str:
    return base64.b32encode(content).decode("ascii").rstrip("=").lower()
