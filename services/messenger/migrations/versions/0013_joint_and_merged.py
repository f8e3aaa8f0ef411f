"""Notices and holds of an obligation bind all its parties; of two ids, since when they are one."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("obligation", sa.Column("holds", pg.JSONB, nullable=False, server_default="{}"))
    op.add_column(
        "obligation",
        sa.Column("notices", pg.ARRAY(sa.Text), nullable=False, server_default="{}"),
    )
    op.add_column("customer", sa.Column("merged_at", sa.DateTime(timezone=True)))
    op.create_index(
        "customer_merged",
        "customer",
        ["tenant", "merged_into"],
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
