"""The playbooks over HTTP: which are in force, who approved them; approving and withdrawing."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI

from schemas.envelope import Envelope
from schemas.topics import PLAYBOOKS
from services.playbooks import lifecycle
from services.playbooks.catalogue import Catalogue, Edition, Signed, Standing
from services.runtime.context import Context
from services.runtime.security import Caller, require
from services.runtime.web import Problem

Reader = Annotated[Caller, Depends(require("read"))]
Operator = Annotated[Caller, Depends(require("operate"))]
Decide = Callable[[Standing, str, str, int, Signed], Envelope]


def add(api: FastAPI, context: Context, catalogue: Catalogue) -> None:
    """Add the routes."""

    def publish(decide: Decide, name: str, version: int, tenant: str, caller: Caller) -> None:
        if not caller.may_see(tenant):
            raise Problem(403, "Refused", f"This token is bound to tenant {caller.tenant}.")
        by = Signed(caller.name, context.clock.now())
        try:
            record = decide(catalogue.standing, tenant, name, version, by)
        except lifecycle.Refused as why:
            raise Problem(409, "Not possible", f"{why}.") from None
        with context.unit() as work:
            work.emit(PLAYBOOKS, record)

    @api.get("/playbooks", tags=["internal"])
    def playbooks(caller: Reader, tenant: str | None = None) -> dict[str, Any]:
        """Every version that is known, and which of them enrols customers now."""
        standing = catalogue.standing
        return {
            "playbooks": [
                shown(one, standing)
                for one in standing.editions
                if caller.may_see(one.tenant) and tenant in (None, one.tenant)
            ]
        }

    @api.post("/playbooks/{name}/{version}/approve", status_code=202, tags=["internal"])
    def approve(
        caller: Operator, name: str, version: int, tenant: str = "default"
    ) -> dict[str, Any]:
        """Approve the newest draft of a version, as its second person; in force within seconds."""
        publish(lifecycle.approve, name, version, tenant, caller)
        return {"playbook": name, "version": version, "approver": caller.name}

    @api.post("/playbooks/{name}/{version}/withdraw", status_code=202, tags=["internal"])
    def withdraw(
        caller: Operator, name: str, version: int, tenant: str = "default"
    ) -> dict[str, Any]:
        """Withdraw a version: what was in force before is so again; enrolments keep theirs."""
        publish(lifecycle.withdraw, name, version, tenant, caller)
        return {"playbook": name, "version": version, "withdrawn_by": caller.name}


def shown(edition: Edition, standing: Standing) -> dict[str, Any]:
    """One content of one version, ready for JSON."""
    playbook = edition.playbook
    return {
        "tenant": edition.tenant,
        "playbook": playbook.name,
        "version": playbook.version,
        "title": playbook.document.title,
        "status": edition.status,
        "in_force": standing.in_force(edition.tenant).get(playbook.name) is playbook,
        "content_sha256": playbook.content_hash,
        "author": _signed(edition.author),
        "approval": _signed(edition.approval),
        "withdrawal": _signed(edition.withdrawal),
    }


def _signed(by: Signed | None) -> dict[str, str] | None:
    return None if by is None else {"by": by.actor, "at": by.at.isoformat()}
