"""What customers ask for themselves, and who brought a suppression."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("suppression", sa.Column("source", sa.Text, nullable=False, server_default=""))
    op.add_column("customer", sa.Column("wishes", pg.JSONB, nullable=False, server_default="{}"))
