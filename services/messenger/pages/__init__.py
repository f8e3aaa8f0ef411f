"""The messenger's pages for customers: server-rendered, without a script, in their language."""

from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse

from services.messenger.pages.wording import WORDS, language_of
from services.runtime.pages import pages

_PAGES = pages(Path(__file__).parent)
HEADERS = _PAGES.headers


def render(
    template: str, locale: str | None, status: int = 200, note: str | None = None, **values: Any
) -> HTMLResponse:
    """A finished page in the customer's language. `note`: one line above it all."""
    language = language_of(locale)
    body = _PAGES.templates.get_template(template).render(
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
