"""Customers, obligations, enrolments, steps, contacts, the timeline, and the runtime's tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from services.runtime.migrations import create_runtime_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_runtime_tables(op)
    op.create_table("customer", _key("tenant"), _key("customer"), _json("state"))
    op.create_table(
        "obligation", _key("tenant"), _key("obligation_id"), _json("state", nullable=True)
    )
    op.create_table(
        "enrolment",
        _key("tenant"),
        _key("enrolment_id"),
        _text("customer"),
        _text("obligation_id"),
        _text("playbook"),
        _text("status"),
        _text("reason", nullable=True),
        _instant("started_at"),
        _json("state"),
    )
    op.create_index("enrolment_customer", "enrolment", ["tenant", "customer", "started_at"])
    op.create_index("enrolment_obligation", "enrolment", ["tenant", "obligation_id"])
    op.create_table(
        "step",
        _key("tenant"),
        _key("step_id"),
        _text("customer"),
        _text("enrolment_id"),
        sa.Column("position", sa.Integer, nullable=False),
        _text("state"),
        _instant("planned_at"),
        _instant("due_at"),
        _instant("not_after"),
        sa.Column("attempt", sa.Integer, nullable=False),
        _text("dispatch_id", nullable=True),
        _text("reason", nullable=True),
        _json("plan"),
    )
    op.create_index("step_enrolment", "step", ["tenant", "enrolment_id"])
    # The claim reads the oldest due steps from here, however many wait for later.
    op.create_index("step_due", "step", ["due_at"], postgresql_where=sa.text("state = 'planned'"))
    op.create_index(
        "step_planned_customer",
        "step",
        ["tenant", "customer", "due_at"],
        postgresql_where=sa.text("state = 'planned'"),
    )
    op.create_table(
        "contact",
        _key("tenant"),
        _key("customer"),
        _key("dispatch_id"),
        _instant("at"),
        _text("purpose"),
        _text("channel"),
    )
    op.create_index("contact_at", "contact", ["tenant", "customer", "at"])
    op.create_table(
        "timeline",
        _key("tenant"),
        _key("customer"),
        _key("fact_id"),
        _instant("at"),
        sa.Column("position", sa.BigInteger, nullable=False),
        _text("type"),
        _json("data"),
        _text("cause", nullable=True),
    )
    op.create_index("timeline_at", "timeline", ["tenant", "customer", "at", "position"])
    op.create_index("timeline_recent", "timeline", ["at"])
    # Rows that every event or claim rewrites: room on the page keeps that off the indexes.
    for table in ("customer", "obligation", "step", "enrolment"):
        op.execute(f"ALTER TABLE {table} SET (fillfactor = 75)")
    # Due steps leave the partial index all day: keep dead rows out of the claim's way.
    op.execute(
        "ALTER TABLE step SET (autovacuum_vacuum_scale_factor = 0.02,"
        " autovacuum_vacuum_threshold = 2000)"
    )


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=True)


def _text(name: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _instant(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _json(name: str, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, pg.JSONB, nullable=nullable)
