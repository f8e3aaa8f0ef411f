"""The readable part of a mail: bounded in size, depth and number of parts; nothing is unpacked."""

import re
from collections.abc import Iterator
from email.message import Message
from html.parser import HTMLParser
from typing import NamedTuple

MOST_PARTS = 100
DEEPEST = 10
LONGEST_TEXT = 100_000

_ALIASES = {"gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "shift_jis": "cp932",
            "iso-2022-jp": "iso2022_jp_ext", "ks_c_5601-1987": "cp949"}  # fmt: skip
_TEXTS = ("text/plain", "text/html")


class Readable(NamedTuple):
    """What a person can read of a mail. attachments: how many other parts there were."""

    text: str
    attachments: int


class TooDeep(ValueError):
    """A mail nested or divided beyond any sense."""


def readable(mail: Message) -> Readable:
    """The first plain text, else the first HTML as text. Raises TooDeep."""
    found: dict[str, str] = {}
    attachments = 0
    for part in leaves(mail):
        kind = part.get_content_type()
        attached = part.get_content_disposition() == "attachment" or part.get_filename()
        if kind not in _TEXTS or attached:
            attachments += 1
        elif kind not in found:
            found[kind] = text_of(part)
    plain = found.get("text/plain", "")
    text = plain if plain.strip() else plain_text(found.get("text/html", ""))
    return Readable(text[:LONGEST_TEXT], attachments)


def leaves(mail: Message, depth: int = 0) -> Iterator[Message]:
    """The parts that hold no others; what another mail holds is its own. Raises TooDeep."""
    for counted, part in enumerate(_leaves(mail, depth)):
        if counted >= MOST_PARTS:
            raise TooDeep("too_many_parts")
        yield part


def _leaves(part: Message, depth: int) -> Iterator[Message]:
    if depth > DEEPEST:
        raise TooDeep("nested_too_deep")
    inner = part.get_payload() if part.is_multipart() else None
    if part.get_content_maintype() == "multipart" and isinstance(inner, list):
        for one in inner:
            if isinstance(one, Message):
                yield from _leaves(one, depth + 1)
    else:
        yield part


def text_of(part: Message) -> str:
    """The part's text; what its charset can't read is shown as such and never raises."""
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    charset = str(part.get_content_charset() or "utf-8").lower()
    for name in (_ALIASES.get(charset, charset), "utf-8"):
        try:
            return content.decode(name)
        except (LookupError, UnicodeError, ValueError):
            continue
    return content.decode("utf-8", "replace")


def plain_text(html: str) -> str:
    """HTML as a person reads it, without what it quotes."""
    reader = _Reader()
    reader.feed(html[: 4 * LONGEST_TEXT])
    reader.close()
    return re.sub(r"\n{3,}", "\n\n", "".join(reader.written)).strip()


class _Reader(HTMLParser):
    _BREAKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "hr"})
    _VOID = frozenset({"br", "hr", "img", "meta", "link", "input", "wbr"})
    _PASSED = frozenset({"script", "style", "head", "blockquote", "title"})
    _QUOTES = ("gmail_quote", "yahoo_quoted", "moz-cite-prefix", "divrplyfwdmsg")

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.written: list[str] = []
        self._passing = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = " ".join(value or "" for key, value in attrs if key in ("class", "id")).lower()
        quotes = tag in self._PASSED or any(name in named for name in self._QUOTES)
        if tag in self._VOID:
            quotes = False
        elif self._passing or quotes:
            self._passing += 1
        if tag in self._BREAKS and not self._passing:
            self.written.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self._passing and tag not in self._VOID:
            self._passing -= 1

    def handle_data(self, data: str) -> None:
        if not self._passing:
            self.written.append(data)
