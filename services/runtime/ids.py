"""Identities: derived ones, which a repeat makes again, and fresh ones."""

import hashlib
import uuid


def derive(*parts: str | int) -> str:
    """A stable id (UUID text, version 8 of RFC 9562) of the given parts; order matters."""
    text = "\x1f".join(map(str, parts))
    text = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-8{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


def fresh() -> str:
    """A random id (UUID text, version 4), for what has no identity of its own yet."""
    return str(uuid.uuid4())
