"""Writes what decisions changed, a statement a table whatever the number of rows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import text
from sqlmodel import Session

from services.scheduler.model import Book, Customer, Enrolment, Obligation, Reserved, Step


class Noted(NamedTuple):
    """One fact of the log for a customer's timeline. `data`: JSON text."""

    tenant: str
    customer: str
    fact_id: str
    at: datetime
    type: str
    data: str
    cause: str | None


def save(session: Session, book: Book) -> None:
    """Write the changed rows of the book, and drop released contacts."""
    changed: dict[str, list[Any]] = {}
    for table, key in sorted(book.changed):
        changed.setdefault(table, []).append(key)
    _save_customers(session, [book.customers[key] for key in changed.get("customer", ())])
    _save_obligations(session, [book.obligations[key] for key in changed.get("obligation", ())])
    _save_enrolments(session, [book.enrolments[key] for key in changed.get("enrolment", ())])
    _save_steps(session, [book.steps[key] for key in changed.get("step", ())])
    _save_contacts(session, [book.reserved[key] for key in changed.get("reserved", ())])
    if book.released:
        tenants, customers, ids = zip(*sorted(book.released), strict=True)
        session.execute(
            text(
                "DELETE FROM contact USING unnest(CAST(:tenants AS text[]),"
                " CAST(:customers AS text[]), CAST(:ids AS text[])) AS given(t, c, d)"
                " WHERE tenant = t AND customer = c AND dispatch_id = d"
            ),
            {"tenants": list(tenants), "customers": list(customers), "ids": list(ids)},
        )
    book.changed.clear()
    book.released.clear()


def note(session: Session, facts: Sequence[Noted]) -> None:
    """Add facts to their customers' timelines; a fact that is there already stays as it is."""
    if not facts:
        return
    tenants, customers, ids, ats, types, datas, causes = zip(*facts, strict=True)
    session.execute(
        text(
            "INSERT INTO timeline (tenant, customer, fact_id, at, type, data, cause)"
            " SELECT t, c, f, a, y, d::jsonb, u FROM unnest(CAST(:tenants AS text[]),"
            " CAST(:customers AS text[]), CAST(:ids AS text[]), CAST(:ats AS timestamptz[]),"
            " CAST(:types AS text[]), CAST(:datas AS text[]), CAST(:causes AS text[]))"
            " AS given(t, c, f, a, y, d, u) ON CONFLICT DO NOTHING"
        ),
        {
            "tenants": list(tenants),
            "customers": list(customers),
            "ids": list(ids),
            "ats": list(ats),
            "types": list(types),
            "datas": list(datas),
            "causes": list(causes),
        },
    )


def _save_customers(session: Session, rows: Sequence[Customer]) -> None:
    if rows:
        session.execute(
            text(
                "INSERT INTO customer (tenant, customer, state) SELECT t, i, s::jsonb"
                " FROM unnest(CAST(:tenants AS text[]), CAST(:ids AS text[]),"
                " CAST(:states AS text[])) AS given(t, i, s)"
                " ON CONFLICT (tenant, customer) DO UPDATE SET state = excluded.state"
            ),
            {
                "tenants": [row.tenant for row in rows],
                "ids": [row.id for row in rows],
                "states": [_json(row) for row in rows],
            },
        )


def _save_obligations(session: Session, rows: Sequence[Obligation]) -> None:
    if rows:
        session.execute(
            text(
                "INSERT INTO obligation (tenant, obligation_id, state) SELECT t, i, s::jsonb"
                " FROM unnest(CAST(:tenants AS text[]), CAST(:ids AS text[]),"
                " CAST(:states AS text[])) AS given(t, i, s)"
                " ON CONFLICT (tenant, obligation_id) DO UPDATE SET state = excluded.state"
            ),
            {
                "tenants": [row.tenant for row in rows],
                "ids": [row.id for row in rows],
                "states": [_json(row) for row in rows],
            },
        )


