"""Identities: derived ones, which a repeat makes again, and fresh ones."""

import hashlib
import uuid


def derive(*parts: str | int) -> str:
    """A stable id (UUID text, version 8 of RFC 9562) of the given parts; order matters."""
    text = "\x1f".join(str(part) for part in parts)
    digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
    return str(uuid.UUID(bytes=_version_8(digest)))


def _version_8(digest: bytes) -> bytes:
    octets = bytearray(digest)
    octets[6] = octets[6] & 0x0F | 0x80
    octets[8] = octets[8] & 0x3F | 0x80
    return bytes(octets)


def fresh() -> str:
    """A random id (UUID text, version 4), for what has no identity of its own yet."""
    return str(uuid.uuid4())
