"""When each promise is looked at next."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("agreement", sa.Column("look_at", sa.DateTime(timezone=True)))
    op.execute("UPDATE agreement SET look_at = made_at WHERE status = 'active'")
    op.create_index(
        "agreement_look", "agreement", ["look_at"],
        postgresql_where=sa.text("look_at IS NOT NULL"),
    )  # fmt: skip
