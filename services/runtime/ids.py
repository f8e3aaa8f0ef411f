"""Identities: derived ones, which a repeat makes again, and fresh ones."""

import hashlib
import secrets
import string
import uuid

_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
"""The digit of the variant, in its two highest bits, by the hash's own."""


def derive(*parts: str | int) -> str:
    """A stable id (UUID text, version 8 of RFC 9562) of the given parts; order matters."""
    text = "\x1f".join([one if isinstance(one, str) else str(one) for one in parts])
    text = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return f"{text[:8]}-{text[8:12]}-8{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:]}"


_LETTERS = string.ascii_letters + string.digits
"""No mark among them: where a link is found in a text, one at its end is often left out."""
_LENGTH = 17


def unguessable() -> str:
    """A random name of 101 bits in 17 letters and digits, for what only its holder may find."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


def fresh() -> str:
    """A random id (UUID text, version 4), for what has no identity of its own yet."""
    return str(uuid.uuid4())
