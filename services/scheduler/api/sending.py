"""The emergency stop: nothing of a scope is sent until it is resumed."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator
from sqlmodel import Session

from schemas.common import Code, Tenant, Text
from services.runtime.context import Context
from services.runtime.security import Caller
from services.runtime.web import Problem
from services.scheduler import operating, sending_store
from services.scheduler.api.shared import Operator, Reader, answer, may_see, problems, text
from services.scheduler.sending_store import Scope
from services.scheduler.tables import SendingRow

_EXAMPLE: dict[str, JsonValue] = {
    "scope": "playbook",
    "tenant": "default",
    "name": "recover",
    "reason": "incident 31",
}
_STOPPED = {
    "scope": "playbook",
    "tenant": "default",
    "name": "recover",
    "by": "ops-kenji",
    "reason": "incident 31",
    "at": "2026-03-02T09:00:00Z",
}


class Asked(BaseModel):
    """What to stop or resume, and why."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [dict(_EXAMPLE)]})

    scope: Literal["everything", "tenant", "creditor", "playbook"] = Field(
        description="How much: everything, all of a tenant, a creditor or a playbook of a tenant."
    )
    tenant: Tenant | None = Field(
        default=None, description="The tenant; not given for everything, `default` if absent."
    )
    name: Text | None = Field(
        default=None, description="Name of the creditor or playbook; not given otherwise."
    )
    reason: Code = Field(description="Why, as a code or reference; it is kept in the log.")
    unseen: bool = Field(
        default=False, description="Stop a creditor or playbook that was never seen here."
    )

    @model_validator(mode="after")
    def _named(self) -> "Asked":
        if self.scope == "everything" and self.tenant is not None:
            raise ValueError("'everything' has no tenant; for one tenant the scope is 'tenant'")
        if (self.name is None) == (self.scope in ("creditor", "playbook")):
            raise ValueError("give 'name' for a creditor or a playbook, and for nothing else")
        return self

    @property
    def about(self) -> Scope:
        """The scope."""
        tenant = "" if self.scope == "everything" else self.tenant or "default"
        return Scope(self.scope, tenant, self.name or "")


def routes(context: Context, takes_effect: Callable[[], bool]) -> APIRouter:
    """`/sending`, `/sending/stop` and `/sending/resume`.

    takes_effect: as `TakingEffect`.
    """
    api = APIRouter(prefix="/sending", tags=["sending"], responses=problems())

    @api.get("", responses=answer({"stopped": [_STOPPED]}))
    def sending(caller: Reader) -> dict[str, Any]:
        """What is stopped now, by whom and why. A tenant's token sees what concerns it."""
        return {"stopped": _overview(caller)}

    @api.post(
        "/stop",
        responses=answer({"changed": True, "in_force": True, "stopped": [_STOPPED]})
        | problems(
            s404="No obligation to this creditor, or no enrolment in this playbook.",
            s503="The stop is kept and nothing more is ordered; but the log cannot be reached, so"
            " what was ordered before may still leave. Say it again.",
        ),
    )
    def stop(caller: Operator, asked: Asked) -> dict[str, Any]:
        """Send nothing of a scope until it is resumed.

        It is in force once 200 is answered, some three seconds later: from then on nothing of the
        scope leaves, whenever it was ordered. What a provider had begun to take before cannot be
        called back. 503: the stop is kept, but not in force everywhere yet; say it again until it
        is. Saying again what is stopped changes nothing, and waits and answers in the same way.

        Steps that come due meanwhile wait, and end by themselves once they are too late.
        """
        _may_touch(caller, asked.about)
        with Session(context.engine) as session:
            if not asked.unseen and not sending_store.is_known(session, asked.about):
                raise Problem(
                    404,
                    "Not known",
                    f"No {asked.scope} of this name was ever seen in tenant "
                    f"{asked.about.of_tenant}: nothing is stopped. Mend the name, or send "
                    '`"unseen": true` to stop it all the same.',
                )
        changed = _say(caller, asked, "stop")
        in_force = takes_effect()
        told = {"changed": changed, "in_force": in_force, "stopped": _overview(caller)}
        if not in_force:
            raise _NotYet(told)
        return told

    @api.post(
        "/resume",
        responses=answer({"changed": True, "stopped": []})
        | problems(s404="Nothing of this scope is stopped."),
    )
    def resume(caller: Operator, asked: Asked) -> dict[str, Any]:
        """Let a stopped scope go on: what waited is judged anew, one contact at a time."""
        _may_touch(caller, asked.about)
        if not _say(caller, asked, "resume"):
            raise Problem(404, "Not stopped", "Nothing of this scope is stopped; see GET /sending.")
        return {"changed": True, "stopped": _overview(caller)}

    def _say(caller: Caller, asked: Asked, word: Literal["stop", "resume"]) -> bool:
        with context.unit() as work:
            return operating.say_of_sending(work, asked.about, word, asked.reason, caller.name)

    def _overview(caller: Caller) -> list[dict[str, Any]]:
        with Session(context.engine) as session:
            return [shown(row) for row in sending_store.overview(session, caller.tenant)]

    return api


class _NotYet(Problem):
    """A stop is kept, but what was ordered before it may still leave."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        super().__init__(
            503,
            "Kept, not in force yet",
            "The stop is kept and nothing more of it is ordered, but the log cannot be reached:"
            " what was ordered before may still leave. Say it again until it answers 200.",
            **told,
        )
        self.headers = {"Retry-After": "1"}


def shown(row: SendingRow) -> dict[str, Any]:
    """A stop as people read it."""
    return {
        "scope": row.scope,
        "tenant": row.of_tenant or None,
        "name": row.name or None,
        "by": row.by,
        "reason": row.reason,
        "at": text(row.at),
    }


def _may_touch(caller: Caller, scope: Scope) -> None:
    if scope.scope == "everything" and caller.tenant is not None:
        why = f"This token is bound to tenant {caller.tenant}; it can stop that tenant only."
        raise Problem(403, "Refused", why)
    if scope.of_tenant:
        may_see(caller, scope.of_tenant)
