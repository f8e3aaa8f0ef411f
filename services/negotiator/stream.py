"""Which topics the negotiator reads, and with what."""

from collections.abc import Mapping

from schemas.topics import CUSTOMER_EVENTS, OUTREACH_LOG
from services.negotiator.handlers.customers import CustomerEvents
from services.negotiator.handlers.deciding import Deciding
from services.negotiator.handlers.log import LogFacts
from services.negotiator.handlers.promises import Promises
from services.negotiator.settings import NegotiatorSettings
from services.runtime.context import Context
from services.runtime.processing import Handler


def handlers(context: Context, settings: NegotiatorSettings | None = None) -> Mapping[str, Handler]:
    """The handlers by topic; `settings` are read from the environment where not given.

    Raises AuthorityFaults.
    """
    settings = settings or NegotiatorSettings()
    return {
        OUTREACH_LOG: LogFacts(Promises.of(settings), Deciding.of(context.signer, settings)).handle,
        CUSTOMER_EVENTS: CustomerEvents(context.signer).handle,
    }
