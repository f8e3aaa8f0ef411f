"""What is learnt of wordings: trials, outcomes, counts, and which are withdrawn."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_FAMILY = ("tenant", "playbook", "template", "tone")


def _texts(*names: str, key: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, primary_key=key, nullable=False) for name in names]


def _flag(name: str, standing: bool = False) -> sa.Column[bool]:
    default = sa.true() if standing else sa.false()
    return sa.Column(name, sa.Boolean, nullable=False, server_default=default)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, server_default="0")


def _at(key: bool = False) -> sa.Column[datetime]:
    return sa.Column("at", sa.DateTime(timezone=True), primary_key=key, nullable=False)


def upgrade() -> None:
    op.create_table(
        "wording_trial",
        *_texts("tenant", "message_id", key=True),
        *_texts("playbook", "template", "tone", "segment", "wording", "variant"),
        _at(),
        *(_flag(name) for name in ("rewarded", "clicked", "harmed")),
        _flag("fresh", standing=True),
        _count("counted_as"),
        sa.Column(
            "stands_as",
            sa.Integer,
            sa.Computed(
                "1 + rewarded::int * 2 + (clicked AND NOT rewarded)::int * 4 + harmed::int * 8",
                persisted=True,
            ),
            nullable=False,
        ),
    )
    op.create_index(
        "wording_trial_fresh", "wording_trial", ["at"], postgresql_where=sa.text("fresh")
    )
    op.create_index(
        "wording_trial_to_count",
        "wording_trial",
        ["at"],
        postgresql_where=sa.text("counted_as <> stands_as"),
    )
    op.create_table("wording_subject", *_texts("tenant", "obligation_id", "message_id", key=True))
    op.create_index("wording_subject_message", "wording_subject", ["tenant", "message_id"])
    op.create_table(
        "wording_outcome",
        *_texts("tenant", "obligation_id", key=True),
        _at(key=True),
        _flag("fresh", standing=True),
    )
    op.create_index(
        "wording_outcome_fresh", "wording_outcome", ["at"], postgresql_where=sa.text("fresh")
    )
    op.create_table(
        "wording_count",
        *_texts(*_FAMILY, "segment", "wording", key=True),
        sa.Column("sent_on", sa.Date, primary_key=True),
        *_texts("variant"),
        *(_count(name) for name in ("sent", "rewarded", "clicked", "harmed")),
    )
    op.create_table(
        "wording_state",
        *_texts(*_FAMILY, "wording", key=True),
        *_texts("variant", "by"),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        _count("sent"),
        _count("harmed"),
        _at(),
    )
