"""Messages that are answers in a talk with a person."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("invitation", sa.Column("answers", sa.Text))
