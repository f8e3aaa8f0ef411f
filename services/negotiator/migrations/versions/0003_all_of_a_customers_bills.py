"""All bills and subscriptions of a customer, their payments, and what they ask for themselves."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0003"
down_revision = "0002"


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=True)


def _text(name: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _instant(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.add_column("obligation", sa.Column("autopay", sa.Boolean))
    op.add_column("enrolment", _text("purpose", True))
    op.create_table("party", _key("tenant"), _key("customer"), _key("obligation_id"))
    op.create_table(
        "subscription",
        _key("tenant"), _key("customer"), _key("subscription_id"),
        _text("status"), _text("plan", True), sa.Column("expires_on", sa.Date),
        sa.Column("price_minor", sa.BigInteger), _text("currency", True),
        sa.Column("auto_renew", sa.Boolean, nullable=False),
    )  # fmt: skip
    op.create_table(
        "payment",
        _key("tenant"), _key("customer"), _key("obligation_id"), _key("payment_id"),
        _text("status"), sa.Column("amount_minor", sa.BigInteger, nullable=False),
        _text("currency"), _instant("at"),
    )  # fmt: skip
    op.create_table(
        "request",
        _key("tenant"), _key("customer"), _key("request_id"),
        _text("obligation_id"), _text("kind"), sa.Column("details", pg.JSONB, nullable=False),
        _text("status"), _instant("made_at"), _instant("answered_at", True),
    )  # fmt: skip
    op.create_index("request_id", "request", ["request_id"], unique=True)
    # Two tabs, a double click: one question at a time, whoever answers last.
    op.create_index(
        "request_once", "request", ["tenant", "customer", "obligation_id", "kind"], unique=True,
        postgresql_where=sa.text("status = 'requested'"),
    )  # fmt: skip
    op.create_index("merged", "customer", ["tenant", "merged_into"])
