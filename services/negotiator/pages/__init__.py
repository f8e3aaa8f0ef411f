"""The portal's and the desk's pages: server-rendered, without a script."""

from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse

from services.negotiator.pages.wording import LANGUAGES, words
from services.runtime.pages import pages

_PAGES = pages(Path(__file__).parent)
HEADERS = _PAGES.headers


def render(
    template: str,
    language: str,
    *,
    status: int = 200,
    notice: str | None = None,
    switch: bool = True,
    forms_to: str | None = None,
    **values: Any,
) -> HTMLResponse:
    """A finished page. `notice` is the name of a text in `notices`; others are ignored.

    `switch` offers the other languages, by `?lang=` on the page's own address. `forms_to`: origin
    of another's pages to which a form here may lead.
    """
    texts = words(language)
    body = _PAGES.templates.get_template(template).render(
        w=texts,
        language=language,
        languages=[(code, words(code)["language"]) for code in LANGUAGES] if switch else [],
        notice=texts["notices"].get(notice),
        **values,
    )
    headers = dict(HEADERS)
    if forms_to is not None:
        policy = headers["Content-Security-Policy"]
        headers["Content-Security-Policy"] = policy.replace(
            "form-action 'self'", f"form-action 'self' {forms_to}"
        )
    return HTMLResponse(body, status, headers=headers)
