"""One-tap answers: what a message offers, and which one counts.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add what messages offer, and the table of what was chosen."""
    op.add_column("message", sa.Column("choices", pg.JSONB, nullable=False, server_default="{}"))
    op.create_table(
        "choice",
        *(sa.Column(name, sa.Text, primary_key=True) for name in _KEY),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("choice", "label", "message_id")),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("choice")
    op.drop_column("message", "choices")


_KEY = ("tenant", "customer", "enrolment_id")
