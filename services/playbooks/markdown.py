"""A letter's body: from Markdown to blocks, and from the same blocks to HTML and to plain text.

What can be written is little on purpose: paragraphs, lists, emphasis and links. A paragraph that
is nothing but a link is a button.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from html import escape
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

_WIDTH = 72
_WIDE = re.compile(r"[\u3000-\u9fff\uff00-\uffef]")


class UnsupportedMarkdown(ValueError):
    """The template uses something that a letter has no form for."""


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text. `strong`, `em`: emphasis; `href`: where it leads, if it is a link."""

    text: str
    strong: bool = False
    em: bool = False
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Bullets:
    """An unordered list."""

    items: tuple[tuple[Span, ...], ...]


@dataclass(frozen=True, slots=True)
class Button:
    """A link that stands alone. The first of a letter is the main thing to do."""

    label: str
    href: str
    main: bool


Block = Paragraph | Bullets | Button


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    return MarkdownIt("zero", {"html": False}).enable(["list", "emphasis", "link", "escape"])


def parse(source: str) -> tuple[Block, ...]:
    """The blocks of a body. Raises UnsupportedMarkdown."""
    blocks: list[Block] = []
    items: list[tuple[Span, ...]] | None = None
    for token in _parser().parse(source):
        if token.type == "bullet_list_open":
            items = []
        elif token.type == "bullet_list_close":
            blocks.append(Bullets(tuple(items or ())))
            items = None
        elif token.type == "inline":
            spans = _merged(_spans(token.children or []))
            if items is not None:
                items.append(spans)
            elif len(spans) == 1 and (href := spans[0].href):
                main = not any(isinstance(block, Button) for block in blocks)
                blocks.append(Button(spans[0].text, href, main))
            elif spans:
                blocks.append(Paragraph(spans))
        elif token.type not in _SILENT:
            raise UnsupportedMarkdown(f"a letter has no form for {token.type}")
    return tuple(blocks)


_SILENT = {"paragraph_open", "paragraph_close", "list_item_open", "list_item_close"}


def _spans(tokens: Sequence[Token]) -> Iterator[Span]:
    strong = em = False
    href: str | None = None
    for token in tokens:
        match token.type:
            case "text" | "text_special":
                if token.content:
                    yield Span(token.content, strong, em, href)
            case "softbreak":
                yield Span(" ", strong, em, href)
            case "strong_open" | "strong_close":
                strong = token.type == "strong_open"
            case "em_open" | "em_close":
                em = token.type == "em_open"
            case "link_open":
                href = str(token.attrGet("href"))
            case "link_close":
                href = None
            case other:
                raise UnsupportedMarkdown(f"a letter has no form for {other}")


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Neighbours of the same kind as one: the parser parts text at every escaped character."""
    merged: list[Span] = []
    for span in spans:
        if merged and replace(merged[-1], text="") == replace(span, text=""):
            merged[-1] = replace(span, text=merged[-1].text + span.text)
        else:
            merged.append(span)
    return tuple(merged)


def spans_to_html(spans: Sequence[Span], link_style: str) -> str:
    """Inline HTML; every character of the text is escaped."""
    parts: list[str] = []
    for span in spans:
        text = escape(span.text)
        text = f"<em>{text}</em>" if span.em else text
        text = f"<strong>{text}</strong>" if span.strong else text
        if span.href:
            text = f'<a href="{escape(span.href)}" style="{link_style}">{text}</a>'
        parts.append(text)
    return "".join(parts)


class Passage(NamedTuple):
    """A run of plain text that stands on lines of its own.

    indent: of its second line and those that follow; None: its line is not folded. after: what
    parts it from the next.
    """

    text: str
    indent: str | None = ""
    after: str = "\n\n"

    def folded(self, text: str) -> str:
        """Its lines, `text` being what it says, and what parts them from the next."""
        lines = text if self.indent is None else fold(text, indent=self.indent)
        return lines + self.after


def to_text(blocks: Sequence[Block]) -> str:
    """The blocks as plain text. Long lines are folded, but for addresses and East Asian text."""
    text = "".join(one.folded(one.text) for one in passages(blocks))
    return text.removesuffix("\n\n").replace("\u00a0", " ")


def passages(blocks: Sequence[Block]) -> list[Passage]:
    """The blocks as passages of plain text, not folded yet."""
    found: list[Passage] = []
    for block in blocks:
        match block:
            case Paragraph(spans):
                found.append(Passage(_inline_text(spans)))
            case Bullets(items):
                found += [Passage(f"- {_inline_text(item)}", "  ", "\n") for item in items]
                found[-1] = found[-1]._replace(after="\n\n")
            case Button(label, href):
                found.append(Passage(f"{label}{colon(label)}\n{href}", None))
    return found


def colon(label: str) -> str:
    """The colon that goes with a label's script."""
    return "：" if _WIDE.search(label) else ":"


def fold(text: str, *, indent: str = "") -> str:
    """A paragraph in lines of at most 72 columns; text without spaces between words stays.

    Several times as fast as textwrap, which the sender had no time for.
    """
    if _WIDE.search(text):
        return text
    lines: list[str] = []
    line, width = "", 0
    for word in filter(None, text.replace("\n", " ").split(" ")):
        if line and width + 1 + len(word) > _WIDTH:
            lines.append(line)
            line, width = f"{indent}{word}", len(indent) + len(word)
        else:
            line = f"{line} {word}" if line else word
            width = len(line)
    return "\n".join([*lines, line])


def _inline_text(spans: Sequence[Span]) -> str:
    return "".join(f"{s.text} ({s.href})" if s.href else s.text for s in spans)
