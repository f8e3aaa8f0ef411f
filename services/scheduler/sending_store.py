"""The SQL of stopping and resuming sending. Nothing here commits."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlmodel import Session, col, select

from services.policy.sending import SendingStop
from services.scheduler.tables import SendingRow

_GATE = 7301
"""Advisory lock of this database: shared by those who dispatch, whole for who stops sending."""


class Scope(NamedTuple):
    """What a stop is about; of_tenant and name are empty where the scope has none."""

    scope: str
    of_tenant: str = ""
    name: str = ""


def standing(session: Session) -> tuple[SendingStop, ...]:
    """What is stopped now; it stays true for the rest of the transaction.

    Who stops sending waits for the transactions that have asked.
    """
    session.execute(text("SELECT pg_advisory_xact_lock_shared(:gate)"), {"gate": _GATE})
    rows = session.execute(text("SELECT scope, of_tenant, name FROM sending WHERE stopped"))
    return tuple(SendingStop(r.scope, r.of_tenant or None, r.name or None) for r in rows)


def overview(session: Session, tenant: str | None) -> list[SendingRow]:
    """What is stopped, for people to read; of one tenant's, what concerns it."""
    asked = select(SendingRow).where(col(SendingRow.stopped))
    if tenant is not None:
        asked = asked.where(col(SendingRow.of_tenant).in_(("", tenant)))
    return list(session.exec(asked.order_by(col(SendingRow.at))))


def say(
    session: Session, scope: Scope, stopped: bool, by: str, reason: str, at: datetime
) -> int | None:
    """Stop or resume; the revision of this word, or None where it was so already.

    Waits until what is being dispatched is, so that from the commit on nothing more will be.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(:gate)"), {"gate": _GATE})
    row = session.get(SendingRow, tuple(scope), with_for_update=True)
    if row is None:
        row = SendingRow(**scope._asdict(), stopped=False, revision=0, by=by, reason=reason, at=at)
    if row.stopped == stopped:
        return None
    row.stopped, row.by, row.reason, row.at = stopped, by, reason, at
    row.revision += 1
    session.add(row)
    session.flush()
    return row.revision


def wake(session: Session, tenant: str, now: datetime) -> int:
    """Let the steps that wait for sending be judged again now; how many. Empty: every tenant."""
    woken = session.connection().execute(
        text(
            "UPDATE step SET due_at = greatest(planned_at, :now), reason = NULL"
            " WHERE state = 'planned' AND reason = 'sending_stopped'"
            " AND (:tenant = '' OR tenant = :tenant)"
        ),
        {"now": now, "tenant": tenant},
    )
    return woken.rowcount


def is_known(session: Session, scope: Scope) -> bool:
    """Whether anything of this creditor or playbook was ever seen; other scopes always are."""
    match scope.scope:
        case "creditor":
            query = "SELECT 1 FROM obligation WHERE tenant = :t AND state->>'creditor' = :n LIMIT 1"
        case "playbook":
            query = "SELECT 1 FROM enrolment WHERE tenant = :t AND playbook = :n LIMIT 1"
        case _:
            return True
    found = session.execute(text(query), {"t": scope.of_tenant, "n": scope.name})
    return found.first() is not None
