"""Until which real instant no customer event can be missing, by lane."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "progress",
        sa.Column("lane", sa.Integer, primary_key=True),
        sa.Column("caught_up_at", sa.DateTime(timezone=True), nullable=False),
    )
