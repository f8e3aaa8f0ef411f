"""The SQL of enrolments that operators pause. Nothing here commits."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from services.messenger.model import Pause
from services.runtime.database import array

_HEAR = text(
    "INSERT INTO pause (tenant, enrolment_id, at, paused, until)"
    " VALUES (:tenant, :enrolment_id, :at, :paused, :until)"
    " ON CONFLICT (tenant, enrolment_id) DO UPDATE SET at = excluded.at,"
    " paused = excluded.paused, until = excluded.until WHERE pause.at <= excluded.at"
)
_STANDING = text(
    "SELECT tenant, enrolment_id, until FROM pause JOIN unnest(CAST(:tenants AS text[]),"
    " CAST(:ids AS text[])) AS w(t, e) ON tenant = t AND enrolment_id = e WHERE paused"
)


class Word(NamedTuple):
    """What an operator said of one enrolment: that it waits, perhaps until an instant, or not."""

    tenant: str
    enrolment_id: str
    at: datetime
    paused: bool
    until: datetime | None = None


def hear(session: Session, words: Iterable[Word]) -> None:
    """Note words in the order in which they came; an older one changes nothing."""
    for word in words:
        session.connection().execute(_HEAR, word._asdict())


def standing(
    session: Session, enrolments: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Pause]:
    """Those of the enrolments (tenant, id) that are paused, whether or not it has ended since."""
    wanted = sorted(set(enrolments))
    given = {"tenants": array(t for t, _ in wanted), "ids": array(one for _, one in wanted)}
    found = session.connection().execute(_STANDING, given)
    return {(tenant, one): Pause(until) for tenant, one, until in found}
