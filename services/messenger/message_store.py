"""The messenger's SQL about messages and what came back. Nothing here commits."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session, col, select

from services.messenger.model import DispatchState
from services.messenger.tables import MessageRow
from services.policy.model import Contact

COUNTED = (DispatchState.INTENDED, DispatchState.SENT, DispatchState.UNKNOWN)
"""States of a message that reached the customer, or may have."""


def contacts(session: Session, tenant: str, customer: str, since: datetime) -> tuple[Contact, ...]:
    """What was sent to the customer after `since` (business time), or may have been."""
    found = session.exec(
        select(MessageRow.checked_at, MessageRow.purpose, MessageRow.channel).where(
            MessageRow.tenant == tenant,
            MessageRow.customer == customer,
            col(MessageRow.checked_at) > since,
            col(MessageRow.state).in_(COUNTED),
        )
    )
    return tuple(Contact(*row) for row in found)


def find(session: Session, message_id: str) -> MessageRow | None:
    """A message by its id, not locked."""
    return session.exec(select(MessageRow).where(MessageRow.message_id == message_id)).first()


def find_reference(session: Session, message_ids: Sequence[str]) -> MessageRow | None:
    """The first message that goes by one of these ids."""
    return session.exec(
        select(MessageRow).where(col(MessageRow.message_id).in_(list(message_ids)))
    ).first()


def stale(session: Session, lane: int, epoch: int, limit: int) -> list[MessageRow]:
    """Messages still `intended` by an earlier owner of the lane, not locked."""
    return list(
        session.exec(
            select(MessageRow)
            .where(
                MessageRow.state == DispatchState.INTENDED.value,
                MessageRow.lane == lane,
                MessageRow.epoch < epoch,
            )
            .limit(limit)
        )
    )


def note_interaction(
    session: Session, message: MessageRow, kind: str, machine: bool, at: datetime
) -> bool:
    """Count an open or click; True the first time."""
    found = session.connection().execute(
        text(
            "INSERT INTO interaction (tenant, customer, message_id, kind, machine, first_at, times)"
            " VALUES (:tenant, :customer, :message_id, :kind, :machine, :at, 1)"
            " ON CONFLICT (tenant, customer, message_id, kind, machine)"
            " DO UPDATE SET times = interaction.times + 1 RETURNING times"
        ),
        {
            "tenant": message.tenant,
            "customer": message.customer,
            "message_id": message.message_id,
            "kind": kind,
            "machine": machine,
            "at": at,
        },
    )
    return bool(found.scalar_one() == 1)


def first_call(session: Session, provider: str, call_id: str, at: datetime) -> bool:
    """Note a webhook's id; False if it was there already."""
    found = session.connection().execute(
        text(
            "INSERT INTO webhook_call (provider, call_id, at) VALUES (:provider, :id, :at)"
            " ON CONFLICT DO NOTHING RETURNING 1"
        ),
        {"provider": provider, "id": call_id, "at": at},
    )
    return found.first() is not None
