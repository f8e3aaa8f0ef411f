"""The form around the words: greeting, closing, footer and the page, by language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup
from mjml import mjml2html
from pydantic import BaseModel, ConfigDict

from schemas.common import Purpose, Tone
from services.messenger.look import HOUSE_COLOUR, dark, light
from services.playbooks import markdown
from services.playbooks.markdown import (
    Block,
    Bullets,
    Button,
    Paragraph,
    Passage,
    spans_to_html,
)

FOLDER = Path(__file__).parent / "layouts"
# Keeps mail programs from showing the body's first line behind a short preheader.
_FILLER = Markup("&#847;&zwnj;&nbsp;" * 60)


class Greeting(BaseModel):
    """How a letter opens, with a name and without."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    named: str
    unnamed: str


class Short(BaseModel):
    """What stands around a short text. frame: with {brand}, {text} and {unsubscribe}.

    disclosures: in so few words, by code; what has none here makes a text impossible. stopped,
    help: what is answered to STOP and HELP, with {brand} and {reply_to}.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    frame: str
    stopped: str
    help: str
    disclosures: Mapping[str, str] = {}


class Discreet(BaseModel):
    """A letter that tells nobody what it is about; subject and preheader plain, body Markdown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: str
    preheader: str
    body: str


class Words(BaseModel):
    """One file of layouts/: what each letter in this language carries around its text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: str
    fonts: str
    between_sentences: str
    greetings: Mapping[Tone, Greeting]
    closings: Mapping[Tone, str]
    on_behalf: str
    sender: str
    reasons: Mapping[Purpose, str]
    helped: str
    it_helped: str
    it_did_not: str
    question: str
    unsubscribe: str
    preferences: str
    discreet: Discreet
    disclosures: Mapping[str, str] = {}
    short: Short


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around one letter's body. Plain text and complete addresses.

    initial: the headline's first letter. honeypot: a link for programs alone, if there is one.
    disclosed: sentences that the rules of the reader's place ask for. colour: the sender's.
    """

    subject: str
    preheader: str
    headline: str
    initial: str
    greeting: str
    closing: str
    brand: str
    about: str
    postal_address: str
    unsubscribe: str
    preferences: str
    helped: str
    not_helped: str
    pixel: str
    honeypot: str = ""
    disclosed: tuple[str, ...] = ()
    colour: str = HOUSE_COLOUR


@lru_cache(maxsize=32)
def words(locale: str) -> Words:
    """The words of a language that has a file in layouts/."""
    text = (FOLDER / f"{locale}.yaml").read_text(encoding="utf-8")
    return Words.model_validate(yaml.safe_load(text))


@lru_cache(maxsize=1)
def locales() -> frozenset[str]:
    """The languages that have a layout."""
    return frozenset(file.stem for file in FOLDER.glob("*.yaml"))


def to_html(blocks: Sequence[Block], locale: str, frame: Frame) -> str:
    """The whole letter as HTML; everything is escaped here."""
    look = light(frame.colour)
    link = f"color:{look.colour};text-decoration:underline;"
    return _page().render(
        words=words(locale),
        blocks=[_view(block, link) for block in blocks],
        filler=_FILLER,
        frame=frame,
        look=look,
        dark=dark(frame.colour),
    )


def passages(blocks: Sequence[Block], locale: str, frame: Frame) -> list[Passage]:
    """The whole letter as plain text, not folded yet."""
    chosen = words(locale)

    def labelled(label: str, address: str) -> str:
        return f"{label}{markdown.colon(label)}\n{address}"

    def line(text: str) -> Passage:
        return Passage(text, None, "\n")

    return [
        Passage(frame.greeting, None),
        *markdown.passages(blocks),
        Passage(f"{frame.closing}\n{frame.brand}", None),
        line("--"),
        line(chosen.helped),
        line(labelled(chosen.it_helped, frame.helped)),
        Passage(labelled(chosen.it_did_not, frame.not_helped), None),
        line(chosen.question),
        Passage(frame.about),
        *(Passage(sentence) for sentence in frame.disclosed),
        line(labelled(chosen.unsubscribe, frame.unsubscribe)),
        Passage(labelled(chosen.preferences, frame.preferences), None),
        line(frame.postal_address),
    ]


def compiled() -> str:
    """The layout as HTML that mail programs agree on; MJML carries the places of Jinja through."""
    return mjml2html((FOLDER / "mail.mjml").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _page() -> Template:
    """The layout, compiled once in a process."""
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    return environment.from_string(compiled())


def _view(block: Block, link: str) -> Mapping[str, object]:
    match block:
        case Paragraph(spans):
            return {"kind": "Paragraph", "html": Markup(spans_to_html(spans, link))}
        case Bullets(items):
            entries = [Markup(spans_to_html(item, link)) for item in items]
            return {"kind": "Bullets", "entries": entries}
        case Button(label, href, main):
            return {"kind": "Button", "label": label, "href": href, "main": main}
