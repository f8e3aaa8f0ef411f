"""Which topics the negotiator reads, and with what."""

from collections.abc import Mapping

from schemas.topics import CUSTOMER_EVENTS, OUTREACH_LOG
from services.negotiator.handlers.customers import CustomerEvents
from services.negotiator.handlers.log import LogFacts
from services.negotiator.handlers.promises import Promises
from services.negotiator.settings import NegotiatorSettings
from services.runtime.context import Context
from services.runtime.processing import Handler


def handlers(context: Context) -> Mapping[str, Handler]:
    """The handlers by topic."""
    return {
        OUTREACH_LOG: LogFacts(Promises.of(NegotiatorSettings())).handle,
        CUSTOMER_EVENTS: CustomerEvents(context.signer).handle,
    }
