"""Customers, obligations, dispatches, messages, what stops them and what comes back."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from services.runtime.migrations import create_runtime_tables

revision = "0001"
down_revision = None


def key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=True)


def text(name: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def instant(name: str, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def document(name: str) -> sa.Column[Any]:
    return sa.Column(name, pg.JSONB, nullable=False, server_default="{}")


def upgrade() -> None:
    create_runtime_tables(op)
    _knowledge()
    _sending()
    _answers()


def _knowledge() -> None:
    op.create_table(
        "customer",
        key("tenant"),
        key("customer"),
        *(text(name, nullable=True) for name in ("email", "name", "locale")),
        *(text(name, nullable=True) for name in ("timezone", "country", "region", "city")),
        text("merged_into", nullable=True),
        document("consents"),
        document("holds"),
        document("handoffs"),
    )
    op.create_table(
        "obligation",
        key("tenant"),
        key("kind"),
        key("obligation_id"),
        text("state"),
        sa.Column("amount_minor", sa.BigInteger),
        sa.Column("version", sa.BigInteger),
        instant("changed_at", nullable=True),
        sa.Column("agreed", sa.Boolean, nullable=False),
    )
    op.create_table("cancelled_step", key("tenant"), key("customer"), key("step_id"))
    op.create_table(
        "suppression",
        key("tenant"),
        key("customer"),
        key("channel"),
        key("purpose"),
        key("reason"),
        key("address_hash"),
        instant("at"),
        instant("expires_at", nullable=True),
    )
    op.create_index(
        "suppression_address",
        "suppression",
        ["tenant", "address_hash"],
        postgresql_where="address_hash <> ''",
    )
    op.create_table(
        "lane",
        sa.Column("lane", sa.Integer, primary_key=True),
        instant("fresh_at", nullable=True),
        document("announced"),
    )


def _sending() -> None:
    op.create_table(
        "dispatch",
        key("tenant"),
        key("dispatch_id"),
        text("customer"),
        text("step_id"),
        sa.Column("lane", sa.Integer, nullable=False),
        text("state"),
        document("event"),
        sa.Column("seq", sa.BigInteger, sa.Identity(always=True), nullable=False),
    )
    op.create_index(
        "dispatch_pending", "dispatch", ["lane", "seq"], postgresql_where="state = 'pending'"
    )
    op.create_table(
        "message",
        key("tenant"),
        key("customer"),
        key("message_id"),
        *(text(name) for name in ("dispatch_id", "step_id", "enrolment_id", "state")),
        sa.Column("lane", sa.Integer, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        *(text(name) for name in ("purpose", "channel", "locale")),
        sa.Column("obligation_ids", pg.ARRAY(sa.Text), nullable=False),
        *(text(name) for name in ("playbook", "template", "variant")),
        text("address_hash"),
        text("content_sha256"),
        sa.Column("copy", sa.LargeBinary, nullable=False),
        document("links"),
        document("cause"),
        instant("checked_at"),
        instant("ended_at", nullable=True),
        text("provider", nullable=True),
        text("reason", nullable=True),
    )
    op.create_index("message_id", "message", ["message_id"], unique=True)
    op.create_index("message_dispatch", "message", ["tenant", "dispatch_id"], unique=True)
    op.create_index("message_contact", "message", ["tenant", "customer", "checked_at"])
    op.create_index("message_intended", "message", ["lane"], postgresql_where="state = 'intended'")
    for table in ("dispatch", "message"):
        op.execute(f"ALTER TABLE {table} SET (autovacuum_vacuum_scale_factor = 0.05)")


def _answers() -> None:
    op.create_table(
        "interaction",
        key("tenant"),
        key("customer"),
        key("message_id"),
        key("kind"),
        sa.Column("machine", sa.Boolean, primary_key=True),
        instant("first_at"),
        sa.Column("times", sa.Integer, nullable=False),
    )
    op.create_table(
        "reply",
        key("tenant"),
        key("customer"),
        key("reply_id"),
        text("message_id"),
        text("words"),
        text("intent"),
        instant("at"),
    )
    op.create_table("webhook_call", key("provider"), key("call_id"), instant("at"))
