"""Which topics the messenger reads, and with what."""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import event

from schemas.topics import CUSTOMER_EVENTS, OUTREACH_DISPATCHES, OUTREACH_LOG
from services.messenger.handlers import dispatches, log
from services.messenger.handlers.events import CustomerEvents
from services.runtime.messages import Incoming
from services.runtime.processing import Handler
from services.runtime.unit_of_work import UnitOfWork


def handlers(inbox_days: int, wake: Callable[[], None]) -> Mapping[str, Handler]:
    """The handlers by topic. `wake` is called after each commit that may let a dispatch go."""
    return {
        CUSTOMER_EVENTS: _then(CustomerEvents(inbox_days).handle, wake),
        OUTREACH_DISPATCHES: _then(dispatches.handle, wake),
        OUTREACH_LOG: _then(log.handle, wake),
    }


def _then(handler: Handler, wake: Callable[[], None]) -> Handler:
    def handle(work: UnitOfWork, batch: Sequence[Incoming]) -> None:
        handler(work, batch)
        event.listen(work.session, "after_commit", lambda _: wake(), once=True)

    return handle
