"""Wordings over HTTP: what was learnt of each, and bringing back one that was withdrawn."""

from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query

from services.messenger.handlers import restoring
from services.messenger.handlers.weighing import Weighing
from services.runtime.context import Context
from services.runtime.security import Caller, require
from services.runtime.web import Problem

Reader = Annotated[Caller, Depends(require("read"))]
Operator = Annotated[Caller, Depends(require("operate"))]


def add_to(api: FastAPI, context: Context, weighing: Weighing) -> None:
    """Add the routes."""

    @api.get("/variants", tags=["internal"])
    def variants(
        caller: Reader, playbook: Annotated[str | None, Query(max_length=64)] = None
    ) -> list[dict[str, Any]]:
        """Each wording that was ever chosen among several: what came of it, by segment, and the
        probability that a message gets it now.
        """
        return [
            one
            for one in weighing.told()
            if caller.may_see(one["tenant"]) and playbook in (None, one["playbook"])
        ]

    @api.post("/variants/{wording}/restore", tags=["internal"])
    def restore(
        caller: Operator,
        wording: str,
        playbook: Annotated[str, Query(max_length=64)],
        tenant: Annotated[str, Query(max_length=64)] = "default",
    ) -> dict[str, Any]:
        """Bring a withdrawn wording back; what it did so far is not held against it again."""
        if not caller.may_see(tenant):
            raise Problem(403, "Refused", f"This token is bound to tenant {caller.tenant}.")
        restored = restoring.restore(context, tenant, playbook, wording, caller.name)
        if not restored:
            raise Problem(404, "Not known", "No such wording is withdrawn.")
        weighing()
        return {"wording": wording, "restored": restored}
