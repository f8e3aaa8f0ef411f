"""What the scheduler's routes have in common."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from schemas.common import PLAIN, Tenant
from services.runtime.security import Caller, require
from services.runtime.web import PROBLEM, Problem
from services.scheduler.model import Hold

Reader = Annotated[Caller, Depends(require("read"))]
Operator = Annotated[Caller, Depends(require("operate"))]
OfTenant = Annotated[Tenant, Query(description="The tenant on whose behalf.")]

CustomerRef = Annotated[
    str, Path(max_length=128, pattern=PLAIN, description="The publisher's id of the customer.")
]
Identity = Annotated[str, Path(max_length=128, pattern=PLAIN)]


LONGEST_PAUSE = timedelta(days=366)


class Pause(BaseModel):
    """No step goes out before `until`.

    null: of a customer, ends the pause; of an enrolment, pauses it until it is resumed.
    """

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"until": "2026-04-01T00:00:00Z"}]}
    )

    until: AwareDatetime | None = Field(description="RFC 3339 instant, at most 366 days ahead.")


def check_pause(until: datetime | None, now: datetime) -> None:
    """Refuse a pause that is over, or would last longer than anybody remembers it."""
    if until is not None and not now < until <= now + LONGEST_PAUSE:
        raise Problem(422, "Invalid pause", "Set until to an instant within 366 days ahead.")


def problems(**details: str) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: the refusals of a route, `s404="why"` and so on, besides 401 and 403."""
    known = {
        "s401": "No bearer token, or one that nobody has.",
        "s403": "The token lacks the scope, or is bound to another tenant.",
        "s422": "A parameter or the body is not as described; `errors` says where.",
    }
    return {
        int(code[1:]): {"description": why, "content": {PROBLEM: {"example": _example(code, why)}}}
        for code, why in (known | details).items()
    }


def _example(code: str, why: str) -> dict[str, Any]:
    return {"type": "about:blank", "title": "Refused", "status": int(code[1:]), "detail": why}


def answer(example: Any) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: what a route answers, by example."""
    return {200: {"content": {"application/json": {"example": example}}}}


def text(instant: datetime | None) -> str | None:
    """An instant as RFC 3339 text in UTC."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z") if instant else None


def shown_hold(hold: Hold) -> dict[str, Any]:
    """A hold as people read it."""
    return {
        "kind": hold.kind,
        "obligation_id": hold.obligation_id,
        "since": text(hold.at),
        "until": text(hold.until),
        "source": hold.source,
    }


def may_see(caller: Caller, tenant: str) -> None:
    """Raise the refusal of a token that is bound to another tenant."""
    if not caller.may_see(tenant):
        raise Problem(403, "Refused", f"This token is bound to tenant {caller.tenant}.")


def unknown(what: str) -> Problem:
    """The answer about what this service never heard of."""
    return Problem(404, "Not known", f"No {what} of this id is known to the scheduler.")
