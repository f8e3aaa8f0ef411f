"""What the scheduler measures of the others' work: how fast news acts, and that it does act."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from schemas.facts import EventApplied, MessageIntended
from schemas.topics import OUTREACH_LOG
from services.runtime.messages import Incoming
from services.runtime.partitioning import lane
from services.scheduler import metrics
from services.scheduler.model import Book, Cancelled, ObligationState, Outcome


def time_cancelling(message: Incoming, outcomes: Iterable[Outcome], real_now: datetime) -> None:
    """Measure how long ago what cancels steps now was published."""
    if isinstance(message.data, EventApplied) and message.data.published_at is not None:
        for outcome in outcomes:
            if isinstance(outcome, Cancelled) and outcome.step_ids:
                waited = real_now - message.data.published_at
                metrics.CANCEL_SECONDS.observe(max(0.0, waited.total_seconds()))


def count_paid_but_contacted(session: Session, book: Book, batch: Sequence[Incoming]) -> None:
    """Count intents about ended obligations of whose end the messenger had read in the log.

    An end that it had not read yet is no fault of its: the two crossed each other on their way.
    """
    for message in batch:
        if isinstance(message.data, MessageIntended):
            ended = {
                obligation.closed_by
                for obligation in book.obligations.values()
                if obligation.tenant == message.event.tenant
                and obligation.id in message.data.obligation_ids
                and obligation.state is not ObligationState.OPEN
                and obligation.closed_by is not None
            }
            if ended and _had_read(session, message.event.tenant, message.data, ended):
                metrics.PAID_BUT_CONTACTED.inc()


def _had_read(session: Session, tenant: str, intent: MessageIntended, ended: set[str]) -> bool:
    rows = session.execute(
        text(
            "SELECT customer, position FROM timeline WHERE tenant = :tenant"
            " AND type = 'event.applied' AND data->>'event_id' = ANY(:ended)"
            " AND at <= :checked_at"
        ),
        {"tenant": tenant, "ended": sorted(ended), "checked_at": intent.checked_at},
    )
    return any(
        intent.applied_through.get(f"{OUTREACH_LOG}/{lane(row.customer)}", -1) >= row.position
        for row in rows
    )
