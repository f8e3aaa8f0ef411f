"""Obligations are told apart by their kind, too: publishers number each kind by itself."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_KIND = "coalesce(o.state->>'kind', 'bill')"


def upgrade() -> None:
    op.add_column("obligation", sa.Column("kind", sa.Text, nullable=True))
    op.add_column("enrolment", sa.Column("obligation_kind", sa.Text, nullable=True))
    op.execute(f"UPDATE obligation o SET kind = {_KIND}")
    op.execute(
        f"UPDATE enrolment e SET obligation_kind = {_KIND},"
        f" state = e.state || jsonb_build_object('obligation_kind', {_KIND}) FROM obligation o"
        " WHERE o.tenant = e.tenant AND o.obligation_id = e.obligation_id"
    )
    op.alter_column("obligation", "kind", nullable=False)
    op.alter_column("enrolment", "obligation_kind", nullable=False)
    op.drop_constraint("obligation_pkey", "obligation")
    op.create_primary_key("obligation_pkey", "obligation", ["tenant", "kind", "obligation_id"])
    op.drop_index("enrolment_obligation", "enrolment")
    op.create_index(
        "enrolment_obligation", "enrolment", ["tenant", "obligation_kind", "obligation_id"]
    )
