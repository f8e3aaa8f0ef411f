"""Who answers together for an obligation."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "joint_obligation",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("obligation_id", sa.Text, primary_key=True),
        sa.Column("parties", pg.ARRAY(sa.Text), nullable=False),
    )
