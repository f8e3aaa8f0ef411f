"""What people answer: how it came and all that was heard; links that lead nowhere any more."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("customer", sa.Column("links_end", sa.DateTime(timezone=True)))
    op.add_column(
        "reply", sa.Column("also", pg.ARRAY(sa.Text), nullable=False, server_default="{}")
    )
    op.add_column("reply", sa.Column("via", sa.Text, nullable=False, server_default="http"))
    op.add_column("reply", sa.Column("attachments", sa.Integer, nullable=False, server_default="0"))
