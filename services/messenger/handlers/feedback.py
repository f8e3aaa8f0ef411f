"""What customers say of a message: whether it helped. The last answer counts."""

from schemas.facts import FeedbackGiven
from services.messenger import interaction_store, metrics
from services.messenger.handlers import answers
from services.runtime.context import Context
from services.runtime.ids import fresh


def give(context: Context, message_id: str, *, helpful: bool) -> None:
    """Record whether the message helped, unless that was the last answer. Raises NotKnown."""
    with context.unit() as work:
        message = answers.locked(work, message_id)
        if interaction_store.change_interaction(
            work.session, message, _kind(helpful), _kind(not helpful), work.now
        ):
            said = FeedbackGiven(message_id=message_id, helpful=helpful)
            # Who says yes, no, and yes again has said three things.
            answers.tell(work, message, said, fresh())
    metrics.ANSWERS.labels("feedback").inc()


def _kind(helpful: bool) -> str:
    return f"feedback:{helpful}"
