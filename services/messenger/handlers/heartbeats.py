"""Heartbeats: their age tells how far behind the log this service is."""

from collections.abc import Sequence

from services.runtime import ledger
from services.runtime.context import Context
from services.runtime.heartbeats import Heartbeats
from services.runtime.ledger import Ownership


def beat(context: Context, beats: Heartbeats, lanes: Sequence[Ownership]) -> None:
    """Write a heartbeat to each of these lanes of the log, one at least. Raises Fenced."""
    at = context.clock.real()
    with context.unit() as work:
        ledger.confirm_all(
            work.session, lanes[0].topic, {own.partition: own.epoch for own in lanes}
        )
        beats.beat(work, {own.partition: at for own in lanes})
    context.wake_publisher()
