"""Channels besides e-mail: where customers are reached by them, and whose turn a dispatch is."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("customer", sa.Column("phone", sa.Text))
    op.add_column("customer", sa.Column("webhook", sa.Text))
    op.add_column("dispatch", sa.Column("channel", sa.Text, nullable=False, server_default="email"))
    op.drop_index("dispatch_pending", "dispatch")
    # A channel whose provider rests must not slow down the others, however much waits for it.
    op.create_index(
        "dispatch_pending",
        "dispatch",
        ["lane", "channel", "seq"],
        postgresql_where="state = 'pending'",
    )
