"""Forgetting a customer: what they are called, where they are reached, what they were sent and
what they wrote. What proves what was done, and what keeps us silent, stays: ids and keyed hashes.
"""

from collections.abc import Collection
from datetime import datetime

from schemas import facts
from services.messenger import erasing_store
from services.messenger.tables import CustomerRow
from services.runtime.ids import derive
from services.runtime.unit_of_work import UnitOfWork

FORGOTTEN = (
    "email",
    "phone",
    "webhook",
    "name",
    "locale",
    "timezone",
    "country",
    "region",
    "city",
    "confirmed",
    "vouched",
    "vouched_phone",
)
"""Columns of a customer that are emptied."""


def forget(work: UnitOfWork, rows: Collection[CustomerRow], at: datetime) -> None:
    """Forget these customers, who are one person under several ids, and are locked.

    at: when they were erased. Whatever was said of them until then says nothing any more, and no
    link that was sent until then leads anywhere.
    """
    for row in rows:
        # Before what is written below: their address finds what came in from them.
        tables = erasing_store.forget(work.session, row)
        tables += any(getattr(row, name) is not None for name in FORGOTTEN) or bool(row.wishes)
        for name in FORGOTTEN:
            setattr(row, name, None)
        row.wishes = {}
        row.erased_at = max(row.erased_at or at, at)
        row.links_end = max(row.links_end or at, at)
        if tables:
            work.fact(
                facts.CustomerErased.TYPE,
                facts.CustomerErased(tables=tables),
                subject=row.customer,
                tenant=row.tenant,
                key=(derive(row.tenant, row.customer), at.isoformat()),
            )


def is_forgotten(row: CustomerRow, at: datetime) -> bool:
    """Whether what was said, or sent, at this instant is forgotten."""
    return row.erased_at is not None and at <= row.erased_at