def _save_enrolments(session: Session, rows: Sequence[Enrolment]) -> None:
    if rows:
        session.execute(
            text(
                "INSERT INTO enrolment (tenant, enrolment_id, customer, obligation_id, playbook,"
                " status, reason, started_at, state) SELECT t, i, c, o, p, u, r, a, s::jsonb"
                " FROM unnest(CAST(:tenants AS text[]), CAST(:ids AS text[]),"
                " CAST(:customers AS text[]), CAST(:obligations AS text[]),"
                " CAST(:playbooks AS text[]), CAST(:statuses AS text[]), CAST(:reasons AS text[]),"
                " CAST(:ats AS timestamptz[]), CAST(:states AS text[]))"
                " AS given(t, i, c, o, p, u, r, a, s)"
                " ON CONFLICT (tenant, enrolment_id) DO UPDATE SET status = excluded.status,"
                " reason = excluded.reason, state = excluded.state"
            ),
            {
                "tenants": [row.tenant for row in rows],
                "ids": [row.id for row in rows],
                "customers": [row.customer for row in rows],
                "obligations": [row.obligation_id for row in rows],
                "playbooks": [row.playbook for row in rows],
                "statuses": [row.status.value for row in rows],
                "reasons": [row.reason for row in rows],
                "ats": [row.started_at for row in rows],
                "states": [_json(row) for row in rows],
            },
        )


def _save_steps(session: Session, rows: Sequence[Step]) -> None:
    if rows:
        session.execute(
            text(
                "INSERT INTO step (tenant, step_id, customer, enrolment_id, position, state,"
                " planned_at, due_at, not_after, attempt, dispatch_id, reason, plan)"
                " SELECT t, i, c, e, n, s, p, d, l, a, x, r, j::jsonb"
                " FROM unnest(CAST(:tenants AS text[]), CAST(:ids AS text[]),"
                " CAST(:customers AS text[]), CAST(:enrolments AS text[]),"
                " CAST(:positions AS int[]), CAST(:states AS text[]),"
                " CAST(:planned AS timestamptz[]), CAST(:due AS timestamptz[]),"
                " CAST(:last AS timestamptz[]), CAST(:attempts AS int[]),"
                " CAST(:dispatches AS text[]), CAST(:reasons AS text[]), CAST(:plans AS text[]))"
                " AS given(t, i, c, e, n, s, p, d, l, a, x, r, j)"
                " ON CONFLICT (tenant, step_id) DO UPDATE SET state = excluded.state,"
                " planned_at = excluded.planned_at, due_at = excluded.due_at,"
                " not_after = excluded.not_after, attempt = excluded.attempt,"
                " dispatch_id = excluded.dispatch_id, reason = excluded.reason"
            ),
            {
                "tenants": [row.tenant for row in rows],
                "ids": [row.id for row in rows],
                "customers": [row.customer for row in rows],
                "enrolments": [row.enrolment_id for row in rows],
                "positions": [row.position for row in rows],
                "states": [row.state.value for row in rows],
                "planned": [row.planned_at for row in rows],
                "due": [row.due_at for row in rows],
                "last": [row.not_after for row in rows],
                "attempts": [row.attempt for row in rows],
                "dispatches": [row.dispatch_id for row in rows],
                "reasons": [row.reason for row in rows],
                "plans": [_json(row.plan) for row in rows],
            },
        )


def _save_contacts(session: Session, rows: Sequence[Reserved]) -> None:
    if rows:
        session.execute(
            text(
                "INSERT INTO contact (tenant, customer, dispatch_id, at, purpose, channel)"
                " SELECT * FROM unnest(CAST(:tenants AS text[]), CAST(:customers AS text[]),"
                " CAST(:ids AS text[]), CAST(:ats AS timestamptz[]), CAST(:purposes AS text[]),"
                " CAST(:channels AS text[]))"
                " ON CONFLICT (tenant, customer, dispatch_id) DO UPDATE SET at = excluded.at"
            ),
            {
                "tenants": [row.tenant for row in rows],
                "customers": [row.customer for row in rows],
                "ids": [row.dispatch_id for row in rows],
                "ats": [row.contact.at for row in rows],
                "purposes": [row.contact.purpose for row in rows],
                "channels": [row.contact.channel for row in rows],
            },
        )


def _json(row: msgspec.Struct) -> str:
    return msgspec.json.encode(row).decode()
