"""Enrolments and obligations over HTTP."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from sqlmodel import Session

from services.policy.model import Pack
from services.runtime.context import Context
from services.runtime.web import Problem
from services.scheduler import operating, reading
from services.scheduler.api.shared import (
    Identity,
    OfTenant,
    Operator,
    Pause,
    Reader,
    answer,
    check_pause,
    may_see,
    problems,
    text,
    unknown,
)
from services.scheduler.model import Learning
from services.scheduler.tables import EnrolmentRow, StepRow

_EXAMPLE = "b218c936-e3d7-53c6-8753-9524bf9c6938"
ENROLMENT: dict[str, Any] = {
    "enrolment_id": _EXAMPLE,
    "tenant": "default",
    "customer": "c-7f3a91",
    "playbook": "recover",
    "obligation_id": "b-77",
    "status": "active",
    "reason": None,
    "started_at": "2026-03-02T09:00:00Z",
    "playbook_version": 3,
    "purpose": "collection",
    "segment": "everyone",
    "tone": "neutral",
    "trigger": {
        "event_id": "evt-2026-000011",
        "event_type": "payment.missed",
        "time": "2026-03-02T08:59:00Z",
    },
    "due_date": "2026-02-27",
    "paused": None,
    "paused_until": None,
    "chosen": None,
    "ended_at": None,
    "steps": [
        {
            "step_id": "5d0c2f4e-9a3b-8c1d-b2e4-6f7081923a4b",
            "name": "first",
            "by": "machine",
            "channel": "email",
            "state": "planned",
            "reason": "hours",
            "planned_at": "2026-03-02T20:30:00Z",
            "due_at": "2026-03-03T07:00:00Z",
            "not_after": "2026-03-04T20:30:00Z",
            "attempt": 1,
            "dispatch_id": None,
        }
    ],
}
_OBLIGATION = {
    "state": "open",
    "kind": "bill",
    "tenant": "default",
    "id": "b-77",
    "creditor": "Harbor Bank",
    "amount_minor": 12950,
    "currency": "EUR",
    "due_date": "2026-02-27",
    "parties": ["c-7f3a91"],
    "as_of": "2026-03-02T08:59:00Z",
    "terms_at": "2026-03-02T08:59:00Z",
}


def routes(context: Context, packs: Sequence[Pack], learning: Learning | None = None) -> APIRouter:
    """`/outreach/{id}`, its `/pause` and `/resume`, and `/obligations/{id}`."""
    api = APIRouter(tags=["outreach"], responses=problems(s404="No such id is known."))

    @api.get("/outreach/{enrolment_id}", responses=answer(ENROLMENT))
    def outreach(
        caller: Reader, enrolment_id: Identity, tenant: OfTenant = "default"
    ) -> dict[str, Any]:
        """One enrolment with its steps, and when each is due or what became of it."""
        may_see(caller, tenant)
        with Session(context.engine) as session:
            row = reading.enrolment(session, tenant, enrolment_id)
            if row is None:
                raise unknown("enrolment")
            return enrolment(row, reading.steps_of(session, tenant, [enrolment_id]))

    @api.post(
        "/outreach/{enrolment_id}/pause",
        responses=answer({"enrolment_id": _EXAMPLE, "paused": True, "paused_until": None})
        | problems(s409="The enrolment has ended: nothing of it is to come."),
    )
    def pause(
        caller: Operator, enrolment_id: Identity, asked: Pause, tenant: OfTenant = "default"
    ) -> dict[str, Any]:
        """Let one enrolment wait until an instant, or with null until it is resumed.

        The customer's other enrolments go on. What was ordered an instant before may still go.
        """
        may_see(caller, tenant)
        check_pause(asked.until, context.clock.now())
        with context.unit() as work:
            about = (tenant, enrolment_id)
            found = operating.pause_enrolment(work, about, asked.until, caller.name)
        if found is None:
            raise unknown("enrolment")
        if not found.active:
            raise Problem(409, "Ended", f"This enrolment is {found.status}: {found.reason}.")
        return {"enrolment_id": enrolment_id, "paused": True, "paused_until": text(asked.until)}

    @api.post(
        "/outreach/{enrolment_id}/resume",
        responses=answer({"enrolment_id": _EXAMPLE, "paused": False, "paused_until": None}),
    )
    def resume(
        caller: Operator, enrolment_id: Identity, tenant: OfTenant = "default"
    ) -> dict[str, Any]:
        """End the pause of one enrolment: what has its time ahead goes on, what is over says so.

        Without a pause nothing changes.
        """
        may_see(caller, tenant)
        with context.unit() as work:
            about = (tenant, enrolment_id)
            found = operating.resume_enrolment(work, packs, about, caller.name, learning)
        if found is None:
            raise unknown("enrolment")
        return {"enrolment_id": enrolment_id, "paused": False, "paused_until": None}

    @api.get(
        "/obligations/{obligation_id}",
        responses=answer(_OBLIGATION)
        | problems(s409="Obligations of several kinds have this id: say which is meant."),
    )
    def obligation(
        caller: Reader,
        obligation_id: Identity,
        tenant: OfTenant = "default",
        kind: str | None = None,
    ) -> dict[str, Any]:
        """What is known of an obligation: terms, whether it is open, what ended it.

        A bill and a subscription may have the same id: then `kind` says which is meant.
        """
        may_see(caller, tenant)
        with Session(context.engine) as session:
            rows = reading.obligations(session, tenant, obligation_id, kind)
        if not rows:
            raise unknown("obligation")
        if len(rows) > 1:
            kinds = ", ".join(row.kind for row in rows)
            raise Problem(409, "Ambiguous", f"Say which kind is meant, of {kinds}: `?kind=bill`.")
        return {"state": "open", "kind": rows[0].kind, **(rows[0].state or {})}

    return api


def enrolment(row: EnrolmentRow, steps: Sequence[StepRow]) -> dict[str, Any]:
    """An enrolment with its steps, as people read it."""
    shown = (
        "playbook_version",
        "purpose",
        "segment",
        "tone",
        "trigger",
        "due_date",
        "paused",
        "paused_until",
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
        "started_at": text(row.started_at),
        **{name: row.state.get(name) for name in shown},
        "steps": [
            {
                "step_id": step.step_id,
                "name": step.plan["name"],
                "by": step.plan.get("by", "machine"),
                "channel": step.plan.get("channel", "email"),
                "state": step.state,
                "reason": step.reason,
                "planned_at": text(step.planned_at),
                "due_at": text(step.due_at),
                "not_after": text(step.not_after),
                "attempt": step.attempt,
                "dispatch_id": step.dispatch_id,
            }
            for step in steps
        ],
    }
