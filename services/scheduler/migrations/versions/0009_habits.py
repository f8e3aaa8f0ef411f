"""At which hours customers answer, by segment and tenant."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "answered_hour",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("playbook", sa.Text, primary_key=True),
        sa.Column("segment", sa.Text, primary_key=True),
        sa.Column("lane", sa.Integer, primary_key=True),
        sa.Column("hour", sa.Integer, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
    )
