"""Which topics the scheduler reads, and with what."""

from collections.abc import Mapping

from schemas.topics import OUTREACH_COMMANDS, OUTREACH_LOG
from services.runtime.processing import Handler
from services.scheduler.handlers import Handlers


def handlers(decide: Handlers) -> Mapping[str, Handler]:
    """The handlers by topic."""
    return {OUTREACH_LOG: decide.log, OUTREACH_COMMANDS: decide.commands}
