"""Contacts that the publisher's own people made."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "people_contact",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("tenant", "customer")),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("obligation_id", sa.Text, nullable=True),
    )
    op.create_index("people_contact_at", "people_contact", ["tenant", "customer", "at"])
