"""Messages stand in the outbox many to a row."""

from alembic import op

from services.runtime.migrations import pack_outbox

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    pack_outbox(op)
