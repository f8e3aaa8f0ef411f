"""What customers ask for themselves: how often, when, in which language."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("customer", sa.Column("wishes", pg.JSONB, nullable=False, server_default="{}"))
