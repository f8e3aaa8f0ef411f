"""Customers, bills, invitations, cases, offers, agreements, hand-offs; the runtime's tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from services.runtime.migrations import create_runtime_tables

revision = "0001"
down_revision = None


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=True)


def _text(name: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _number(name: str, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _instant(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _json(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, pg.JSONB, nullable=nullable)


def upgrade() -> None:
    create_runtime_tables(op)
    _what_is_known()
    _the_talk()
    _people_and_visits()


def _what_is_known() -> None:
    op.create_table(
        "customer",
        _key("tenant"), _key("customer"),
        _text("locale", True), _text("timezone", True), _text("merged_into", True),
        _number("wrong_tries"), _instant("locked_until", True),
    )  # fmt: skip
    op.create_table(
        "evidence",
        _key("tenant"), _key("customer"), _key("kind"), _text("salt"), _text("hash"),
    )  # fmt: skip
    op.create_table(
        "hold",
        _key("tenant"), _key("customer"), _key("kind"), _key("obligation_id"),
        _instant("until", True),
    )  # fmt: skip
    op.create_table(
        "obligation",
        _key("tenant"), _key("obligation_id"),
        _text("status"), _number("remaining_minor"), _text("currency", True),
        _text("creditor", True), _text("product", True), sa.Column("due_date", sa.Date),
        _text("due_timezone", True), _number("version", True),
    )  # fmt: skip
    op.execute("ALTER TABLE obligation SET (fillfactor = 80)")
    op.create_table(
        "enrolment",
        _key("tenant"), _key("customer"), _key("enrolment_id"), _text("obligation_id"),
        _json("authority", True),
    )  # fmt: skip
    op.create_table(
        "invitation",
        _key("message_id"), _text("tenant"), _text("customer"), _text("obligation_id"),
        _text("enrolment_id"), _text("locale"), _text("timezone", True),
        _json("applied_through"),
    )  # fmt: skip


def _the_talk() -> None:
    op.create_table(
        "case_file",
        _key("tenant"), _key("customer"), _key("case_id"),
        _text("obligation_id"), _text("enrolment_id"), _text("message_id"), _number("round"),
        _instant("opened_at"),
        sa.UniqueConstraint("tenant", "customer", "obligation_id"),
    )  # fmt: skip
    op.create_index("case_file_id", "case_file", ["case_id"], unique=True)
    op.create_table(
        "offer",
        _key("tenant"), _key("customer"), _key("offer_id"),
        _text("case_id"), _text("obligation_id"), _number("round"), _number("position"),
        _text("name"), _text("kind"), _text("currency"), _number("balance_minor"),
        _number("total_minor"), _number("discount_minor"), _json("instalments"),
        _json("authority"), _instant("expires_at"), _text("signature"), _text("status"),
        _instant("proposed_at"),
    )  # fmt: skip
    op.create_index("offer_case", "offer", ["case_id", "round"])
    op.create_table(
        "agreement",
        _key("tenant"), _key("obligation_id"), _key("agreement_id"),
        _text("customer"), _text("case_id"), _text("offer_id"), _text("status"),
        _text("currency"), _number("total_minor"), _number("discount_minor"),
        _json("instalments"), _number("paid_minor"), _number("kept"),
        _text("request_id"), _text("booking"), _instant("made_at"),
    )  # fmt: skip
    # Two tabs, two parties, two workers: one agreement about an obligation at a time.
    op.create_index(
        "agreement_once", "agreement", ["tenant", "obligation_id"], unique=True,
        postgresql_where=sa.text("status IN ('active', 'completed')"),
    )  # fmt: skip
    op.create_index("agreement_case", "agreement", ["case_id"])
    op.create_index("agreement_request", "agreement", ["request_id"], unique=True)


def _people_and_visits() -> None:
    op.create_table(
        "handoff",
        _key("tenant"), _key("customer"), _key("handoff_id"),
        _text("case_id"), _text("obligation_id"), _text("reason"), _text("status"),
        _instant("requested_at"), _text("assigned_to", True), _instant("assigned_at", True),
        _text("outcome", True), _instant("resolved_at", True),
    )  # fmt: skip
    op.create_index("handoff_id", "handoff", ["handoff_id"], unique=True)
    op.create_index("handoff_case", "handoff", ["case_id"])
    op.create_index(
        "handoff_open", "handoff", ["requested_at"],
        postgresql_where=sa.text("status <> 'resolved'"),
    )  # fmt: skip
    op.create_table(
        "attempt",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        _text("tenant"), _text("customer"), _text("case_id"), _instant("at"),
        sa.Column("right", sa.Boolean, nullable=False),
    )  # fmt: skip
    op.create_index("attempt_case", "attempt", ["case_id"])
    op.create_table(
        "session",
        _key("session_id"), _text("tenant"), _text("customer"), _text("case_id"),
        _instant("created_at"), _instant("expires_at"),
        sa.Column("ended", sa.Boolean, nullable=False),
    )  # fmt: skip
    op.create_index("session_case", "session", ["case_id"])
