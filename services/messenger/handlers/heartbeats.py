"""Heartbeats: records in the log whose age tells how far behind this service is."""

from collections.abc import Sequence

from schemas.envelope import encode, make
from schemas.facts import LogHeartbeat
from schemas.topics import OUTREACH_LOG
from services.runtime import ledger
from services.runtime.context import Context
from services.runtime.ids import derive
from services.runtime.ledger import Ownership


def beat(context: Context, lanes: Sequence[Ownership]) -> None:
    """Write a heartbeat to each of these lanes of the log. Raises Fenced if one is lost."""
    sent_at = context.clock.real()
    rows = []
    with context.unit() as work:
        for own in sorted(lanes, key=lambda one: one.partition):
            ledger.confirm(work.session, own.topic, own.partition, own.epoch)
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
            rows.append((own.partition, OUTREACH_LOG, subject, encode(heartbeat)))
        ledger.add_to_outbox(work.session, rows)
    context.wake_publisher()
