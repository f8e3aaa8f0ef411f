"""Heartbeats: records in the log whose age tells how far behind this service is."""

from collections.abc import Sequence
from datetime import datetime

from schemas.envelope import encode, make
from schemas.facts import LogHeartbeat
from schemas.topics import OUTREACH_LOG
from services.runtime import ledger
from services.runtime.context import Context
from services.runtime.ids import derive
from services.runtime.ledger import Ownership
from services.runtime.unit_of_work import UnitOfWork


class Heartbeats:
    """Writes them for one worker."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._rows: dict[int, int] = {}
        """By lane, a row of the outbox that is published no sooner than its last heartbeat."""

    def beat(self, lanes: Sequence[Ownership]) -> None:
        """Write a heartbeat to each of these lanes of the log. Raises Fenced if one is lost.

        Not to one whose last still waits to be published: while the broker is away they would
        only pile up, and of all that came at once the newest would be too old as well.
        """
        with self._context.unit() as work:
            waiting = ledger.still_in_outbox(work.session, list(self._rows.values()))
            due = {
                own.partition: own for own in lanes if self._rows.get(own.partition) not in waiting
            }
            ledger.confirm_all(
                work.session,
                lanes[0].topic,
                {lane: own.epoch for lane, own in due.items()},
            )
            sent_at = self._context.clock.real()
            rows = [self._row(work, due[lane], sent_at) for lane in sorted(due)]
            ledger.add_to_outbox(work.session, rows)
            written = ledger.newest_in_outbox(work.session, OUTREACH_LOG, list(due))
        self._rows |= written
        self._context.wake_publisher()

    def _row(
        self, work: UnitOfWork, own: Ownership, sent_at: datetime
    ) -> tuple[int, str, str, bytes]:
        subject = f"lane:{own.partition}"
        heartbeat = make(
            LogHeartbeat.TYPE,
            LogHeartbeat(service=work.service, lane=own.partition, sent_at=sent_at),
            id=derive(work.service, subject, own.epoch, sent_at.isoformat()),
            source=f"/rapport/{work.service}",
            tenant="default",
            subject=subject,
            time=work.now,
        )
        # By its lane: the partitioner would put such a key anywhere.
        return own.partition, OUTREACH_LOG, subject, encode(heartbeat)
