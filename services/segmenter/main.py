"""The segmenter as a process."""

from schemas.topics import CUSTOMER_EVENTS, PLAYBOOKS
from services.playbooks.catalogue import Catalogue
from services.policy.standing import LOOK_AGAIN_SECONDS, PacksInForce
from services.runtime import worker
from services.runtime.context import Context
from services.runtime.following import Following
from services.segmenter import api, stream
from services.segmenter.playbooks import PlaybookNews

NAME = "segmenter"


def build(context: Context) -> worker.Service:
    """Put the service together. Raises PolicyFaults on a faulty policy folder."""
    catalogue = Catalogue()
    news = PlaybookNews(context, catalogue)
    packs = PacksInForce(context.settings.policies_dir)
    return worker.Service(
        name=NAME,
        lead_topic=CUSTOMER_EVENTS,
        handlers=stream.handlers(context, lambda: catalogue.standing, packs),
        api=api.create(context, catalogue),
        wants=stream.WANTS,
        refuses=frozenset({CUSTOMER_EVENTS}),
        timers=(worker.Timer("read-policies", LOOK_AGAIN_SECONDS, packs.follow),),
        follows=(Following(context, PLAYBOOKS, news.take, refuses=True),),
    )


def main() -> None:
    """Run until SIGTERM or Ctrl-C."""
    worker.run(NAME, build)


if __name__ == "__main__":
    main()
