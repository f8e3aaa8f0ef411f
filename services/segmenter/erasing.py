"""Forgetting a customer: this service does so at once, and tells the others to."""

from datetime import datetime
from typing import NamedTuple

from schemas.facts import CustomerErased
from services.runtime.context import Context
from services.segmenter import rules, store


class NotKnown(LookupError):
    """No event has named this customer."""


class Erased(NamedTuple):
    """Since when a person is forgotten, and under which ids they were known."""

    at: datetime
    ids: tuple[str, ...]


def erase(context: Context, tenant: str, customer: str, reason: str, by: str) -> Erased:
    """Forget what is known of the person under all their ids, and tell it of each, so that no
    other service need know which ids are one. Raises NotKnown.

    Whatever was said of them until then, and is still on its way, is passed over. reason: a code.
    by: the name of whoever asks for it.
    """
    with context.unit() as work:
        ids = store.ids_of(work.session, tenant, customer)
        profiles = store.lock_profiles(work.session, [(tenant, one) for one in ids])
        if (tenant, customer) in profiles.fresh:
            raise NotKnown(customer)
        for key in profiles:
            profiles[key] = rules.forget(profiles[key], work.now)
        store.save_profiles(work.session, profiles, work.now)
        for one in ids:
            work.fact(
                CustomerErased.TYPE,
                CustomerErased(tables=1, reason=reason, by=by),
                subject=one,
                tenant=tenant,
                key=(one, work.now.isoformat()),
            )
        return Erased(work.now, tuple(ids))
