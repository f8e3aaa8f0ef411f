"""Pages for people: kept nowhere, shown in no frame, and nothing runs in them but their own."""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup


class Pages(NamedTuple):
    """`headers`: of every answer that shows one of them, or leads to one."""

    templates: Environment
    headers: Mapping[str, str]


def pages(folder: Path) -> Pages:
    """A folder of templates without a script; its style.css stands in each, as `style`."""
    style = (folder / "style.css").read_text("utf-8")
    templates = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals.update(style=Markup(style))
    return Pages(templates, headers(f"style-src '{named(style)}'; form-action 'self'"))


def headers(allowed: str) -> dict[str, str]:
    """Of a page that may hold what concerns one person: it stays in no cache, sends its address to
    nobody, and sits in no frame.

    allowed: what it may do, as directives of a content security policy (W3C CSP Level 3).
    """
    return {
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex, nofollow",
        "Content-Security-Policy": (
            f"default-src 'none'; {allowed}; base-uri 'none'; frame-ancestors 'none'"
        ),
    }


def named(text: str) -> str:
    """How a content security policy names a style or script that stands in the page."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
