"""A message may be about several steps."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column(
        "message", sa.Column("joined", pg.ARRAY(sa.Text), nullable=False, server_default="{}")
    )
