"""Which topics the segmenter reads, and with what."""

from collections.abc import Callable, Mapping, Sequence

from schemas.facts import CustomerErased, EventApplied, LogHeartbeat
from schemas.topics import CUSTOMER_EVENTS, OUTREACH_LOG
from services.playbooks.catalogue import Standing
from services.playbooks.check_steps import TALKS
from services.policy.model import Pack
from services.policy.packs import load as load_packs
from services.runtime.context import Context
from services.runtime.messages import Incoming
from services.runtime.processing import Handler
from services.runtime.records import Wanted
from services.runtime.unit_of_work import UnitOfWork
from services.segmenter.handlers import CustomerEvents
from services.segmenter.holdouts import Holdouts
from services.segmenter.learning import learn
from services.segmenter.progress import Progress
from services.segmenter.settings import SegmenterSettings
from services.segmenter.tags.marks import FACTS

WANTS = {
    OUTREACH_LOG: Wanted(
        frozenset({*FACTS, *TALKS, LogHeartbeat.TYPE}),
        late=frozenset({EventApplied.TYPE, CustomerErased.TYPE}),
    )
}
"""The facts that tags rest on, and questions how far it is. What the segmenter wrote itself it
knows, but after a rebuilding."""


def handlers(
    context: Context, standing: Callable[[], Standing], packs: Sequence[Pack] | None = None
) -> Mapping[str, Handler]:
    """The handlers by topic; `standing`: the playbooks as they stand.

    packs: those in force, else those of the policy folder as it is now. Raises on a faulty one.
    """
    settings, own = context.settings, SegmenterSettings()
    events = CustomerEvents(
        standing,
        load_packs(settings.policies_dir) if packs is None else packs,
        context.signer,
        settings.inbox_days,
        Holdouts(own.global_holdout_bp, own.holdout_salt),
    )
    progress = Progress(context)

    def log(work: UnitOfWork, batch: Sequence[Incoming]) -> None:
        learn(work, batch)
        events.begin(work, batch)
        progress.answer(work, batch)

    return {CUSTOMER_EVENTS: events.handle, OUTREACH_LOG: log}
