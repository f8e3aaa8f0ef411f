"""Profiles, publishers' versions, and the runtime's tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from services.runtime.migrations import create_runtime_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_runtime_tables(op)
    op.create_table(
        "profile",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("customer", sa.Text, primary_key=True),
        sa.Column("state", pg.JSONB, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )
    # Every event rewrites a profile: room on the page keeps the rewrite off the index.
    op.execute("ALTER TABLE profile SET (fillfactor = 70)")
    op.create_table(
        "obligation_version",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("obligation_id", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
