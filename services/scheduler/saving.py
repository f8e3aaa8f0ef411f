"""Writes what decisions changed, a statement a table whatever the number of rows.

The rows of a statement travel as one JSON text: the driver would quote arrays of JSON value by
value, which costs several times what the database needs for them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlmodel import Session

from services.scheduler.model import Book, Customer, Enrolment, Obligation, Reserved, Step

_SAVE_CUSTOMERS = text(
    "INSERT INTO customer (tenant, customer, state)"
    " SELECT * FROM json_to_recordset(CAST(:rows AS json))"
    " AS given(tenant text, customer text, state json)"
    " ON CONFLICT (tenant, customer) DO UPDATE SET state = excluded.state"
)
_SAVE_OBLIGATIONS = text(
    "INSERT INTO obligation (tenant, kind, obligation_id, state)"
    " SELECT * FROM json_to_recordset(CAST(:rows AS json))"
    " AS given(tenant text, kind text, obligation_id text, state json)"
    " ON CONFLICT (tenant, kind, obligation_id) DO UPDATE SET state = excluded.state"
)
_SAVE_ENROLMENTS = text(
    "INSERT INTO enrolment (tenant, enrolment_id, customer, obligation_kind, obligation_id,"
    " playbook, status, reason, started_at, state)"
    " SELECT * FROM json_to_recordset(CAST(:rows AS json))"
    " AS given(tenant text, enrolment_id text, customer text, obligation_kind text,"
    " obligation_id text, playbook text, status text, reason text, started_at timestamptz,"
    " state json)"
    " ON CONFLICT (tenant, enrolment_id) DO UPDATE SET status = excluded.status,"
    " reason = excluded.reason, state = excluded.state"
)
_SAVE_STEPS = text(
    "INSERT INTO step (tenant, step_id, customer, enrolment_id, position, state, planned_at,"
    " due_at, not_after, attempt, dispatch_id, reason, plan)"
    " SELECT * FROM json_to_recordset(CAST(:rows AS json))"
    " AS given(tenant text, id text, customer text, enrolment_id text, position int,"
    " state text, planned_at timestamptz, due_at timestamptz, not_after timestamptz, attempt int,"
    " dispatch_id text, reason text, plan json)"
    " ON CONFLICT (tenant, step_id) DO UPDATE SET state = excluded.state,"
    " planned_at = excluded.planned_at, due_at = excluded.due_at, not_after = excluded.not_after,"
    " attempt = excluded.attempt, dispatch_id = excluded.dispatch_id, reason = excluded.reason"
)
_MOVE_STEPS = text(
    "UPDATE step SET state = given.state, planned_at = given.planned_at, due_at = given.due_at,"
    " not_after = given.not_after, attempt = given.attempt, dispatch_id = given.dispatch_id,"
    " reason = given.reason FROM json_to_recordset(CAST(:rows AS json))"
    " AS given(tenant text, id text, state text, planned_at timestamptz, due_at timestamptz,"
    " not_after timestamptz, attempt int, dispatch_id text, reason text)"
    " WHERE step.tenant = given.tenant AND step.step_id = given.id"
)
_SAVE_CONTACTS = text(
    "INSERT INTO contact (tenant, customer, dispatch_id, at, purpose, channel, obligation_ids,"
    " reached, made_by) SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS given("
    "tenant text, customer text, dispatch_id text, at timestamptz, purpose text, channel text,"
    " obligation_ids text[], reached boolean, made_by text)"
    " ON CONFLICT (tenant, customer, dispatch_id) DO UPDATE SET at = excluded.at"
)
_RELEASE_CONTACTS = text(
    "DELETE FROM contact USING json_to_recordset(CAST(:rows AS json))"
    " AS given(t text, c text, d text) WHERE tenant = t AND customer = c AND dispatch_id = d"
)
_NOTE = text(
    "INSERT INTO timeline (tenant, customer, fact_id, at, position, type, data, cause)"
    " SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS given(tenant text, customer text,"
    " fact_id text, at timestamptz, position bigint, type text, data jsonb, cause text)"
    " ON CONFLICT DO NOTHING"
)


class Noted(msgspec.Struct, frozen=True):
    """One fact of the log for a customer's timeline. `position`: its offset there."""

    tenant: str
    customer: str
    fact_id: str
    at: datetime
    position: int
    type: str
    data: Mapping[str, Any]
    cause: str | None


def save(session: Session, book: Book) -> None:
    """Write the changed rows of the book, and drop released contacts."""

    def of(table: str) -> list[Any]:
        return sorted(book.changed[table])

    _write(session, _SAVE_CUSTOMERS, [_customer(book.customers[key]) for key in of("customer")])
    _write(
        session, _SAVE_OBLIGATIONS, [_obligation(book.obligations[key]) for key in of("obligation")]
    )
    _write(session, _SAVE_ENROLMENTS, [_enrolment(book.enrolments[key]) for key in of("enrolment")])
    steps = [book.steps[key] for key in of("step")]
    _write(session, _SAVE_STEPS, [one for one in steps if one.id not in book.stored])
    _write(session, _MOVE_STEPS, [_moved(one) for one in steps if one.id in book.stored])
    book.stored.update(one.id for one in steps)
    _write(session, _SAVE_CONTACTS, [_contact(book.reserved[key]) for key in of("reserved")])
    _write(
        session,
        _RELEASE_CONTACTS,
        [{"t": t, "c": customer, "d": d} for t, customer, d in sorted(book.released)],
    )
    for keys in book.changed.values():
        keys.clear()
    book.released.clear()


def note(session: Session, facts: Sequence[Noted]) -> None:
    """Add facts to their customers' timelines; a fact that is there already stays as it is."""
    _write(session, _NOTE, facts)


def _write(session: Session, statement: Any, rows: Sequence[Any]) -> None:
    if rows:
        session.execute(statement, {"rows": msgspec.json.encode(rows).decode()})


def _customer(row: Customer) -> dict[str, Any]:
    return {"tenant": row.tenant, "customer": row.id, "state": row}


def _obligation(row: Obligation) -> dict[str, Any]:
    return {"tenant": row.tenant, "kind": row.kind, "obligation_id": row.id, "state": row}


def _enrolment(row: Enrolment) -> dict[str, Any]:
    return {
        "tenant": row.tenant,
        "enrolment_id": row.id,
        "customer": row.customer,
        "obligation_kind": row.obligation_kind,
        "obligation_id": row.obligation_id,
        "playbook": row.playbook,
        "status": row.status,
        "reason": row.reason,
        "started_at": row.started_at,
        "state": row,
    }


class _Moved(msgspec.Struct):
    """What may change of a step."""

    tenant: str
    id: str
    state: str
    planned_at: datetime
    due_at: datetime
    not_after: datetime
    attempt: int
    dispatch_id: str | None
    reason: str | None


def _moved(row: Step) -> _Moved:
    return _Moved(
        row.tenant,
        row.id,
        row.state,
        row.planned_at,
        row.due_at,
        row.not_after,
        row.attempt,
        row.dispatch_id,
        row.reason,
    )


def _contact(row: Reserved) -> dict[str, Any]:
    return {
        "tenant": row.tenant,
        "customer": row.customer,
        "dispatch_id": row.dispatch_id,
        "at": row.contact.at,
        "purpose": row.contact.purpose,
        "channel": row.contact.channel,
        "obligation_ids": row.contact.obligation_ids,
        "reached": row.contact.reached,
        "made_by": row.contact.by,
    }
