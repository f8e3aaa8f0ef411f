"""The scheduler over HTTP: what is planned for whom, what was decided and why; pauses."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query
from fastapi.responses import HTMLResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlmodel import Session

from services.runtime.context import Context
from services.runtime.security import Caller, require
from services.runtime.web import Problem, create_api
from services.scheduler import reading
from services.scheduler.handlers import Handlers
from services.scheduler.tables import EnrolmentRow, StepRow, TimelineRow

Reader = Annotated[Caller, Depends(require("read"))]
Operator = Annotated[Caller, Depends(require("operate"))]

DESCRIPTION = "When each contact goes out, or why not."
LONGEST_PAUSE = timedelta(days=366)
_CONSOLE = Path(__file__).with_name("console.html")


class Pause(BaseModel):
    """No step goes out before `until`; null ends a pause."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"until": "2026-04-01T00:00:00Z"}]}
    )

    until: AwareDatetime | None = Field(description="RFC 3339 instant, at most 366 days ahead.")


def create(context: Context, handlers: Handlers) -> FastAPI:
    """The scheduler's routes."""
    api = create_api(context, "Rapport scheduler", DESCRIPTION)

    @api.get("/outreach/{enrolment_id}", tags=["outreach"])
    def outreach(caller: Reader, enrolment_id: str, tenant: str = "default") -> dict[str, Any]:
        """One enrolment with its steps, and when each is due or what became of it."""
        _may_see(caller, tenant)
        with Session(context.engine) as session:
            row = reading.enrolment(session, tenant, enrolment_id)
            if row is None:
                raise _unknown("enrolment")
            return _enrolment(row, reading.steps_of(session, tenant, [enrolment_id]))

    @api.get("/obligations/{obligation_id}", tags=["outreach"])
    def obligation(
        caller: Reader, obligation_id: str, tenant: str = "default", kind: str | None = None
    ) -> dict[str, Any]:
        """What is known of an obligation: terms, whether it is open, what ended it.

        A bill and a subscription may have the same id: then `kind` says which is meant.
        """
        _may_see(caller, tenant)
        with Session(context.engine) as session:
            rows = reading.obligations(session, tenant, obligation_id, kind)
        if not rows:
            raise _unknown("obligation")
        if len(rows) > 1:
            kinds = ", ".join(row.kind for row in rows)
            raise Problem(409, "Ambiguous", f"Say which kind is meant, of {kinds}: `?kind=bill`.")
        return {"state": "open", "kind": rows[0].kind, **(rows[0].state or {})}

    @api.get("/customers/{customer}/outreach", tags=["customers"])
    def customer_outreach(caller: Reader, customer: str, tenant: str = "default") -> dict[str, Any]:
        """A customer's enrolments, newest first, and their contacts of the last 30 days."""
        _may_see(caller, tenant)
        since = context.clock.now() - timedelta(days=30)
        with Session(context.engine) as session:
            known = reading.customer(session, tenant, customer)
            if known is None:
                raise _unknown("customer")
            rows = reading.enrolments_of(session, tenant, customer)
            steps = reading.steps_of(session, tenant, [row.enrolment_id for row in rows])
            contacts = reading.contacts_of(session, tenant, customer, since)
        return {
            "tenant": tenant,
            "customer": customer,
            "paused_until": known.state.get("paused_until"),
            "holds": [h for h in known.state.get("holds", ()) if not h.get("lifted")],
            "contacts": [
                {"at": _text(c.at), "purpose": c.purpose, "channel": c.channel} for c in contacts
            ],
            "enrolments": [
                _enrolment(row, [s for s in steps if s.enrolment_id == row.enrolment_id])
                for row in rows
            ],
        }

    @api.get("/customers/{customer}/timeline", tags=["customers"])
    def timeline(
        caller: Reader,
        customer: str,
        tenant: str = "default",
        type: Annotated[str | None, Query(description="Begin of the fact's type.")] = None,
        after: Annotated[str | None, Query(description="`next` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> dict[str, Any]:
        """Every fact about a customer, newest first. `next` leads to the following page."""
        _may_see(caller, tenant)
        with Session(context.engine) as session:
            rows = reading.timeline(session, tenant, customer, type, _cursor(after), limit)
        following = f"{_text(rows[-1].at)}~{rows[-1].position}" if len(rows) == limit else None
        return {
            "tenant": tenant,
            "customer": customer,
            "facts": [_fact(row) for row in rows],
            "next": following,
        }

    @api.post("/customers/{customer}/pause", tags=["customers"])
    def pause(
        caller: Operator, customer: str, asked: Pause, tenant: str = "default"
    ) -> dict[str, Any]:
        """Let nothing go out to a customer before an instant; null goes on at once.

        Steps that come due meanwhile wait for the end of the pause, if they keep that long.
        """
        _may_see(caller, tenant)
        now = context.clock.now()
        if asked.until is not None and not now < asked.until <= now + LONGEST_PAUSE:
            raise Problem(422, "Invalid pause", "Set until to an instant within 366 days ahead.")
        with context.unit() as work:
            handlers.pause(work, tenant, customer, asked.until, caller.name)
        return {"customer": customer, "paused_until": _text(asked.until)}

    @api.get("/console", include_in_schema=False)
    def console() -> HTMLResponse:
        """The page alone: its data comes from `/console/data`, with the reader's token."""
        policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
        return HTMLResponse(
            _CONSOLE.read_text(encoding="utf-8"),
            headers={
                "Content-Security-Policy": f"{policy}; connect-src 'self'",
                "Cache-Control": "no-store",
            },
        )

    @api.get("/console/data", tags=["console"])
    def console_data(caller: Reader) -> dict[str, Any]:
        """Counts by playbook and state, reasons of the last 7 days, recent decisions."""
        now = context.clock.now()
        with Session(context.engine) as session:
            found = reading.overview(session, caller.tenant, now)
        return {"now": _text(now), **found}

    return api


def _enrolment(row: EnrolmentRow, steps: Sequence[StepRow]) -> dict[str, Any]:
    shown = (
        "playbook_version",
        "purpose",
        "segment",
        "tone",
        "trigger",
        "due_date",
        "chosen",
        "ended_at",
    )
    return {
        "enrolment_id": row.enrolment_id,
        "tenant": row.tenant,
        "customer": row.customer,
        "playbook": row.playbook,
        "obligation_id": row.obligation_id,
        "status": row.status,
        "reason": row.reason,
        "started_at": _text(row.started_at),
        **{name: row.state.get(name) for name in shown},
        "steps": [
            {
                "step_id": step.step_id,
                "name": step.plan["name"],
                "by": step.plan.get("by", "machine"),
                "channel": step.plan.get("channel", "email"),
                "state": step.state,
                "reason": step.reason,
                "planned_at": _text(step.planned_at),
                "due_at": _text(step.due_at),
                "not_after": _text(step.not_after),
                "attempt": step.attempt,
                "dispatch_id": step.dispatch_id,
            }
            for step in steps
        ],
    }


def _fact(row: TimelineRow) -> dict[str, Any]:
    return {
        "id": row.fact_id,
        "at": _text(row.at),
        "type": row.type,
        "data": row.data,
        "cause": row.cause,
    }


def _cursor(after: str | None) -> tuple[datetime, int] | None:
    if after is None:
        return None
    at, _, position = after.partition("~")
    if position.isdecimal() and len(position) < 19:
        with suppress(ValueError):
            instant = datetime.fromisoformat(at)
            if instant.tzinfo is not None:
                return instant, int(position)
    raise Problem(422, "Invalid page", "Give `after` as the page before gave it in `next`.")


def _text(instant: datetime | None) -> str | None:
    return instant.isoformat().replace("+00:00", "Z") if instant else None


def _may_see(caller: Caller, tenant: str) -> None:
    if not caller.may_see(tenant):
        raise Problem(403, "Refused", f"This token is bound to tenant {caller.tenant}.")


def _unknown(what: str) -> Problem:
    return Problem(404, "Not known", f"No {what} of this id is known to the scheduler.")
