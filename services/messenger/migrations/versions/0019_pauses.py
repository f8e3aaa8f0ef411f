"""Enrolments that operators pause: what was ordered before waits as well. Payments under way by
their ids: that the bill is told anew meanwhile ends none of them.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "pause",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("enrolment_id", sa.Text, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True)),
    )
    op.add_column("obligation", sa.Column("paying", JSONB, nullable=False, server_default="{}"))
    # Which payments those were is not known; the scheduler, which knows, waits for them.
    op.execute("UPDATE obligation SET state = 'open' WHERE state = 'pending'")
