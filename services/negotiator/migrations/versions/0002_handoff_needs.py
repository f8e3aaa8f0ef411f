"""Whom a hand-off needs, and until when.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add both to hand-offs."""
    op.add_column("handoff", sa.Column("needs", pg.JSONB))
    op.add_column("handoff", sa.Column("due_by", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Take them away."""
    op.drop_column("handoff", "due_by")
    op.drop_column("handoff", "needs")
