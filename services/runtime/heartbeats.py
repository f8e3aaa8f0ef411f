"""Heartbeats: records in the log whose age tells how far behind a service is."""

from collections.abc import Mapping
from datetime import datetime

from schemas.envelope import encode, make
from schemas.facts import LogHeartbeat
from schemas.topics import OUTREACH_LOG
from services.runtime import outbox_rows
from services.runtime.ids import derive
from services.runtime.unit_of_work import UnitOfWork


class Heartbeats:
    """Writes one service's, in one worker.

    read: the topic whose lanes it has read to their ends; None: it only listens.
    """

    def __init__(self, read: str | None = None) -> None:
        self._read = read
        self._rows: dict[int, int] = {}
        """By lane, a row of the outbox that is published no sooner than its last heartbeat."""

    def beat(self, work: UnitOfWork, lanes: Mapping[int, datetime]) -> None:
        """Write a heartbeat of that real instant to each of these lanes of the log.

        Not to one whose last still waits to be published: while the broker is away they would
        only pile up, and of all that came at once the newest would be too old as well. Whoever
        calls it wakes the publisher after the commit.
        """
        waiting = outbox_rows.still_waiting(work.session, list(self._rows.values()))
        due = {lane: at for lane, at in lanes.items() if self._rows.get(lane) not in waiting}
        # By their lanes: the partitioner would put such keys anywhere.
        rows = [
            (lane, OUTREACH_LOG, f"lane:{lane}", self._heartbeat(work, lane, due[lane]))
            for lane in sorted(due)
        ]
        outbox_rows.add(work.session, rows)
        self._rows |= outbox_rows.newest(work.session, OUTREACH_LOG, list(due))

    def _heartbeat(self, work: UnitOfWork, lane: int, at: datetime) -> bytes:
        subject = f"lane:{lane}"
        event = make(
            LogHeartbeat.TYPE,
            LogHeartbeat(service=work.service, lane=lane, sent_at=at, read=self._read),
            id=derive(work.service, subject, self._read or "", at.isoformat()),
            source=f"/rapport/{work.service}",
            tenant="default",
            subject=subject,
            time=work.now,
        )
        return encode(event)
