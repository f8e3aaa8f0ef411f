"""Customers over HTTP: what is planned for them, what happened; pauses."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlmodel import Session

from schemas.common import Code, HoldKind, Identifier
from schemas.facts import HoldLifted
from services.policy.model import Pack
from services.runtime.context import Context
from services.runtime.web import Problem
from services.scheduler import operating, reading
from services.scheduler.api.outreach import ENROLMENT, enrolment
from services.scheduler.api.shared import (
    CustomerRef,
    OfTenant,
    Operator,
    Pause,
    Reader,
    answer,
    check_pause,
    may_see,
    problems,
    shown_hold,
    text,
    unknown,
)
from services.scheduler.model import Customer, Learning
from services.scheduler.reading import Wanted
from services.scheduler.rules import holds
from services.scheduler.tables import TimelineRow

_FACT = {
    "id": "b218c936-e3d7-53c6-8753-9524bf9c6938",
    "customer": "c-7f3a91",
    "at": "2026-03-02T09:00:00Z",
    "type": "outreach.step_deferred",
    "data": {"step": "t-3", "reason": "hours", "rule": "default/hours", "rule_version": 1},
    "cause": "evt-2026-000011",
}
_OUTREACH = {
    "tenant": "default",
    "customer": "c-7f3a91",
    "paused_until": None,
    "holds": [
        {
            "kind": "dispute",
            "obligation_id": "b-78",
            "since": "2026-03-01T10:00:00Z",
            "until": None,
            "source": "/bank/disputes",
        }
    ],
    "contacts": [{"at": "2026-02-26T10:00:00Z", "purpose": "service", "channel": "email"}],
    "enrolments": [ENROLMENT],
}


class Lift(BaseModel):
    """Why a hold is lifted, and which."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "reported by mistake"}]}
    )

    reason: Code = Field(description="Why, as a code or reference; it is kept in the log.")
    obligation_id: Identifier | None = Field(
        default=None, description="The obligation the hold names, if it names one."
    )


def routes(context: Context, packs: Sequence[Pack], learning: Learning | None = None) -> APIRouter:
    """`/customers/{id}/outreach`, `/timeline`, `/pause`, `/resume` and `/holds`."""
    api = APIRouter(
        prefix="/customers/{customer}",
        tags=["customers"],
        responses=problems(s404="No event or command has named this customer."),
    )

    @api.get("/outreach", responses=answer(_OUTREACH))
    def customer_outreach(
        caller: Reader, customer: CustomerRef, tenant: OfTenant = "default"
    ) -> dict[str, Any]:
        """A customer's enrolments, newest first, and their contacts of the last 30 days."""
        may_see(caller, tenant)
        since = context.clock.now() - timedelta(days=30)
        with Session(context.engine) as session:
            known = reading.customer(session, tenant, customer)
            if known is None:
                raise unknown("customer")
            rows = reading.enrolments_of(session, tenant, customer)
            steps = reading.steps_of(session, tenant, [row.enrolment_id for row in rows])
            contacts = reading.contacts_of(session, tenant, customer, since)
        state = msgspec.convert(known.state, Customer)
        return {
            "tenant": tenant,
            "customer": customer,
            "paused_until": known.state.get("paused_until"),
            "holds": [shown_hold(one) for one in holds.standing(state, packs, context.clock.now())],
            "contacts": [
                {"at": text(c.at), "purpose": c.purpose, "channel": c.channel} for c in contacts
            ],
            "enrolments": [
                enrolment(row, [s for s in steps if s.enrolment_id == row.enrolment_id])
                for row in rows
            ],
        }

    @api.get("/timeline", responses=answer({"facts": [_FACT], "next": None}))
    def timeline(
        caller: Reader,
        customer: CustomerRef,
        tenant: OfTenant = "default",
        type: Annotated[str | None, Query(description="Begin of the fact's type.")] = None,
        obligation: Annotated[str | None, Query(description="What it is about.")] = None,
        since: Annotated[AwareDatetime | None, Query(description="From this instant on.")] = None,
        until: Annotated[AwareDatetime | None, Query(description="Before this instant.")] = None,
        after: Annotated[str | None, Query(description="`next` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> dict[str, Any]:
        """Every fact about a customer, newest first. `next` leads to the following page.

        obligation: facts that name it, and those of the enrolments about it. Facts about ids that
        gave way to this one are among them; `customer` says of which id each was told.
        """
        may_see(caller, tenant)
        wanted = Wanted(type, obligation, since, until, _cursor(after))
        with Session(context.engine) as session:
            if (known := reading.customer(session, tenant, customer)) is None:
                raise unknown("customer")
            rows = reading.timeline(session, tenant, reading.ids_of(known), wanted, limit)
        following = f"{text(rows[-1].at)}~{rows[-1].position}" if len(rows) == limit else None
        return {
            "tenant": tenant,
            "customer": customer,
            "facts": [_fact(row) for row in rows],
            "next": following,
        }

    @api.post("/pause", responses=answer({"customer": "c-7f3a91", "paused_until": None}))
    def pause(
        caller: Operator, customer: CustomerRef, asked: Pause, tenant: OfTenant = "default"
    ) -> dict[str, Any]:
        """Let nothing go out to a customer before an instant; null goes on at once.

        Steps that come due meanwhile wait for the end of the pause, if they keep that long.
        """
        may_see(caller, tenant)
        check_pause(asked.until, context.clock.now())
        with context.unit() as work:
            operating.pause(work, packs, tenant, customer, asked.until, caller.name, learning)
        return {"customer": customer, "paused_until": text(asked.until)}

    @api.post("/resume", responses=answer({"customer": "c-7f3a91", "paused_until": None}))
    def resume(
        caller: Operator, customer: CustomerRef, tenant: OfTenant = "default"
    ) -> dict[str, Any]:
        """End a pause: what waited for it is judged anew at once. None to end: nothing changes."""
        may_see(caller, tenant)
        with context.unit() as work:
            operating.pause(work, packs, tenant, customer, None, caller.name, learning)
        return {"customer": customer, "paused_until": None}

    @api.post(
        "/holds/{kind}/lift",
        responses=answer({"customer": "c-7f3a91", "kind": "deceased", "lifted": True})
        | problems(s404="The customer is not known, or no such hold stands."),
    )
    def lift(
        caller: Operator,
        customer: CustomerRef,
        kind: HoldKind,
        asked: Lift,
        tenant: OfTenant = "default",
    ) -> dict[str, Any]:
        """Lift a hold, for a reason that is kept in the log.

        The only way to lift what publishers may not (such as deceased and cease_contact). What
        waited for the hold is judged anew; what it ended does not begin again by itself.
        """
        may_see(caller, tenant)
        with context.unit() as work:
            lifted = operating.lift(
                work,
                packs,
                (tenant, customer),
                HoldLifted(
                    kind=kind,
                    obligation_id=asked.obligation_id,
                    by=caller.name,
                    reason=asked.reason,
                ),
                learning,
            )
        if not lifted:
            raise Problem(404, "Not held", f"No hold {kind} of this scope stands here.")
        return {"customer": customer, "kind": kind, "lifted": True}

    return api


def _fact(row: TimelineRow) -> dict[str, Any]:
    return {
        "id": row.fact_id,
        "customer": row.customer,
        "at": text(row.at),
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
