"""The segmenter as a process."""

from schemas.topics import CUSTOMER_EVENTS, PLAYBOOKS
from services.playbooks.catalogue import Catalogue
from services.runtime import worker
from services.runtime.context import Context
from services.runtime.following import Following
from services.segmenter import api, stream
from services.segmenter.playbooks import PlaybookNews

NAME = "segmenter"


def build(context: Context) -> worker.Service:
    """Put the service together."""
    catalogue = Catalogue()
    news = PlaybookNews(context, catalogue)
    return worker.Service(
        name=NAME,
        lead_topic=CUSTOMER_EVENTS,
        handlers=stream.handlers(context, lambda: catalogue.standing),
        api=api.create(context, catalogue),
        wants=stream.WANTS,
        refuses=frozenset({CUSTOMER_EVENTS}),
        follows=(Following(context, PLAYBOOKS, news.take, refuses=True),),
    )


def main() -> None:
    """Run until SIGTERM or Ctrl-C."""
    worker.run(NAME, build)


if __name__ == "__main__":
    main()
