"""Links that went to somebody else stay shut."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    for table, column in (("customer", "wrong_person"), ("invitation", "closed")):
        told = sa.Column(column, sa.Boolean, nullable=False, server_default=sa.false())
        op.add_column(table, told)
    op.create_index("invitation_customer", "invitation", ["tenant", "customer"])
