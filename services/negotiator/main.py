"""The negotiator as a process."""

from schemas.topics import OUTREACH_LOG
from services.negotiator import api, stream
from services.runtime import worker
from services.runtime.context import Context

NAME = "negotiator"


def build(context: Context) -> worker.Service:
    """Put the service together."""
    return worker.Service(
        name=NAME,
        lead_topic=OUTREACH_LOG,
        handlers=stream.handlers(context),
        api=api.create(context),
    )


def main() -> None:
    """Run until SIGTERM or Ctrl-C."""
    worker.run(NAME, build)


if __name__ == "__main__":
    main()
