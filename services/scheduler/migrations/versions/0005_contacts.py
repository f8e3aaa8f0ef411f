"""Contacts say what they were about, whether they reached the person, and who made them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column(
        "contact",
        sa.Column("obligation_ids", pg.ARRAY(sa.Text), nullable=False, server_default="{}"),
    )
    op.add_column(
        "contact", sa.Column("reached", sa.Boolean, nullable=False, server_default=sa.true())
    )
    op.add_column(
        "contact", sa.Column("made_by", sa.Text, nullable=False, server_default="machine")
    )
