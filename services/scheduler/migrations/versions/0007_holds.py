"""Holds keep the last words on them apart: placed, lifted by the publisher, by an operator."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for table in ("customer", "obligation"):
        op.execute(
            f"UPDATE {table} SET state = jsonb_set(state, '{{holds}}', (SELECT jsonb_agg("
            "CASE WHEN h ? 'lifted' THEN (h - 'lifted' - 'at')"
            " || jsonb_build_object('lifted_at', h->'at') ELSE h END)"
            " FROM jsonb_array_elements(state->'holds') AS h))"
            " WHERE jsonb_array_length(coalesce(state->'holds', '[]')) > 0"
        )
