"""The console: a page for operators, and its data."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from sqlmodel import Session

from services.runtime import pages
from services.runtime.context import Context
from services.scheduler import sending_store
from services.scheduler.api.sending import shown
from services.scheduler.api.shared import Reader, answer, problems, text
from services.scheduler.overview import Overview, counting

_PAGES = Path(__file__).parents[1] / "pages"
_EXAMPLE = {
    "tenant": None,
    "now": "2026-03-02T09:00:00Z",
    "counted_at": "2026-03-02T09:00:00Z",
    "counted_ago": 0.4,
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
    overview = Overview(context, counting(context))

    @api.get("/console", include_in_schema=False)
    def console() -> HTMLResponse:
        """The page alone: its data comes from `/console/data`, with the reader's token."""
        page, headers = _page()
        return HTMLResponse(page, headers=headers)

    @api.get("/console/data", responses=answer(_EXAMPLE))
    def console_data(caller: Reader) -> dict[str, Any]:
        """Counts by playbook and state, what the last 7 days brought, recent decisions.

        counted_at: the instant of which the counts tell; counted_ago: real seconds since then.
        tenant: whose they are, null for all.
        """
        now = context.clock.now()
        with Session(context.engine) as session:
            stopped = [shown(row) for row in sending_store.overview(session, caller.tenant)]
        may_stop = "operate" in caller.scopes
        return {
            **overview(caller.tenant),
            "tenant": caller.tenant,
            "now": text(now),
            "stopped": stopped,
            "may_stop": may_stop,
        }

    return api


@lru_cache(1)
def _page() -> tuple[str, dict[str, str]]:
    """The page, and the headers that let nothing run but what is in it."""
    page, style, script = (
        (_PAGES / f"console.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")
    )
    headers = pages.headers(
        f"style-src '{pages.named(style)}'; script-src '{pages.named(script)}';"
        " connect-src 'self'; form-action 'none'"
    )
    return page.replace("{style}", style).replace("{script}", script), headers
