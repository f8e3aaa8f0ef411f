"""The pile of mails that no rule could place, for the people at the desk."""

from datetime import datetime

from fastapi import FastAPI, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel

from services.messenger import inbound_store
from services.messenger.replies_api import AtDesk
from services.messenger.tables import InboundRow
from services.runtime.context import Context
from services.runtime.security import Caller
from services.runtime.unit_of_work import UnitOfWork
from services.runtime.web import Problem

SHOWN = 200


class Waiting(BaseModel):
    """One mail that waits for a person. reason: a code; docs/answers.md explains each."""

    inbound_id: str
    received_at: datetime
    source: str
    kind: str | None
    reason: str | None
    size: int


def add_to(api: FastAPI, context: Context) -> None:
    """Add the routes."""

    @api.get("/inbound", tags=["internal"])
    def waiting(caller: AtDesk) -> dict[str, list[Waiting]]:
        """Mails that wait for a person, the oldest first, and why."""
        with context.unit() as work:
            rows = inbound_store.failed(work.session, caller.tenant, SHOWN)
        return {"mails": [Waiting.model_validate(row, from_attributes=True) for row in rows]}

    @api.get("/inbound/{inbound_id}", tags=["internal"])
    def content(caller: AtDesk, inbound_id: str) -> Response:
        """The mail's source, up to what is kept of it."""
        with context.unit() as work:
            shown = _found(work, caller, inbound_id).content
        return PlainTextResponse(shown, headers={"Cache-Control": "no-store"})

    @api.post("/inbound/{inbound_id}/done", status_code=204, tags=["internal"])
    def done(caller: AtDesk, inbound_id: str) -> None:
        """A person has seen to it: what was kept of it is deleted."""
        with context.unit() as work:
            row = _found(work, caller, inbound_id)
            row.state, row.content, row.sender, row.recipients = inbound_store.DONE, b"", "", []
            row.ended_at = work.now


def _found(work: UnitOfWork, caller: Caller, inbound_id: str) -> InboundRow:
    row = work.session.get(InboundRow, inbound_id, with_for_update=True)
    if row is None or row.state != inbound_store.FAILED or caller.tenant not in (None, row.tenant):
        raise Problem(404, "Not known", "No such mail waits for a person.")
    return row
