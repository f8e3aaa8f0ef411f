"""The messenger's SQL about mail that comes in. Nothing here commits."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from services.messenger.tables import BounceRow, InboundRow, MessageRow

PENDING, DONE, FAILED = "pending", "done", "failed"


def keep(session: Session, row: InboundRow) -> bool:
    """Keep a mail; False if it is kept already."""
    statement = (
        insert(InboundRow)
        .values(row.model_dump())
        .on_conflict_do_nothing()
        .returning(col(InboundRow.inbound_id))
    )
    return session.execute(statement).first() is not None


def next_pending(session: Session) -> InboundRow | None:
    """The oldest mail that nobody reads yet, locked."""
    return session.exec(
        select(InboundRow)
        .where(InboundRow.state == PENDING)
        .order_by(col(InboundRow.received_at), col(InboundRow.inbound_id))
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()


def failed(session: Session, tenant: str | None, limit: int) -> list[InboundRow]:
    """Mails that wait for a person, oldest first. tenant: only this one's, unless None."""
    query = select(InboundRow).where(InboundRow.state == FAILED)
    if tenant is not None:
        query = query.where(InboundRow.tenant == tenant)
    rows = list(session.exec(query.order_by(col(InboundRow.received_at)).limit(limit)))
    for row in rows:
        session.expunge(row)
    return rows


def latest_messages_to(session: Session, email: str) -> Sequence[MessageRow]:
    """The newest message to each customer who has this address, in any case of letters."""
    found = select(MessageRow).from_statement(
        text(
            "SELECT m.* FROM customer k CROSS JOIN LATERAL (SELECT * FROM message"
            " WHERE tenant = k.tenant AND customer = k.customer"
            " ORDER BY checked_at DESC LIMIT 1) m WHERE lower(k.email) = lower(:email) LIMIT 20"
        )
    )
    return list(session.execute(found, {"email": email}).scalars())


def latest_texts(session: Session, channel: str, address_hash: str) -> Sequence[MessageRow]:
    """The newest message by the channel to each customer who was reached there, newest first."""
    found = select(MessageRow).from_statement(
        text(
            "SELECT * FROM (SELECT DISTINCT ON (tenant, customer) * FROM message"
            " WHERE address_hash = :hash AND channel = :channel AND channel <> 'email'"
            " ORDER BY tenant, customer, checked_at DESC) AS newest"
            " ORDER BY checked_at DESC LIMIT 1000"
        )
    )
    values = {"hash": address_hash, "channel": channel}
    return list(session.execute(found, values).scalars())


def latest_to_number(session: Session, channel: str, number: str) -> Sequence[MessageRow]:
    """The newest message, by whichever channel, to each customer who has this number now."""
    found = select(MessageRow).from_statement(
        text(
            "SELECT m.* FROM customer k CROSS JOIN LATERAL (SELECT * FROM message"
            " WHERE tenant = k.tenant AND customer = k.customer"
            " ORDER BY checked_at DESC LIMIT 1) m"
            f" WHERE k.{_NUMBERS[channel]} = :number LIMIT 1000"
        )
    )
    return list(session.execute(found, {"number": number}).scalars())


_NUMBERS = {"sms": "phone", "webhook": "webhook"}
"""By channel: where a customer's number rests."""


def note_bounce(session: Session, message: MessageRow, at: datetime, since: datetime) -> int:
    """Note that a message came back softly: how many to its address did, after `since`."""
    row = BounceRow(
        tenant=message.tenant,
        address_hash=message.address_hash,
        message_id=message.message_id,
        at=at,
    )
    session.execute(insert(BounceRow).values(row.model_dump()).on_conflict_do_nothing())
    found = session.connection().execute(
        text(
            "SELECT count(*) FROM bounce WHERE tenant = :tenant AND address_hash = :hash"
            " AND at > :since"
        ),
        {"tenant": message.tenant, "hash": message.address_hash, "since": since},
    )
    return int(found.scalar_one())


def prune(session: Session, read_before: datetime, bounced_before: datetime) -> None:
    """Drop mails that were done with before (real time), and bounces that count no more."""
    session.connection().execute(
        text("DELETE FROM inbound WHERE state = 'done' AND received_at < :before"),
        {"before": read_before},
    )
    session.connection().execute(
        text("DELETE FROM bounce WHERE at < :before"), {"before": bounced_before}
    )
