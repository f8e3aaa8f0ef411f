"""Payments that were taken back earn no wording anything."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column(
        "wording_outcome", sa.Column("payment_id", sa.Text, nullable=False, server_default="")
    )
    op.create_table(
        "wording_reversal",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("obligation_id", sa.Text, primary_key=True),
        sa.Column("payment_id", sa.Text, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), primary_key=True),
    )
