"""Forgetting a customer: this service does so at once, and tells the others to."""

from datetime import datetime

from schemas.facts import CustomerErased
from services.runtime.context import Context
from services.segmenter import rules, store


class NotKnown(LookupError):
    """No event has named this customer."""


def erase(context: Context, tenant: str, customer: str) -> datetime:
    """Forget what is known of the person, and tell it; as of when. Raises NotKnown.

    Whatever was said of them until then, and is still on its way, is passed over.
    """
    with context.unit() as work:
        ids = store.ids_of(work.session, tenant, customer)
        profiles = store.lock_profiles(work.session, [(tenant, one) for one in ids])
        if profiles.fresh:
            raise NotKnown(customer)
        for key in profiles:
            profiles[key] = rules.forget(profiles[key], work.now)
        store.save_profiles(work.session, profiles, work.now)
        work.fact(
            CustomerErased.TYPE,
            CustomerErased(tables=1),
            subject=customer,
            tenant=tenant,
            key=(work.now.isoformat(),),
        )
        return work.now
