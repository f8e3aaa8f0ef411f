"""The messenger's SQL about what readers, and programs, do with a message. Nothing here commits."""

from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from services.messenger.tables import MessageRow


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


def clicked_besides(session: Session, message: MessageRow, kind: str, since: datetime) -> bool:
    """Whether another link of the message was first followed since then."""
    found = session.connection().execute(
        text(
            "SELECT 1 FROM interaction WHERE tenant = :tenant AND customer = :customer"
            " AND message_id = :message_id AND kind LIKE 'click:%' AND kind <> :kind"
            " AND first_at > :since LIMIT 1"
        ),
        {
            "tenant": message.tenant,
            "customer": message.customer,
            "message_id": message.message_id,
            "kind": kind,
            "since": since,
        },
    )
    return found.first() is not None


def note_scan(session: Session, message: MessageRow, kind: str, at: datetime) -> bool:
    """Note that a program goes through the message; True the first time. The last time counts."""
    first = note_interaction(session, message, kind, True, at)
    session.connection().execute(
        text(f"UPDATE interaction SET first_at = :at WHERE {_OF_MESSAGE} AND kind = :kind"),
        {**_named(message), "kind": kind, "at": at},
    )
    return first


def scanned(session: Session, message: MessageRow, kind: str, since: datetime) -> bool:
    """Whether a program went through the message since then."""
    found = session.connection().execute(
        text(
            f"SELECT 1 FROM interaction WHERE {_OF_MESSAGE} AND kind = :kind AND first_at > :since"
        ),
        {**_named(message), "kind": kind, "since": since},
    )
    return found.first() is not None


def disown_clicks(
    session: Session, message: MessageRow, since: datetime, at: datetime
) -> list[str]:
    """Count the clicks that were taken for a person's since then as a program's; their kinds."""
    found = session.connection().execute(
        text(
            f"DELETE FROM interaction WHERE {_OF_MESSAGE} AND kind LIKE 'click:%'"
            " AND NOT machine AND first_at > :since RETURNING kind"
        ),
        {**_named(message), "since": since},
    )
    kinds = sorted(found.scalars())
    for kind in kinds:
        note_interaction(session, message, kind, True, at)
    return kinds


_OF_MESSAGE = "tenant = :tenant AND customer = :customer AND message_id = :message_id"


def _named(message: MessageRow) -> dict[str, str]:
    return {
        "tenant": message.tenant,
        "customer": message.customer,
        "message_id": message.message_id,
    }


def change_interaction(
    session: Session, message: MessageRow, kind: str, instead_of: str, at: datetime
) -> bool:
    """Count what a person said, in place of the opposite; False if they had said it before."""
    session.connection().execute(
        text(
            "DELETE FROM interaction WHERE tenant = :tenant AND customer = :customer"
            " AND message_id = :message_id AND kind = :kind"
        ),
        {
            "tenant": message.tenant,
            "customer": message.customer,
            "message_id": message.message_id,
            "kind": instead_of,
        },
    )
    return note_interaction(session, message, kind, False, at)
