"""The colours of a letter: one of the sender's own, and all that follows from it.

Contrast is by WCAG 2.2, success criterion 1.4.3: 4.5 to 1 for text of this size. The sender's
colour is darkened for white paper, and lightened for dark, until it reaches that; so there is no
brand in whose colour a letter can't be read.
"""

import colorsys
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

LEAST_CONTRAST: Final = 4.5
HOUSE_COLOUR: Final = "#1d5c4d"
_STEP = 0.02
_WHITE, _BLACK = "#ffffff", "#10201b"


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as `#rrggbb`.

    page: behind the card; card: behind the text; ink: text; soft: the foot's text; colour: the
    sender's, of links and the main button; on_colour: upon it; crest: behind the initial; line,
    rule, edge: borders, which carry no meaning.
    """

    page: str
    card: str
    ink: str
    soft: str
    colour: str
    on_colour: str
    crest: str
    line: str
    rule: str
    edge: str

    def pairs(self) -> dict[str, tuple[str, str]]:
        """What is read upon what: by name, text and ground."""
        return {
            "text": (self.ink, self.card),
            "foot": (self.soft, self.page),
            "link": (self.colour, self.card),
            "initial": (self.colour, self.crest),
            "main button": (self.on_colour, self.colour),
        }


@lru_cache(maxsize=64)
def light(colour: str) -> Palette:
    """The colours on light ground for a sender's colour."""
    card, crest = "#fffefb", _mixed(colour, "#ffffff", 0.1)
    own = _readable(colour, (card, crest, _WHITE), darker=True)
    return Palette(
        page="#f4f2ec",
        card=card,
        ink="#1f2a27",
        soft="#56625e",
        colour=own,
        on_colour=_WHITE,
        crest=crest,
        line="#ddd8cc",
        rule="#e8e4da",
        edge=_mixed(own, "#ffffff", 0.28),
    )


@lru_cache(maxsize=64)
def dark(colour: str) -> Palette:
    """The same on dark ground, for readers who ask for it."""
    card = "#1b2521"
    crest = _mixed(colour, card, 0.25)
    own = _readable(colour, (card, crest, _BLACK), darker=False)
    return Palette(
        page="#121a17",
        card=card,
        ink="#e8eeeb",
        soft="#a9b6b1",
        colour=own,
        on_colour=_BLACK,
        crest=crest,
        line="#4e6a61",
        rule="#33403b",
        edge="#4e6a61",
    )


def contrast(one: str, other: str) -> float:
    """The ratio of two colours' luminances, 1 to 21 (WCAG 2.2, `contrast ratio`)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """WCAG 2.2, `relative luminance`."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in _parts(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _readable(colour: str, grounds: tuple[str, ...], *, darker: bool) -> str:
    hue, lightness, saturation = colorsys.rgb_to_hls(*_parts(colour))
    shown = colour
    while min(contrast(shown, ground) for ground in grounds) < LEAST_CONTRAST:
        lightness += -_STEP if darker else _STEP
        if not 0.0 <= lightness <= 1.0:
            break
        shown = _text(colorsys.hls_to_rgb(hue, lightness, saturation))
    return shown


def _mixed(colour: str, with_: str, share: float) -> str:
    pairs = zip(_parts(colour), _parts(with_), strict=True)
    return _text(tuple(one * share + other * (1 - share) for one, other in pairs))


def _parts(colour: str) -> tuple[float, float, float]:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red / 255, green / 255, blue / 255


def _text(parts: tuple[float, ...]) -> str:
    return "#" + bytes(round(part * 255) for part in parts).hex()
