"""What people at the desk look at and write: recorded, their words kept off the log."""

from datetime import datetime, timedelta
from typing import Literal

from schemas.facts import HandoffAnswered, HandoffNoted, HandoffSeen
from services.negotiator import desk_store
from services.negotiator.handlers import people
from services.negotiator.model import HandoffStatus
from services.negotiator.tables import DeskWordsRow, HandoffRow
from services.runtime.ids import derive
from services.runtime.unit_of_work import UnitOfWork

LONGEST = 4000
SEEN_AGAIN = timedelta(hours=1)
"""Real time after which looking again is told again."""


class Unusable(ValueError):
    """There is no text, or too much of it."""


def look(work: UnitOfWork, row: HandoffRow, by: str) -> None:
    """Note that someone looks at a customer's story."""
    before = desk_store.look(work.session, row.handoff_id, by, work.real_now)
    if before is not None and work.real_now - before < SEEN_AGAIN:
        return
    work.fact(
        HandoffSeen.TYPE,
        HandoffSeen(handoff_id=row.handoff_id, by=by),
        subject=row.customer,
        tenant=row.tenant,
        key=(row.handoff_id, by, _minute(work.real_now)),
    )


def look_at_copy(work: UnitOfWork, row: HandoffRow, by: str, message_id: str) -> None:
    """Note that someone reads a message to the customer, word for word."""
    work.fact(
        HandoffSeen.TYPE,
        HandoffSeen(handoff_id=row.handoff_id, by=by, message_id=message_id),
        subject=row.customer,
        tenant=row.tenant,
        key=(row.handoff_id, by, message_id, _minute(work.real_now)),
    )


def write(
    work: UnitOfWork,
    handoff_id: str,
    by: str,
    kind: Literal["note", "answer"],
    text: str,
    tenant: str | None,
) -> None:
    """Keep a note for colleagues, or an answer that the customer finds in the portal.

    Only who holds the hand-off answers. The same words twice, from a double click, are written
    once. Raises LookupError, Taken or Unusable.
    """
    row = people.lock(work, handoff_id, tenant)
    if not text.strip() or len(text) > LONGEST:
        raise Unusable
    if kind == "answer" and (row.status != HandoffStatus.ASSIGNED or row.assigned_to != by):
        raise people.Taken
    words_id = derive(handoff_id, by, kind, text)
    known = desk_store.words_of(work.session, row.tenant, row.customer, handoff_id)
    if any(one.words_id == words_id for one in known):
        return
    work.session.add(
        DeskWordsRow(
            tenant=row.tenant,
            customer=row.customer,
            words_id=words_id,
            handoff_id=handoff_id,
            kind=kind,
            by=by,
            text=text,
            at=work.now,
        )
    )
    told: HandoffNoted | HandoffAnswered = HandoffNoted(handoff_id=handoff_id, by=by)
    if kind == "answer":
        told = HandoffAnswered(
            handoff_id=handoff_id, by=by, obligation_id=row.obligation_id or None
        )
    work.fact(
        told.TYPE,
        told,
        subject=row.customer,
        tenant=row.tenant,
        key=(handoff_id, words_id),
    )


def _minute(instant: datetime) -> str:
    return instant.isoformat(timespec="minutes")
