"""Mails are kept as they are: packing them took the database longer than all else of a message."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("ALTER TABLE message ALTER COLUMN copy SET STORAGE EXTERNAL")
