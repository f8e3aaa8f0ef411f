"""Texts: their links by short names, and answers to them, found by the number."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "short_link",
        sa.Column("name", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in _NAMES),
        sa.Column("link", sa.Text),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("short_link_end", "short_link", ["expires_at"])
    op.add_column("customer", sa.Column("vouched_phone", sa.Text))
    for column in ("phone", "webhook"):
        op.create_index(f"customer_{column}", "customer", [column])
    op.create_index(
        "message_texted",
        "message",
        ["address_hash", "channel"],
        postgresql_where="channel <> 'email'",
    )
    op.add_column(
        "inbound", sa.Column("answered", sa.Boolean, nullable=False, server_default=sa.false())
    )


_NAMES = ("tenant", "customer", "message_id", "kind")
