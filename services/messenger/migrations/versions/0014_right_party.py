"""Which address a customer is known to read."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("customer", sa.Column("confirmed", sa.Text))
    op.add_column("customer", sa.Column("vouched", sa.Text))
