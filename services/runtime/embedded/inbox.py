"""What the mail catcher caught: messages in memory, newest kept, read as a mail program would."""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from functools import cached_property
from html.parser import HTMLParser
from typing import Any

KEPT_MESSAGES = 10_000
KEPT_BYTES = 256 * 2**20
URL = re.compile(r"https?://[^\s<>\"'\)\]]+")


@dataclass(frozen=True)
class Message:
    """One message as the relay took it: `number` counts from 1, `received_at` is real time."""

    number: int
    received_at: datetime
    sender: str
    recipients: tuple[str, ...]
    raw: bytes

    @cached_property
    def parsed(self) -> EmailMessage:
        """The message by the `email` package; malformed parts are left as they are."""
        parsed = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @cached_property
    def subject(self) -> str:
        """The decoded subject; empty where there is none."""
        return str(self.parsed["subject"] or "")

    @cached_property
    def date(self) -> datetime | None:
        """The instant in the header `Date`, which is the sender's business time."""
        try:
            return parsedate_to_datetime(str(self.parsed["date"]))
        except ValueError:
            return None

    @cached_property
    def text(self) -> str | None:
        """The plain text part."""
        return self._body("plain")

    @cached_property
    def html(self) -> str | None:
        """The HTML part."""
        return self._body("html")

    @cached_property
    def links(self) -> list[str]:
        """Addresses a reader can follow, in order, each once: the HTML part's, then the text's."""
        found = _Anchors.of(self.html) if self.html else []
        return list(dict.fromkeys([*found, *URL.findall(self.text or "")]))

    def summary(self) -> dict[str, Any]:
        """What a list shows."""
        return {
            "number": self.number,
            "received_at": self.received_at.isoformat(),
            "from": str(self.parsed["from"] or self.sender),
            "to": list(self.recipients),
            "subject": self.subject,
            "date": self.date.isoformat() if self.date else None,
            "message_id": str(self.parsed["message-id"] or ""),
            "bytes": len(self.raw),
        }

    def full(self) -> dict[str, Any]:
        """All of it, decoded. Of a header that occurs more than once, the first."""
        headers: dict[str, str] = {}
        for name, value in self.parsed.items():
            headers.setdefault(name, str(value))
        return self.summary() | {
            "headers": headers,
            "text": self.text,
            "html": self.html,
            "links": self.links,
        }

    def _body(self, kind: str) -> str | None:
        part = self.parsed.get_body((kind,))
        if part is None:
            return None
        try:
            return str(part.get_content())
        except (LookupError, KeyError):  # an unknown charset or a part that is no text
            return None


class Inbox:
    """The newest messages, at most so many and so many bytes; the count goes on."""

    def __init__(self, messages: int = KEPT_MESSAGES, size: int = KEPT_BYTES) -> None:
        self._kept: deque[Message] = deque()
        self._limit = messages
        self._size_limit = size
        self._size = 0
        self.count = 0

    def add(
        self, received_at: datetime, sender: str, recipients: Sequence[str], raw: bytes
    ) -> Message:
        """Keep a message; the oldest go where it is too much."""
        self.count += 1
        message = Message(self.count, received_at, sender, tuple(recipients), raw)
        self._kept.append(message)
        self._size += len(raw)
        while len(self._kept) > self._limit or (
            self._size > self._size_limit and len(self._kept) > 1
        ):
            self._size -= len(self._kept.popleft().raw)
        return message

    def clear(self) -> None:
        """Forget the messages; numbers go on."""
        self._kept.clear()
        self._size = 0

    def get(self, number: int) -> Message | None:
        """The message of that number, if it is still kept."""
        if not self._kept:
            return None
        place = number - self._kept[0].number
        return self._kept[place] if 0 <= place < len(self._kept) else None

    def find(self, *, to: str = "", search: str = "", since: int = 0) -> Iterator[Message]:
        """Newest first: those above number `since`, for recipient `to`, with the words `search`.

        Words are looked for in subject, sender and recipients, without regard to case.
        """
        wanted, words = to.strip().lower(), search.lower().split()
        for message in reversed(self._kept):
            if message.number <= since:
                return
            if wanted and wanted not in (one.lower() for one in message.recipients):
                continue
            if words:
                place = " ".join(
                    (message.subject, str(message.parsed["from"]), *message.recipients)
                ).lower()
                if not all(word in place for word in words):
                    continue
            yield message


class _Anchors(HTMLParser):
    """Collects what `a` and `area` elements point at."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    @classmethod
    def of(cls, html: str) -> list[str]:
        """The http(s) targets in document order."""
        parser = cls()
        parser.feed(html)
        return [target for target in parser.found if target.startswith(("http://", "https://"))]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("a", "area"):
            self.found.extend(value for name, value in attrs if name == "href" and value)
