"""Addresses that tell, when something comes back to them, which message it is about.

`answers+TOKEN@domain`: the token is the message's id and an HMAC over what the address is for, so
that nobody makes one up; it holds nothing about anyone. Small letters and digits only: mail
programs change the case of a local part.
"""

import base64
import hmac
from dataclasses import dataclass
from enum import StrEnum
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
        try:
            known = UUID(message_id)
        except ValueError:
            return identity
        back = identity.returns_to
        return Identity(
            identity.name,
            identity.address,
            self._address(identity.reply_to, Comes.ANSWER, known),
            self._address(identity.unsubscribe_to, Comes.OPT_OUT, known),
            identity.domain,
            self._address(back, Comes.BOUNCE, known) if back else None,
        )

    def address(self, base: str, comes: Comes, message_id: str) -> str:
        """The base with a token in it; the base itself where that would be too long."""
        try:
            return self._address(base, comes, UUID(message_id))
        except ValueError:
            return base

    def _address(self, base: str, comes: Comes, message: UUID) -> str:
        local, _, domain = base.rpartition("@")
        token = self._token(comes, message)
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
        return _base32(identity.bytes) + _base32(bytes.fromhex(signature[: 2 * _SIGNATURE_BYTES]))


def _base32(content: bytes) -> str:
    """Base32 (RFC 4648, 6) in small letters without padding; the library takes ten times as long.

    Two characters stand for ten bits.
    """
    bits = 8 * len(content)
    left = -bits % 10
    number = int.from_bytes(content, "big") << left
    pairs = [_PAIRS[number >> at & 1023] for at in range(bits + left - 10, -1, -10)]
    return "".join(pairs)[: -(-bits // 5)]


_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = tuple(one + other for one in _ALPHABET for other in _ALPHABET)
