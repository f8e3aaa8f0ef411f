"""The console: a page for operators, and its data."""

import base64
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from sqlmodel import Session

from services.runtime.context import Context
from services.scheduler import sending_store
from services.scheduler.api.sending import shown
from services.scheduler.api.shared import Reader, answer, problems, text
from services.scheduler.overview import Overview

_PAGES = Path(__file__).parents[1] / "pages"
_EXAMPLE = {
    "now": "2026-03-02T09:00:00Z",
    "week": {"sent": 120, "not_made": 14, "put_off": 9},
    "planned": 31,
    "late": 0,
    "next_at": "2026-03-02T09:30:00Z",
    "enrolments": [{"playbook": "recover", "status": "active", "reason": "", "count": 12}],
    "steps": [{"playbook": "recover", "state": "planned", "count": 31}],
    "reasons": [{"type": "outreach.step_deferred", "reason": "hours", "count": 4}],
    "recent": [],
    "stopped": [],
    "may_stop": False,
}


def routes(context: Context) -> APIRouter:
    """`/console` and `/console/data`."""
    api = APIRouter(tags=["console"], responses=problems())
    overview = Overview(context)

    @api.get("/console", include_in_schema=False)
    def console() -> HTMLResponse:
        """The page alone: its data comes from `/console/data`, with the reader's token."""
        page, policy = _page()
        headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
        return HTMLResponse(page, headers=headers)

    @api.get("/console/data", responses=answer(_EXAMPLE))
    def console_data(caller: Reader) -> dict[str, Any]:
        """Counts by playbook and state, what the last 7 days brought, recent decisions."""
        now = context.clock.now()
        with Session(context.engine) as session:
            stopped = [shown(row) for row in sending_store.overview(session, caller.tenant)]
        may_stop = "operate" in caller.scopes
        counted = overview(caller.tenant)
        return {**counted, "now": text(now), "stopped": stopped, "may_stop": may_stop}

    return api


@lru_cache(1)
def _page() -> tuple[str, str]:
    """The page, and the content security policy that lets nothing run but what is in it."""
    page, style, script = (
        (_PAGES / f"console.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")
    )
    policy = (
        f"default-src 'none'; style-src '{_named(style)}'; script-src '{_named(script)}';"
        " connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
    return page.replace("{style}", style).replace("{script}", script), policy


def _named(text: str) -> str:
    """How a content security policy names a style or script that stands in the page."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
