"""How many instalments of an agreement are paid: nobody is reminded of those."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("obligation", sa.Column("kept", sa.Integer, nullable=False, server_default="0"))
