"""By which terms an obligation that has ended opens again."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("obligation", sa.Column("closed_at", sa.DateTime(timezone=True)))
    op.add_column("obligation", sa.Column("closed_version", sa.BigInteger))
    op.add_column("obligation", sa.Column("reopens_from", sa.Date))
    # Of what has ended already, only when is known, and not by which of its versions.
    op.execute("UPDATE obligation SET closed_at = changed_at WHERE state <> 'open'")
