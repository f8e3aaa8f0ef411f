"""What of sending is stopped, and the steps that wait for it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "sending",
        sa.Column("scope", sa.Text, primary_key=True),
        sa.Column("of_tenant", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("stopped", sa.Boolean, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    # A resumed scope wakes its steps from here, however many wait for something else.
    op.create_index(
        "step_stopped",
        "step",
        ["tenant"],
        postgresql_where=sa.text("state = 'planned' AND reason = 'sending_stopped'"),
    )
