"""Mail that comes in, and addresses from which it came back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "inbound",
        sa.Column("inbound_id", sa.Text, primary_key=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("source", "sender")),
        sa.Column("recipients", pg.ARRAY(sa.Text), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text) for name in _LATER),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
    )
    op.create_index(
        "inbound_pending", "inbound", ["received_at"], postgresql_where="state = 'pending'"
    )
    op.create_table(
        "bounce",
        *(sa.Column(name, sa.Text, primary_key=True) for name in _BOUNCE),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )


_LATER = ("kind", "reason", "tenant", "customer", "message_id")
_BOUNCE = ("tenant", "address_hash", "message_id")
