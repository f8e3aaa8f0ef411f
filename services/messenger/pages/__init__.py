"""The messenger's pages for customers: server-rendered, without a script, in their language."""

import base64
import hashlib
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.messenger.pages.wording import WORDS, language_of

_FOLDER = Path(__file__).parent
_STYLE = (_FOLDER / "style.css").read_text("utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_PAGES = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PAGES.globals.update(style=Markup(_STYLE))

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
}


def render(
    template: str, locale: str | None, status: int = 200, note: str | None = None, **values: Any
) -> HTMLResponse:
    """A finished page in the customer's language. `note`: one line above it all."""
    language = language_of(locale)
    body = _PAGES.get_template(template).render(
        w=WORDS[language], language=language, note=note, **values
    )
    return HTMLResponse(body, status, headers=dict(HEADERS))


def gone(status: int, locale: str | None = None) -> HTMLResponse:
    """The page of a link that does nothing (any more)."""
    words = WORDS[language_of(locale)]
    return render(
        "message.html", locale, status, title=words["gone_title"], text=words["gone_text"]
    )


def said(name: str, locale: str | None, **values: str | int) -> str:
    """One text in the customer's language, with values in it."""
    return WORDS[language_of(locale)][name].format(**values)
