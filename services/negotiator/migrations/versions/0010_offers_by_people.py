"""Offers are found by their id, and those that a second person has yet to approve."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_index("offer_id", "offer", ["offer_id"], unique=True)
    op.create_index(
        "offer_waiting", "offer", ["proposed_at"], postgresql_where=sa.text("status = 'waiting'")
    )
