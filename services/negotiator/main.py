"""The negotiator as a process."""

from schemas.topics import OUTREACH_LOG
from services.negotiator import api, authorities, stream
from services.negotiator.handlers.announcing import Announcing
from services.negotiator.handlers.promises import Watching
from services.negotiator.settings import NegotiatorSettings
from services.runtime import worker
from services.runtime.context import Context

NAME = "negotiator"


def build(context: Context) -> worker.Service:
    """Put the service together. Raises AuthorityFaults on a faulty folder of matrices."""
    settings = NegotiatorSettings()
    announcing = Announcing(context, authorities.load(settings.authorities_dir))
    every = settings.promise_check_seconds
    return worker.Service(
        name=NAME,
        lead_topic=OUTREACH_LOG,
        handlers=stream.handlers(context, settings),
        api=api.create(context, settings),
        timers=(
            worker.Timer("announce-authorities", every, announcing),
            worker.Timer("watch-promises", every, Watching(context)),
        ),
    )


def main() -> None:
    """Run until SIGTERM or Ctrl-C."""
    worker.run(NAME, build)


if __name__ == "__main__":
    main()
