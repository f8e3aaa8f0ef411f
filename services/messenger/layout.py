"""The form around the words: greeting, closing, footer and the page, by language."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict

from schemas.common import Purpose, Tone
from services.messenger.markdown import Block, Bullets, Button, Paragraph, spans_to_html

_FOLDER = Path(__file__).parent / "layouts"
_LINK = "color:#1d5c4d;text-decoration:underline;"
# Keeps mail programs from showing the body's first line behind a short preheader.
_FILLER = Markup("&#847;&zwnj;&nbsp;" * 60)


class Greeting(BaseModel):
    """How a letter opens, with a name and without."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    named: str
    unnamed: str


class Words(BaseModel):
    """One file of layouts/: what each letter in this language carries around its text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: str
    fonts: str
    greetings: Mapping[Tone, Greeting]
    closings: Mapping[Tone, str]
    on_behalf: str
    sender: str
    reasons: Mapping[Purpose, str]
    question: str
    unsubscribe: str
    preferences: str


class Footer(BaseModel):
    """The foot of one letter, its words chosen."""

    model_config = ConfigDict(frozen=True)

    question: str
    sender: str
    reason: str
    unsubscribe: str
    preferences: str
    postal_address: str


@lru_cache(maxsize=32)
def words(locale: str) -> Words:
    """The words of a language that has a file in layouts/."""
    text = (_FOLDER / f"{locale}.yaml").read_text(encoding="utf-8")
    return Words.model_validate(yaml.safe_load(text))


@lru_cache(maxsize=1)
def locales() -> frozenset[str]:
    """The languages that have a layout."""
    return frozenset(file.stem for file in _FOLDER.glob("*.yaml"))


@lru_cache(maxsize=1)
def _page() -> Any:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("mail.html")


def page(blocks: Sequence[Block], locale: str, **parts: object) -> str:
    """The whole HTML. `parts`: subject, preheader, headline, greeting, closing, brand, footer
    and pixel; all text, escaped here."""
    html: str = _page().render(
        words=words(locale), blocks=[_view(block) for block in blocks], filler=_FILLER, **parts
    )
    return html


def _view(block: Block) -> Mapping[str, object]:
    match block:
        case Paragraph(spans):
            return {"kind": "Paragraph", "html": Markup(spans_to_html(spans, _LINK))}
        case Bullets(items):
            rendered = [Markup(spans_to_html(item, _LINK)) for item in items]
            return {"kind": "Bullets", "entries": rendered}
        case Button(label, href, main):
            return {"kind": "Button", "label": label, "href": href, "main": main}
