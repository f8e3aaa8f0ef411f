"""Letters with blanks: what is the same for all readers of a wording is made once and kept.

Laying a letter out takes a millisecond; filling in the blanks of one that is laid out, a tenth of
it. The marks of `services.playbooks.wording.Slots` stand where the blanks are.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from markupsafe import escape

from services.messenger.layout import Frame, passages, to_html
from services.messenger.mime import quoted, quoted_line
from services.playbooks.markdown import Block, Button, Passage, parse
from services.playbooks.wording import MARK

Pieces = tuple[str, ...]
"""Text in pieces: every second one is a mark."""


class Page(NamedTuple):
    """A letter with its values, by mark: HTML in pieces of `mime.quoted`, and plain text."""

    html_quoted: bytes
    text: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Blank:
    """One letter, laid out, with marks for values.

    quoted: of `html`, what is no mark, encoded. marks: those in `html`.
    """

    html: Pieces
    quoted: tuple[bytes, ...]
    marks: frozenset[str]
    text: tuple[tuple[Pieces, Passage] | str, ...]

    def fill(self, values: Mapping[str, str], own: Collection[str] = ()) -> Page:
        """The letter with these values, each on one line, by mark; escaped where HTML wants it.

        own: marks of values that are the reader's own, or new in each letter: others come again.
        """
        coded = {
            mark: (_coded if mark in own else _coded_again)(values[mark]) for mark in self.marks
        }
        whole = [b""] * len(self.html)
        whole[::2] = self.quoted
        whole[1::2] = [coded[mark] for mark in self.html[1::2]]
        text = "".join(
            [
                one if isinstance(one, str) else one[1].folded(_filled(one[0], values))
                for one in self.text
            ]
        )
        return Page(b"".join(whole), text.replace("\u00a0", " "), values)

    def read(self, page: Page) -> str:
        """The page's HTML."""
        return _filled(self.html, {mark: _escaped(page.values[mark]) for mark in self.marks})


def _coded(value: str) -> bytes:
    return quoted_line(_escaped(value))


@lru_cache(maxsize=8192)
def _coded_again(value: str) -> bytes:
    return _coded(value)


def _escaped(value: str) -> str:
    return str(escape(value))


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its values in it."""
    return _filled(_pieces(text), values)


@lru_cache(maxsize=512)
def laid_out(body: str, language: str, frame: Frame, answers: frozenset[str]) -> Blank:
    """The letter laid out; all with marks for values. Raises UnsupportedMarkdown.

    body: Markdown. answers: the marks of one-tap answers' addresses.
    """
    blocks = _ranked(parse(body), answers)
    html = _pieces(to_html(blocks, language, frame))
    return Blank(
        html,
        tuple(map(quoted, html[::2])),
        frozenset(html[1::2]),
        tuple(_folded(passages(blocks, language, frame))),
    )


def _folded(text: Iterable[Passage]) -> Iterator[tuple[Pieces, Passage] | str]:
    """What has no mark in it is folded once for all, and joined with what follows."""
    same = ""
    for passage in text:
        pieces = _pieces(passage.text)
        if len(pieces) == 1:
            same += passage.folded(passage.text)
            continue
        if same:
            yield same
            same = ""
        yield pieces, passage
    yield same


def _ranked(blocks: Sequence[Block], answers: frozenset[str]) -> Sequence[Block]:
    """One-tap answers look alike: the first of them is not the one we would rather hear."""
    return [
        replace(block, main=False) if isinstance(block, Button) and block.href in answers else block
        for block in blocks
    ]


def _pieces(text: str) -> Pieces:
    return tuple(MARK.split(text))


def _filled(pieces: Pieces, values: Mapping[str, str]) -> str:
    if len(pieces) == 1:
        return pieces[0]
    whole = list(pieces)
    for index in range(1, len(whole), 2):
        whole[index] = values[whole[index]]
    return "".join(whole)
