"""Which links of a message people followed: taking one back leaves the others."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column(
        "wording_trial",
        sa.Column("followed", ARRAY(sa.Text), nullable=False, server_default="{}"),
    )
