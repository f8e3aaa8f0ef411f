"""What became of a message, as its provider tells it."""

from services.messenger import message_store, metrics, store
from services.messenger.handlers import returns
from services.messenger.providers.doors import Receipt
from services.messenger.tables import MessageRow
from services.runtime.context import Context
from services.runtime.unit_of_work import UnitOfWork


def take(context: Context, provider: str, receipt: Receipt, patience: returns.Patience) -> bool:
    """Apply a receipt once; False if its message is not known."""
    with context.unit() as work:
        message = message_store.find_reference(work.session, receipt.about)
        if message is not None:
            store.lock_customers(work.session, [(message.tenant, message.customer)])
            if message_store.first_call(work.session, provider, receipt.call, work.real_now):
                _apply(work, message, receipt, f"{provider}:{receipt.call}", patience)
    metrics.ANSWERS.labels(receipt.what if message else "of_no_message").inc()
    return message is not None


def _apply(
    work: UnitOfWork,
    message: MessageRow,
    receipt: Receipt,
    because: str,
    patience: returns.Patience,
) -> None:
    match receipt.what:
        case "delivered":
            returns.delivered(work, message, because)
        case "bounced":
            returns.bounced(work, message, receipt.kind, receipt.status, because, patience)
        case "complained":
            returns.complained(work, message, because)
