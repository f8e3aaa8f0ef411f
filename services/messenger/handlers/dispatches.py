"""Orders to send: kept as pending until the sender takes them."""

from collections.abc import Sequence

from schemas.commands import DispatchOrdered
from services.messenger import store
from services.messenger.model import DispatchState
from services.runtime.messages import Incoming
from services.runtime.unit_of_work import UnitOfWork


def handle(work: UnitOfWork, batch: Sequence[Incoming]) -> None:
    """Keep each order; one that is known already changes nothing."""
    rows = [
        {
            "tenant": message.event.tenant,
            "dispatch_id": message.data.dispatch_id,
            "customer": message.key,
            "step_id": message.data.step_id,
            "lane": message.partition,
            "state": DispatchState.PENDING.value,
            "channel": message.data.channel,
            "event": message.event.model_dump(mode="json", exclude_none=True),
        }
        for message in batch
        if isinstance(message.data, DispatchOrdered)
    ]
    if rows:
        store.add_dispatches(work.session, rows)
