"""The segmenter as a process."""

from schemas.topics import CUSTOMER_EVENTS
from services.runtime import worker
from services.runtime.context import Context
from services.segmenter import api, stream

NAME = "segmenter"


def build(context: Context) -> worker.Service:
    """Put the service together."""
    return worker.Service(
        name=NAME,
        lead_topic=CUSTOMER_EVENTS,
        handlers=stream.handlers(context),
        api=api.create(context),
        wants=stream.WANTS,
        refuses=frozenset({CUSTOMER_EVENTS}),
    )


def main() -> None:
    """Run until SIGTERM or Ctrl-C."""
    worker.run(NAME, build)


if __name__ == "__main__":
    main()
