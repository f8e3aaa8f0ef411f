"""Pages for people, of a folder of templates with one style.css: without a script, kept nowhere."""

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
    """The folder's pages; the style stands in each, as `style`."""
    style = (folder / "style.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    templates = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals.update(style=Markup(style))
    headers = {
        # A page about a debt stays in no cache, sends its address to nobody, and sits in no frame.
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex, nofollow",
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'"
        ),
    }
    return Pages(templates, headers)
