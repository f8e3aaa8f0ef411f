"""Where a customer lives, by which limits an offer was judged, and customers' own proposals."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0008"
down_revision = "0007"


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=True)


def upgrade() -> None:
    for name in ("country", "region"):
        op.add_column("customer", sa.Column(name, sa.Text))
    op.add_column("enrolment", sa.Column("segment", sa.Text))
    op.add_column(
        "case_file", sa.Column("proposals", sa.BigInteger, nullable=False, server_default="0")
    )
    op.add_column("offer", sa.Column("by", sa.Text, nullable=False, server_default="machine"))
    for name in ("actor", "approved_by"):
        op.add_column("offer", sa.Column(name, sa.Text))
    op.add_column("offer", sa.Column("grace_days", sa.BigInteger))
    op.add_column("offer", sa.Column("matrix", pg.JSONB))
    op.add_column("agreement", sa.Column("grace_days", sa.BigInteger))
    op.add_column(
        "agreement", sa.Column("moves", sa.BigInteger, nullable=False, server_default="0")
    )
    op.create_table(
        "proposal",
        _key("tenant"), _key("customer"), _key("proposal_id"),
        sa.Column("case_id", sa.Text, nullable=False, index=True),
        sa.Column("wish", pg.JSONB, nullable=False),
        sa.Column("balance_minor", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("offer_id", sa.Text, nullable=False),
        sa.Column("breaches", pg.JSONB, nullable=False),
        sa.Column("answers", pg.JSONB, nullable=False),
        sa.Column("may_ask", sa.Boolean, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )  # fmt: skip
    op.create_table(
        "affordability",
        _key("tenant"), _key("customer"), _key("obligation_id"),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("monthly_minor", sa.BigInteger, nullable=False),
        sa.Column("payday", sa.BigInteger),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
    )  # fmt: skip
