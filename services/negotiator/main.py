"""The negotiator as a process."""

from schemas.topics import OUTREACH_LOG
from services.negotiator import api, stream
from services.negotiator.handlers.promises import Watching
from services.negotiator.settings import NegotiatorSettings
from services.runtime import worker
from services.runtime.context import Context

NAME = "negotiator"


def build(context: Context) -> worker.Service:
    """Put the service together."""
    settings = NegotiatorSettings()
    return worker.Service(
        name=NAME,
        lead_topic=OUTREACH_LOG,
        handlers=stream.handlers(context),
        api=api.create(context, settings),
        timers=(worker.Timer("watch-promises", settings.promise_check_seconds, Watching(context)),),
    )


def main() -> None:
    """Run until SIGTERM or Ctrl-C."""
    worker.run(NAME, build)


if __name__ == "__main__":
    main()
