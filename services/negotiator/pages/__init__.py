"""The portal's and the desk's pages: server-rendered, without a script."""

import base64
import hashlib
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.negotiator.pages.wording import LANGUAGES, words

_FOLDER = Path(__file__).parent
_STYLE = (_FOLDER / "style.css").read_text("utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_PAGES = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip
_PAGES.globals.update(style=Markup(_STYLE))

HEADERS = {
    # A page about a debt stays in no cache, sends its address to nobody, and sits in no frame.
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
    body = _PAGES.get_template(template).render(
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
