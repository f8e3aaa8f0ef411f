"""The messenger's SQL about short links. Nothing here commits."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, text
from sqlmodel import Session

from services.messenger.tables import ShortLinkRow


def add(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Record short links, each by the fields of `ShortLinkRow`."""
    if rows:
        session.execute(insert(ShortLinkRow), list(rows))


def find(session: Session, name: str) -> ShortLinkRow | None:
    """A short link by its name."""
    return session.get(ShortLinkRow, name)


def prune(session: Session, before: datetime) -> None:
    """Drop those that ended before (business time)."""
    session.connection().execute(
        text("DELETE FROM short_link WHERE expires_at < :before"), {"before": before}
    )
