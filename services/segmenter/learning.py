"""From facts on the shared log to the histories that tags rest on.

What customers' events told is on the log as `event.applied`, for years, while `customer.events`
is kept for days. So it is read where it is not fresh any more: after the database was lost, and
what is known already is not harmed by it.
"""

from collections.abc import Sequence

from schemas.facts import EventApplied
from services.runtime.messages import Incoming
from services.runtime.unit_of_work import UnitOfWork
from services.segmenter import rules, store
from services.segmenter.model import Happening
from services.segmenter.tags.marks import learn_fact, leaves


def learn(work: UnitOfWork, batch: Sequence[Incoming]) -> None:
    """Add to each customer's history what the facts leave there; emits nothing."""
    telling = [message for message in batch if _tells(message)]
    if not telling:
        return
    profiles = store.lock_profiles(
        work.session, [(message.event.tenant, message.key) for message in telling]
    )
    for message in telling:
        event, profile = message.event, profiles[message.event.tenant, message.key]
        if isinstance(message.data, EventApplied):
            rules.recall(profile, _happened(message.data))
        else:
            learn_fact(profile.history, event.type, event.id, event.time, event.data)
    store.save_profiles(work.session, profiles, work.now)


def _tells(message: Incoming) -> bool:
    if isinstance(message.data, EventApplied):
        return message.data.effect != "stale_version"
    return leaves(message.event.type, message.event.data)


def _happened(applied: EventApplied) -> Happening:
    return Happening(
        type=applied.event_type,
        id=applied.event_id,
        source=applied.event_source,
        time=applied.event_time,
        replay=False,
        data=applied.data,
    )
