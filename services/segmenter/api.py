"""The segmenter over HTTP: events in, and what became of them; who a customer is now."""

from datetime import timedelta
from typing import Annotated, Any

import msgspec
from fastapi import Depends, FastAPI, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from sqlmodel import Session

from schemas.envelope import MAX_VALUE_BYTES, Envelope, check_age, decode, parse_data
from schemas.errors import Rejection
from schemas.topics import CUSTOMER_EVENTS
from services.playbooks.catalogue import Catalogue
from services.runtime import ledger
from services.runtime.context import Context
from services.runtime.ids import derive
from services.runtime.security import Caller, require
from services.runtime.web import Problem, create_api
from services.segmenter import playbooks_api, rules, store
from services.segmenter.erasing import NotKnown, erase
from services.segmenter.tags import evaluate, in_force

Publisher = Annotated[Caller, Depends(require("publish"))]
Operator = Annotated[Caller, Depends(require("operate"))]
Reader = Annotated[Caller, Depends(require("read"))]
REASON = r"^[a-z][a-z0-9_]{0,39}$"
"""A code such as gdpr_17: what people write has no place on the log."""

DESCRIPTION = "What happened, who the customer is now, and which playbook answers."


def create(context: Context, catalogue: Catalogue) -> FastAPI:
    """The segmenter's routes."""
    api = create_api(context, "Rapport segmenter", DESCRIPTION)
    playbooks_api.add(api, context, catalogue)

    def keep(event: Envelope) -> None:
        with context.unit() as work:
            work.emit(CUSTOMER_EVENTS, event)

    @api.post("/events", status_code=202, tags=["publishers"])
    async def publish(request: Request, caller: Publisher) -> JSONResponse:
        """Accept one CloudEvent, structured or binary (`ce-` headers).

        202 once it is durable; problem details with 400, 413 or 422 where it can't be accepted.
        """
        event = _event(await _body(request), request)
        check_age(event, context.clock.now(), timedelta(days=context.settings.inbox_days))
        _may_touch(caller, event.tenant)
        await run_in_threadpool(keep, event)
        return JSONResponse({"id": event.id, "source": event.source, "status": "accepted"}, 202)

    @api.get("/events", tags=["publishers"])
    def event_status(
        caller: Reader, source: str, id: str, tenant: str = "default"
    ) -> dict[str, Any]:
        """Whether the event (tenant, source, id) has taken effect.

        An event that is not known was not received, is under way, or stands in `dead.letters`.
        """
        _may_touch(caller, tenant)
        with Session(context.engine) as session:
            at = ledger.knows(session, derive(tenant, source, id))
        if at is None:
            raise Problem(404, "Not known", "No event of this source and id has taken effect.")
        return {"source": source, "id": id, "status": "applied", "at": at.isoformat()}

    @api.get("/customers/{customer}", tags=["internal"])
    def customer(caller: Reader, customer: str, tenant: str = "default") -> dict[str, Any]:
        """What is known of a customer that may steer treatment: traits, holds in force, tags.

        Each tag with the events it rests on, its confidence and when it ends; `expired` are
        those that ended for want of newer events.
        """
        _may_touch(caller, tenant)
        with Session(context.engine) as session:
            row = store.find_profile(session, tenant, customer)
        if row is None:
            raise Problem(404, "Not known", "No event has named this customer yet.")
        profile, now = rules.profile_of(row.state), context.clock.now()
        evidence = rules.evidence_of(profile, now)
        known = evaluate(evidence)
        held = in_force(known, evidence)
        shown = {name: value for name, value in row.state.items() if name != "history"}
        holds = rules.holds_in_force(profile, now)
        return {
            "customer": customer,
            "tenant": tenant,
            "updated_at": row.updated_at.isoformat(),
            "profile": shown | {"holds": msgspec.to_builtins(holds)},
            "evaluated_at": now.isoformat(),
            "tags": msgspec.to_builtins(held),
            "expired": {
                name: tag.expires_at.isoformat() for name, tag in known.items() if name not in held
            },
        }

    @api.post("/customers/{customer}/erase", status_code=202, tags=["internal"])
    def forget(
        caller: Operator,
        customer: str,
        tenant: str = "default",
        reason: Annotated[str, Query(pattern=REASON)] = "requested",
    ) -> dict[str, Any]:
        """Forget a customer, in every service and under all ids that were merged into one:
        `customer.erased` tells the others, with the reason, which is a code.

        What proves what was done, and what keeps us silent, stays under ids and keyed hashes. A
        `customer.updated` from later on begins anew.
        """
        _may_touch(caller, tenant)
        try:
            at, ids = erase(context, tenant, customer, reason, caller.name)
        except NotKnown:
            raise Problem(404, "Not known", "No event has named this customer yet.") from None
        return {
            "customer": customer,
            "tenant": tenant,
            "erased_at": at.isoformat(),
            "ids": list(ids),
        }

    return api


async def _body(request: Request) -> bytes:
    """The request's body, never more than is accepted. Raises Rejection."""
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > MAX_VALUE_BYTES:
            raise Rejection("too_large", f"An event may have {MAX_VALUE_BYTES} bytes at the most.")
    return bytes(received)


def _event(body: bytes, request: Request) -> Envelope:
    """The event, validated as the stream would. Raises Rejection."""
    headers = [
        (name, value.encode("latin-1"))
        for name, value in request.headers.items()
        if name == "content-type" or name.startswith("ce-")
    ]
    event = decode(body, headers)
    parse_data(event, CUSTOMER_EVENTS)
    return event


def _may_touch(caller: Caller, tenant: str) -> None:
    if not caller.may_see(tenant):
        raise Problem(403, "Refused", f"This token is bound to tenant {caller.tenant}.")
