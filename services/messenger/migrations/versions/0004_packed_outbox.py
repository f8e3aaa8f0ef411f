"""Messages stand in the outbox many to a row."""

from alembic import op

from services.runtime.migrations import pack_outbox

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    pack_outbox(op)
