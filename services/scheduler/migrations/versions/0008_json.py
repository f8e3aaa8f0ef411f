"""Structs are kept as JSON text: read and written whole, they need not be taken apart."""

from alembic import op

revision = "0008"
down_revision = "0007"

_COLUMNS = (
    ("customer", "state"),
    ("obligation", "state"),
    ("enrolment", "state"),
    ("step", "plan"),
)


def upgrade() -> None:
    for table, column in _COLUMNS:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE json USING {column}::json")
