"""Whether an event has told of a customer's place. Of those who are known, it has."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.add_column("customer", sa.Column("placed", sa.Boolean(), nullable=False, server_default="t"))
    op.alter_column("customer", "placed", server_default="f")
