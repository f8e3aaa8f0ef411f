"""Whether an event has told of a customer's place. Of those who are known, it has."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    # Who has a place needs no flag.
    op.execute(
        "UPDATE customer SET state = (state::jsonb || '{\"placed\": true}')::json"
        " WHERE coalesce(state->'place'->>'timezone', state->'place'->>'country',"
        " state->'place'->>'phone_country') IS NULL"
    )
