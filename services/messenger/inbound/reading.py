"""A mail as it came in: what kind it is, and what it says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import getaddresses

from services.messenger.inbound import parts, reports

CONSIDERED_BYTES = 1 << 20
"""Nothing beyond is looked at: what a person writes comes first."""
_MOST_BOUNDARIES = 200
_MOST_DASHED_LINES = 1000


@dataclass(frozen=True, slots=True)
class Incoming:
    """One mail. references: left sides of the Message-IDs that it answers, the nearest first."""

    subject: str
    sender: str
    recipients: tuple[str, ...]
    references: tuple[str, ...]
    text: str = ""
    attachments: int = 0
    automatic: bool = False
    bounce: reports.Bounce | None = None
    complaint: reports.Complaint | None = None


class Unreadable(ValueError):
    """A mail that is not worth the risk of reading; the text is a code."""


def read(content: bytes) -> Incoming:
    """What the bytes say. Raises Unreadable."""
    considered = content[:CONSIDERED_BYTES]
    lowered = considered.lower()
    # The parser goes down by calling itself.
    nested = lowered.count(b"boundary=") + lowered.count(b"message/rfc822")
    if nested > _MOST_BOUNDARIES or considered.count(b"\n--") > _MOST_DASHED_LINES:
        raise Unreadable("nested_too_deep")
    try:
        return _read(BytesParser(policy=compat32).parsebytes(considered))
    except (RecursionError, parts.TooDeep) as error:
        raise Unreadable("nested_too_deep") from error
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, IndexError) as error:
        raise Unreadable("malformed") from error


def _read(mail: Message) -> Incoming:
    complaint = reports.complaint_in(mail)
    bounce = None if complaint else reports.bounce_in(mail)
    incoming = Incoming(
        subject=_words(mail.get("Subject")),
        sender=_first_address(mail.get_all("From", [])),
        recipients=_addresses(mail, "Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc"),
        references=_references(mail),
        automatic=reports.is_automatic(mail),
        bounce=bounce,
        complaint=complaint,
    )
    if complaint or bounce:
        returned = (*reports.returned_ids(mail), *incoming.references)
        return replace(incoming, references=returned)
    text, attachments = parts.readable(mail)
    return replace(incoming, text=text, attachments=attachments)


def _references(mail: Message) -> tuple[str, ...]:
    nearest = reports.message_ids(str(mail.get("In-Reply-To", "")))
    earlier = reports.message_ids(str(mail.get("References", "")))
    return tuple(dict.fromkeys((*nearest, *reversed(earlier))))


def _addresses(mail: Message, *headers: str) -> tuple[str, ...]:
    values = [str(value) for name in headers for value in mail.get_all(name, [])][:20]
    return tuple(address for _, address in getaddresses(values) if "@" in address)[:50]


def _first_address(values: Sequence[object]) -> str:
    found = getaddresses([str(value) for value in values[:1]])
    return found[0][1] if found else ""


def _words(header: object) -> str:
    try:
        return str(make_header(decode_header(str(header or ""))))[:500]
    except (LookupError, UnicodeError, ValueError, MessageError):
        return ""
