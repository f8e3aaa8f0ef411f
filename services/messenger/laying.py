"""Lays a letter out once for all readers with whom its template takes the same turns."""

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.common import Purpose, Tone
from services.messenger.blanks import Blank, laid_out
from services.messenger.layout import Frame, words
from services.playbooks.model import Wording
from services.playbooks.turns import Reading, at, reading
from services.playbooks.wording import Clean, Slots, fill_slots

HEADLINE, INITIAL, SENDER, CREDITOR = "~headline", "~initial", "~sender", "~creditor"
NAME, HONEYPOT = "~name", "~honeypot"
"""Values of what stands around the body, besides the `~` addresses: no template can say them."""

MOST_KEPT = 2048
_KEPT: "dict[Hashable, Laid]" = {}


@dataclass(frozen=True, slots=True)
class Setting:
    """What a letter is laid out by, besides its words and values. disclosed: codes, sorted."""

    language: str
    tone: Tone
    purpose: Purpose
    colour: str
    postal_address: str
    disclosed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Laid:
    """A letter laid out; marks stand for what differs from reader to reader.

    fixed: what does not, by mark. sources: where the rest comes from: mark, path, and what the
    value goes through. own: marks of names and addresses, which are one reader's alone.
    """

    subject: str
    preheader: str
    blank: Blank
    fixed: Mapping[str, str]
    sources: tuple[tuple[str, str, Clean], ...]
    own: frozenset[str]

    def said(self, values: Mapping[str, Any]) -> dict[str, str]:
        """What stands for the marks in one letter."""
        return {
            **self.fixed,
            **{mark: clean(at(values, path)) for mark, path, clean in self.sources},
        }


def laid(wording: Wording, values: Mapping[str, Any], setting: Setting) -> Laid:
    """The letter laid out, for these values at least.

    Raises WordingError or UnsupportedMarkdown.
    """
    sources = wording.subject, wording.preheader, wording.body
    read = reading(sources)
    turn = read.turn(values)
    if turn is None:
        return _lay_out(sources, read, values, setting)
    some = values[NAME] is None, values[HONEYPOT] is None
    around = values["locale"], values[SENDER] == values[CREDITOR], some
    key = sources, setting, around, turn
    kept = _KEPT.get(key)
    if kept is None:
        kept = _lay_out(sources, read, values, setting)
        if len(_KEPT) >= MOST_KEPT:
            # Seldom; and simpler than to know which was not asked for longest.
            _KEPT.clear()
        _KEPT[key] = kept
    return kept


def _lay_out(
    sources: tuple[str, str, str], read: Reading, values: Mapping[str, Any], setting: Setting
) -> Laid:
    slots, told = Slots(), read.told(values)
    subject = fill_slots(sources[0], told, slots, markdown=False)
    preheader = fill_slots(sources[1], told, slots, markdown=False)
    body = fill_slots(sources[2], told, slots, markdown=True)
    frame = _frame(setting, values, subject, preheader, slots)
    return Laid(
        subject,
        preheader,
        laid_out(body, setting.language, frame, _answers(values["choices"], slots)),
        {mark: value for mark, value in slots.values.items() if mark not in slots.sources},
        tuple((mark, *source) for mark, source in slots.sources.items()),
        frozenset(
            mark
            for mark, value in slots.values.items()
            if value.startswith("http") or slots.sources.get(mark, ("",))[0] in ("name", NAME)
        ),
    )


def _answers(choices: Mapping[str, str], slots: Slots) -> frozenset[str]:
    """The marks of one-tap answers' addresses."""
    if not choices:
        return frozenset()
    answers = set(choices.values())
    return frozenset(mark for mark, value in slots.values.items() if value in answers)


def _frame(
    setting: Setting, values: Mapping[str, Any], subject: str, preheader: str, slots: Slots
) -> Frame:
    """What stands around the body, with a mark for each value."""
    chosen = words(setting.language)

    def mark(path: str) -> str:
        return slots.take(values[path], path)

    initial, headline = mark(INITIAL), mark(HEADLINE)
    sender, creditor = mark(SENDER), mark(CREDITOR)
    opening = chosen.greetings[setting.tone]
    about = (
        chosen.sender if values[SENDER] == values[CREDITOR] else chosen.on_behalf,
        chosen.reasons[setting.purpose],
    )
    unnamed = values[NAME] is None
    return Frame(
        subject=subject,
        preheader=preheader,
        headline=headline,
        initial=initial,
        greeting=opening.unnamed if unnamed else opening.named.replace("{name}", mark(NAME)),
        closing=chosen.closings[setting.tone],
        brand=sender,
        about=_said(chosen.between_sentences.join(about), brand=sender, creditor=creditor),
        postal_address=slots.take(setting.postal_address),
        unsubscribe=mark("~unsubscribe"),
        preferences=mark("~preferences"),
        helped=mark("~helped"),
        not_helped=mark("~not_helped"),
        pixel=mark("~pixel"),
        honeypot="" if values[HONEYPOT] is None else mark(HONEYPOT),
        disclosed=tuple(
            _said(chosen.disclosures[code], brand=sender, creditor=creditor)
            for code in setting.disclosed
        ),
        colour=setting.colour,
    )


def _said(sentence: str, **names: str) -> str:
    """The sentence with its {names} filled in, in one pass: a name is never read as a field."""
    return re.sub(r"{(\w+)}", lambda found: names[found[1]], sentence)
