"""The console: a page for operators, and its data."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from sqlmodel import Session

from services.runtime.context import Context
from services.scheduler import reading, sending_store
from services.scheduler.api.sending import shown
from services.scheduler.api.shared import Reader, answer, problems, text

_PAGE = Path(__file__).parents[1] / "console.html"
_EXAMPLE = {
    "now": "2026-03-02T09:00:00Z",
    "enrolments": [{"playbook": "recover", "status": "active", "reason": "", "count": 12}],
    "steps": [{"playbook": "recover", "state": "planned", "count": 31}],
    "reasons": [{"type": "outreach.step_deferred", "reason": "hours", "count": 4}],
    "recent": [],
    "late": 0,
    "stopped": [],
    "may_stop": False,
}


def routes(context: Context) -> APIRouter:
    """`/console` and `/console/data`."""
    api = APIRouter(tags=["console"], responses=problems())

    @api.get("/console", include_in_schema=False)
    def console() -> HTMLResponse:
        """The page alone: its data comes from `/console/data`, with the reader's token."""
        policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
        return HTMLResponse(
            _PAGE.read_text(encoding="utf-8"),
            headers={
                "Content-Security-Policy": f"{policy}; connect-src 'self'",
                "Cache-Control": "no-store",
            },
        )

    @api.get("/console/data", responses=answer(_EXAMPLE))
    def console_data(caller: Reader) -> dict[str, Any]:
        """Counts by playbook and state, reasons of the last 7 days, recent decisions."""
        now = context.clock.now()
        with Session(context.engine) as session:
            found = reading.overview(session, caller.tenant, now)
            stopped = [shown(row) for row in sending_store.overview(session, caller.tenant)]
        may_stop = "operate" in caller.scopes
        return {"now": text(now), **found, "stopped": stopped, "may_stop": may_stop}

    return api
