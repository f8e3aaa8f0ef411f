"""The SQL of what sending is stopped. Nothing here commits."""

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from services.messenger.tables import SendingRow
from services.policy.sending import SendingStop


def hear(session: Session, words: Iterable[SendingRow]) -> None:
    """Note words on sending; each lane of the log tells them all, and an older one changes nothing.

    Called last in a transaction, so that lanes that hear the same word never wait in a ring.
    """
    keys = ["scope", "of_tenant", "name"]
    for word in sorted(words, key=lambda one: (one.scope, one.of_tenant, one.name, one.revision)):
        new = insert(SendingRow).values(word.model_dump())
        session.execute(
            new.on_conflict_do_update(
                index_elements=keys,
                set_={"stopped": new.excluded.stopped, "revision": new.excluded.revision},
                where=col(SendingRow.revision) < new.excluded.revision,
            )
        )


def standing(session: Session) -> tuple[SendingStop, ...]:
    """What is stopped as of now."""
    rows = session.execute(text("SELECT scope, of_tenant, name FROM sending WHERE stopped"))
    return tuple(SendingStop(r.scope, r.of_tenant or None, r.name or None) for r in rows)
