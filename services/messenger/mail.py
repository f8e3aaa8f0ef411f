"""One mail as bytes: headers by RFC 5322, 2369 and 8058, bodies by MIME; nothing injectable."""

import binascii
import hashlib
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

from schemas.common import normal_email
from services.messenger.mime import base64_lines, closed, crlf, encoded_words
from services.messenger.model import Letter

# Line breaks, controls and the direction marks that can make a name read as something else.
_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+"
)
_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@[^\s@<>()\[\],;:\\\"]{1,253}")
NAME_LENGTH = 80
SUBJECT_LENGTH = 200
PLAIN_LENGTH = 900


class UnusableAddress(ValueError):
    """An address that no mail can be sent to; the text does not repeat it."""


@dataclass(frozen=True, slots=True)
class Identity:
    """In whose name a tenant's mail is sent; read from deploy/tenants."""

    name: str
    address: str
    reply_to: str
    unsubscribe_to: str
    domain: str
    """What follows the @ of every Message-ID."""
    returns_to: str | None = None
    """Envelope sender, where bounces go; `address` if None."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What was rendered for one message, before it becomes bytes.

    html_quoted: the HTML in pieces of `mime.quoted`.
    """

    message_id: str
    name: str | None
    email: str
    locale: str
    subject: str
    text: str
    html_quoted: bytes
    unsubscribe_url: str
    date: datetime
    """The business instant of the final check."""


def clean(text: str, length: int = NAME_LENGTH) -> str:
    """Free text made fit for one header line: no breaks, no controls, bounded."""
    return " ".join(_UNPRINTABLE.sub(" ", text).split())[:length]


def usable_address(text: str) -> str:
    """The address with its domain in ASCII (IDNA). Raises UnusableAddress."""
    if _UNPRINTABLE.search(text) or not _ADDRESS.fullmatch(text) or len(text) > 254:
        raise UnusableAddress("not one plain address")
    local, _, domain = text.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise UnusableAddress("not one plain address") from None
    if "." not in ascii_domain or ".." in local or local.startswith(".") or local.endswith("."):
        raise UnusableAddress("not one plain address")
    return f"{local}@{ascii_domain}"


def normal_address(text: str) -> str:
    """The form under which one mailbox is known. Raises UnusableAddress."""
    return normal_email(usable_address(text))


def message_reference(message_id: str, domain: str) -> str:
    """The Message-ID without its brackets: the same for the same message, always."""
    return f"{message_id}@{domain}"


def compose(draft: Draft, identity: Identity) -> Letter:
    """The letter, byte for byte the same for the same draft. Raises UnusableAddress.

    Written by hand and not with email.message: that one folds long links into encoded words, which
    breaks List-Unsubscribe, and takes a boundary by chance, which changes the hash.
    """
    recipient = usable_address(draft.email)
    to = ("To", _mailbox(_phrase("To", draft.name or ""), recipient))
    return _written(draft, identity, recipient, (to,))


def pinned(draft: Draft, identity: Identity, page: str) -> Letter:
    """The letter as it stands on the customer's own page: the same, but addressed to nobody."""
    return replace(_written(draft, identity, page, ()), message_id=draft.message_id)


def _written(
    draft: Draft, identity: Identity, recipient: str, to: tuple[tuple[str, str], ...]
) -> Letter:
    reference = message_reference(draft.message_id, identity.domain)
    unsubscribe = (
        f"<{draft.unsubscribe_url}>,\r\n"
        f" <mailto:{identity.unsubscribe_to}?subject=unsubscribe%20{draft.message_id}>"
    )
    boundary = "=_" + hashlib.sha256(draft.message_id.encode()).hexdigest()[:32]
    headers = (
        ("Date", _date(draft.date.replace(microsecond=0))),
        ("From", _mailbox(_house("From", identity.name), identity.address)),
        *to,
        ("Reply-To", _mailbox(_house("Reply-To", identity.name), identity.reply_to)),
        ("Subject", _words("Subject", clean(draft.subject, SUBJECT_LENGTH))),
        ("Message-ID", f"<{reference}>"),
        ("List-Unsubscribe", unsubscribe),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Auto-Submitted", "auto-generated"),
        ("Content-Language", clean(draft.locale)),
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/alternative;\r\n boundary="{boundary}"'),
    )
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    copy = b"".join(
        (
            f"{head}\r\n".encode(),
            _text_part(boundary, draft.text),
            _part(boundary, "html", _QUOTED, closed(draft.html_quoted)),
            f"--{boundary}--\r\n".encode(),
        )
    )
    return Letter(reference, identity.returns_to or identity.address, recipient, copy)


def content_hash(copy: bytes) -> str:
    """Hex SHA-256 of the exact bytes."""
    return hashlib.sha256(copy).hexdigest()


_QUOTED = "quoted-printable"


def _text_part(boundary: str, text: str) -> bytes:
    content = crlf(text) + b"\r\n"
    # Quoted-printable reads well as it is, and is short where most is ASCII.
    if len(content) - len(text) < len(content) // 6:
        return _part(boundary, "plain", _QUOTED, binascii.b2a_qp(content, istext=True))
    return _part(boundary, "plain", "base64", base64_lines(content))


def _part(boundary: str, subtype: str, coding: str, coded: bytes) -> bytes:
    head = (
        f"--{boundary}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: {coding}\r\n\r\n"
    )
    return head.encode() + coded


@lru_cache(maxsize=64)
def _date(second: datetime) -> str:
    return format_datetime(second.astimezone(UTC))


def _mailbox(phrase: str, address: str) -> str:
    return f"{phrase}<{address}>" if phrase else address


@lru_cache(maxsize=1024)
def _house(header: str, name: str) -> str:
    return _phrase(header, name)


def _phrase(header: str, name: str) -> str:
    words = clean(name)
    if not words:
        return ""
    if words.isascii() and "=?" not in words:
        quoted = words.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" '
    return f"{_words(header, words)}\r\n "


def _words(header: str, text: str) -> str:
    """Text as it may stand in a header: plain if short ASCII, else encoded words."""
    if text.isascii() and "=?" not in text and len(text) <= PLAIN_LENGTH:
        return text
    return encoded_words(header, text)
