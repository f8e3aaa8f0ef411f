"""The messenger's SQL about a customer's own messages. Nothing here commits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, text
from sqlmodel import Session

from services.messenger.model import DispatchState

READ = "read"
"""Kind of an interaction: the customer says in the portal that they have read it."""
SHOWN = (DispatchState.SENT.value, DispatchState.UNKNOWN.value)
_HEAD = 8192
"""Bytes of a copy that a list needs: its headers, or the whole of a short text."""


class Kept(NamedTuple):
    """A message that went out, or may have. copy: the exact bytes, or their beginning."""

    message_id: str
    channel: str
    locale: str
    at: datetime
    copy: bytes
    read: bool


_COLUMNS = (
    "SELECT m.message_id, m.channel, m.locale, m.checked_at, {copy}, EXISTS (SELECT FROM"
    " interaction AS i WHERE (i.tenant, i.customer, i.message_id) ="
    " (m.tenant, m.customer, m.message_id) AND NOT i.machine) FROM message AS m"
    " WHERE m.tenant = :tenant AND m.customer = ANY(:ids) AND m.state = ANY(:shown)"
    # Of who is forgotten there is no copy.
    " AND m.copy <> ''"
)
_LIST = text(
    _COLUMNS.format(copy=f"substring(m.copy FROM 1 FOR {_HEAD})")
    + " AND (CAST(:before AS text) IS NULL OR (m.checked_at, m.message_id) <"
    " (SELECT b.checked_at, b.message_id FROM message AS b WHERE b.message_id = :before"
    " AND b.tenant = :tenant AND b.customer = ANY(:ids)))"
    " ORDER BY m.checked_at DESC, m.message_id DESC LIMIT :limit"
)
_ONE = text(_COLUMNS.format(copy="m.copy") + " AND m.message_id = :message_id")


def newest(
    session: Session, tenant: str, ids: Sequence[str], before: str | None, limit: int
) -> list[Kept]:
    """The newest messages to whoever has these ids, with the beginnings of their copies.

    before: the message after which the list goes on; one that is not theirs: then there are none.
    """
    values = {"tenant": tenant, "ids": list(ids), "shown": list(SHOWN)}
    found = session.connection().execute(_LIST, {**values, "before": before, "limit": limit})
    return [_kept(row) for row in found]


def find(session: Session, tenant: str, ids: Sequence[str], message_id: str) -> Kept | None:
    """One of their messages, with its whole copy."""
    values = {"tenant": tenant, "ids": list(ids), "shown": list(SHOWN)}
    row = session.connection().execute(_ONE, {**values, "message_id": message_id}).first()
    return _kept(row) if row else None


def _kept(row: Row[Any]) -> Kept:
    message_id, channel, locale, at, copy, read = tuple(row)
    return Kept(message_id, channel, locale, at, bytes(copy), read)
