"""The SQL of the desk: notes and answers, and who looks at what. Nothing here commits."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session, col, select

from services.negotiator.tables import DeskWordsRow, ObligationRow


def words_of(session: Session, tenant: str, customer: str, handoff_id: str) -> list[DeskWordsRow]:
    """What people wrote about a hand-off, oldest first."""
    return list(
        session.exec(
            select(DeskWordsRow)
            .where(
                DeskWordsRow.tenant == tenant,
                DeskWordsRow.customer == customer,
                DeskWordsRow.handoff_id == handoff_id,
            )
            .order_by(col(DeskWordsRow.at), col(DeskWordsRow.words_id))
        )
    )


def answers_to(session: Session, tenant: str, ids: Collection[str]) -> list[DeskWordsRow]:
    """What people answered a customer, under any of their ids; the newest twenty."""
    return list(
        session.exec(
            select(DeskWordsRow)
            .where(
                DeskWordsRow.tenant == tenant,
                col(DeskWordsRow.customer).in_(ids),
                DeskWordsRow.kind == "answer",
            )
            .order_by(col(DeskWordsRow.at).desc(), col(DeskWordsRow.words_id))
            .limit(20)
        )
    )


def has_answer(session: Session, tenant: str, handoff_id: str) -> bool:
    """Whether a person answered in this talk."""
    found = session.exec(
        select(DeskWordsRow.words_id)
        .where(
            DeskWordsRow.tenant == tenant,
            DeskWordsRow.handoff_id == handoff_id,
            DeskWordsRow.kind == "answer",
        )
        .limit(1)
    )
    return found.first() is not None


def look(session: Session, handoff_id: str, name: str, at: datetime) -> datetime | None:
    """Note that someone looks at a hand-off at the real instant `at`; when they last did."""
    before = session.execute(
        text("SELECT at FROM presence WHERE handoff_id = :handoff AND name = :name FOR UPDATE"),
        {"handoff": handoff_id, "name": name},
    ).scalar()
    session.execute(
        text(
            "INSERT INTO presence (handoff_id, name, at) VALUES (:handoff, :name, :at)"
            " ON CONFLICT (handoff_id, name) DO UPDATE SET at = excluded.at"
        ),
        {"handoff": handoff_id, "name": name, "at": at},
    )
    return before


def present(session: Session, handoffs: Collection[str], since: datetime) -> dict[str, list[str]]:
    """Who looked at each of these hand-offs since a real instant."""
    found: dict[str, list[str]] = {}
    rows = session.execute(
        text(
            "SELECT handoff_id, name FROM presence WHERE handoff_id = ANY(:ids) AND at >= :since"
            " ORDER BY handoff_id, name"
        ),
        {"ids": list(handoffs), "since": since},
    )
    for handoff_id, name in rows:
        found.setdefault(handoff_id, []).append(name)
    return found


def values_of(session: Session, obligations: Collection[tuple[str, str]]) -> dict[str, int]:
    """What is still asked for each (tenant, obligation), in minor units, by obligation."""
    rows = session.exec(
        select(ObligationRow).where(
            col(ObligationRow.obligation_id).in_({one for _, one in obligations})
        )
    )
    wanted = set(obligations)
    return {
        row.obligation_id: row.remaining_minor or 0
        for row in rows
        if (row.tenant, row.obligation_id) in wanted
    }
