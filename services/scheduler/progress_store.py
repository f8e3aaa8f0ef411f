"""The SQL of how far customers' events are applied. Nothing here commits."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session


def advance_progress(session: Session, reached: Mapping[int, datetime]) -> None:
    """Note that these lanes of the customers' events are applied until those real instants."""
    for lane, at in sorted(reached.items()):
        session.execute(
            text(
                "INSERT INTO progress (lane, caught_up_at) VALUES (:lane, :at) ON CONFLICT (lane)"
                " DO UPDATE SET caught_up_at = greatest(progress.caught_up_at,"
                " excluded.caught_up_at)"
            ),
            {"lane": lane, "at": at},
        )


def caught_up_at(session: Session, lanes: int) -> datetime | None:
    """The real instant until which all customer events are applied; None: some lane is unknown."""
    row = session.execute(text("SELECT count(*) AS known, min(caught_up_at) AS at FROM progress"))
    known, at = row.one()
    return at if known >= lanes else None
