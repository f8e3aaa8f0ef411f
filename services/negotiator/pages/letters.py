"""A letter's text part as it stands on a page: paragraphs that fit any screen, and links by name.

The text part breaks its lines for mail programs, and puts each link on a line below its name. On a
page the first is undone, and the second becomes a link.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

WIDTH = 72
"""Columns after which the text part breaks a line (`services.playbooks.markdown`)."""
SIGNATURE = "--"
"""What parts a mail from what stands below it; a page has no use for it."""
_LINK = re.compile(r"https?://[^\s<>\"]+")
_NAME = re.compile(r"(.+?)\s*[:：]")
_AFTER_LINK = ".,;:!?)]}'。、，；：！？）」』】"
"""What ends a sentence and not a link."""
_UNSPACED = re.compile(r"[\u3000-\u9fff\uf900-\ufaff\uff00-\uffef]")
"""Chinese and Japanese, whose lines are not broken at spaces."""


class Piece(NamedTuple):
    """Words, or the name of a link to `url`."""

    text: str
    url: str | None = None


Line = list[Piece]


def paragraphs(text: str) -> list[list[Line]]:
    """The text's paragraphs, of lines, of pieces; a link without a name is named by its host."""
    blocks = re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip())
    found = (list(_lines(_joined(block.split("\n")))) for block in blocks)
    return [lines for lines in found if lines]


def _joined(lines: Sequence[str]) -> list[str]:
    """The lines, those put together that only the mail's width had parted."""
    found: list[str] = []
    last = ""
    for line in lines:
        words = line.split()
        if not words or line.strip() == SIGNATURE:
            continue
        if found and _was_broken(last, words[0]):
            found[-1] = f"{found[-1]} {' '.join(words)}"
        else:
            found.append(line.rstrip())
        last = line.rstrip()
    return found


def _was_broken(line: str, word: str) -> bool:
    """Whether the word would have stood on the line, had there been room."""
    if _LINK.search(line) or _LINK.match(word) or _UNSPACED.search(line[-1:] + word[:1]):
        return False
    return len(line) + 1 + len(word) > WIDTH


def _lines(lines: Sequence[str]) -> Iterator[Line]:
    name: str | None = None
    for line, follows in zip(lines, [*lines, ""][1:], strict=True):
        link = _LINK.fullmatch(follows.strip())
        named = _NAME.fullmatch(line.strip())
        if name is not None:
            yield [Piece(name, line.strip())]
            name = None
        elif link and named:
            name = named[1]
        else:
            yield list(_pieces(line))


def _pieces(line: str) -> Iterator[Piece]:
    done = 0
    for found in _LINK.finditer(line):
        url = found[0].rstrip(_AFTER_LINK)
        if found.start() > done:
            yield Piece(line[done : found.start()])
        yield Piece(url.split("/")[2], url)
        done = found.start() + len(url)
    if done < len(line):
        yield Piece(line[done:])
