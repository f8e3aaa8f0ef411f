"""From facts on the shared log to the histories that tags rest on.

What customers' events told is on the log as `event.applied`, for years, while `customer.events`
is kept for days. So it is read where it is not fresh any more: after the database was lost, and
what is known already is not harmed by it.
"""

from collections.abc import Sequence

from schemas.facts import CustomerErased, EventApplied, HoldLifted
from schemas.facts.customer import ERASER
from services.runtime.messages import Incoming
from services.runtime.unit_of_work import UnitOfWork
from services.segmenter import joint, rules, store, together
from services.segmenter.model import Happening, Profile
from services.segmenter.tags.marks import learn_fact, leaves


def learn(work: UnitOfWork, batch: Sequence[Incoming]) -> None:
    """Add to each customer's history what the facts leave there; emits nothing."""
    telling = [message for message in batch if _tells(message)]
    if not telling:
        return
    told = [(message.event.tenant, message.key, _happened(message)) for message in telling]
    bills = joint.bills(work.session, told)
    profiles = store.lock_with_heirs(work.session, joint.concerned(told, bills))
    for message, (tenant, customer, happening) in zip(telling, told, strict=True):
        profile = profiles[tenant, customer]
        if isinstance(message.data, CustomerErased):
            profiles[tenant, customer] = rules.forget(profile, happening.time)
        elif isinstance(message.data, EventApplied):
            rules.recall(profile, happening)
            together.pass_on(profiles, (tenant, customer), happening)
        else:
            _hear(profile, happening)
            if (stays := together.heir(profiles, (tenant, customer))) is not None:
                _hear(stays, happening)
    joint.share(profiles, bills)
    store.save_profiles(work.session, profiles, work.now)


def _tells(message: Incoming) -> bool:
    if isinstance(message.data, CustomerErased):
        return message.event.source == ERASER
    if isinstance(message.data, EventApplied):
        return message.data.effect != "stale_version"
    return isinstance(message.data, HoldLifted) or leaves(message.event.type, message.event.data)


def _hear(profile: Profile, fact: Happening) -> None:
    learn_fact(profile.history, fact.type, fact.id, fact.time, fact.data)
    rules.hear_of_hold(profile, fact)


def _happened(message: Incoming) -> Happening:
    event, applied = message.event, message.data
    if not isinstance(applied, EventApplied):
        return Happening(event.type, event.id, event.source, event.time, False, event.data)
    return Happening(
        type=applied.event_type,
        id=applied.event_id,
        source=applied.event_source,
        time=applied.event_time,
        replay=False,
        data=applied.data,
    )
