"""Reports by machines: RFC 3464 bounces, found by flufl.bounce, and RFC 5965 complaints."""

import logging
import re
from collections.abc import Iterator
from email.message import Message
from typing import Literal, NamedTuple

from flufl.bounce import all_failures

from services.messenger.inbound.parts import DEEPEST, text_of
from services.messenger.rules.bounces import status_in

# It tells of each detector that it tries.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)

_MESSAGE_ID = re.compile(r"<?([^<>@\s]{1,200})@[^<>\s]{1,255}>?")
_RETURNED = ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers")
_LOOKED_AT = 20_000

Action = Literal["failed", "delayed", "delivered"]


class Bounce(NamedTuple):
    """A delivery report. failed: what was tried came to nothing. status: RFC 3463, if told."""

    action: Action
    status: str | None


class Complaint(NamedTuple):
    """A feedback report; kind: abuse, fraud, not-spam, opt-out and so on."""

    kind: str


def bounce_in(mail: Message) -> Bounce | None:
    """What a delivery report says; None where the mail is none."""
    statuses = list(_recipients(mail))
    if statuses:
        failed = next((one for one in statuses if one.action == "failed"), None)
        return failed or statuses[0]
    if not _from_a_machine(mail):
        return None
    try:
        temporary, permanent = all_failures(mail)
    except Exception:
        # Its detectors trust what they look at; a report they stumble over is left to a person.
        return Bounce("failed", _status_in_text(mail))
    if permanent or temporary:
        told = _status_in_text(mail)
        return Bounce("failed" if permanent or (told or "").startswith("5") else "delayed", told)
    return None


def complaint_in(mail: Message) -> Complaint | None:
    """What a feedback report says; None where the mail is none."""
    for part in _parts(mail):
        if part.get_content_type() == "message/feedback-report":
            fields = _fields(part)
            return Complaint(fields.get("feedback-type", "abuse").strip().lower()[:40])
    return None


def returned_ids(mail: Message) -> list[str]:
    """Left sides of the Message-IDs of the mails that a report gives back."""
    found: list[str] = []
    for part in _parts(mail):
        if part.get_content_type() in _RETURNED:
            header = next((one.get("Message-ID", "") for one in _messages(part)), "")
            found += message_ids(str(header) or _header_in(text_of(part)))
    return found


def message_ids(header: str) -> list[str]:
    """Left sides of the Message-IDs in a header."""
    return [match[1] for match in _MESSAGE_ID.finditer(header[:4000])][-20:]


def is_automatic(mail: Message) -> bool:
    """Whether a program wrote it in somebody's absence (RFC 3834, and older habits)."""
    submitted = str(mail.get("Auto-Submitted", "no")).partition(";")[0].strip().lower()
    precedence = str(mail.get("Precedence", "")).strip().lower()
    return (
        submitted not in ("", "no")
        or precedence in ("bulk", "junk", "list", "auto_reply")
        or mail.get("X-Autoreply") is not None
        or mail.get("X-Autorespond") is not None
    )


def _from_a_machine(mail: Message) -> bool:
    """Whether it may be a report without form: only then is its text searched for one."""
    sender = str(mail.get("From", "")).lower()
    return (
        is_automatic(mail)
        or mail.get_content_type() == "multipart/report"
        or str(mail.get("Return-Path", "")).strip() == "<>"
        or any(name in sender for name in ("mailer-daemon", "postmaster", "mail delivery"))
    )


def _recipients(mail: Message) -> Iterator[Bounce]:
    for part in _parts(mail):
        if part.get_content_type() != "message/delivery-status":
            continue
        for block in _messages(part):
            action = str(block.get("Action", "")).strip().lower()
            if not action:
                continue
            status = status_in(str(block.get("Status", "")))
            told = status_in(str(block.get("Diagnostic-Code", "")))
            # `5.0.0` says nothing; what the other side said is worth more.
            best = told if status is None or (told and status.endswith(".0.0")) else status
            if action in ("failed", "delayed"):
                yield Bounce("failed" if action == "failed" else "delayed", best)
            elif action in ("delivered", "relayed", "expanded"):
                yield Bounce("delivered", best)


def _status_in_text(mail: Message) -> str | None:
    for part in _parts(mail):
        if part.get_content_maintype() == "text" and (
            told := status_in(text_of(part)[:_LOOKED_AT])
        ):
            return told
    return None


def _parts(part: Message, depth: int = 0) -> Iterator[Message]:
    yield part
    if depth < DEEPEST and part.get_content_maintype() == "multipart":
        for one in _messages(part)[:50]:
            yield from _parts(one, depth + 1)


def _fields(part: Message) -> dict[str, str]:
    blocks = _messages(part)
    fields = {str(name).lower(): str(value) for block in blocks for name, value in block.items()}
    text = "\n".join(_texts(blocks)) if blocks else text_of(part)
    for line in text.splitlines()[:100]:
        name, colon, value = line.partition(":")
        if colon:
            fields.setdefault(name.strip().lower(), value)
    return fields


def _messages(part: Message) -> list[Message]:
    inner = part.get_payload() if part.is_multipart() else None
    return [one for one in inner if isinstance(one, Message)] if isinstance(inner, list) else []


def _texts(blocks: list[Message]) -> Iterator[str]:
    for block in blocks:
        body = block.get_payload()
        if isinstance(body, str):
            yield body


def _header_in(text: str) -> str:
    found = re.search(r"^message-id:\s*(\S{3,500})", text[:_LOOKED_AT], re.IGNORECASE | re.M)
    return found[1] if found else ""
