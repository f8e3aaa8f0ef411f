"""Forgetting a customer: what they may be asked, what they wrote and were written, what they can
manage. What was offered and agreed stays, under ids and amounts: it proves what was done.
"""

from datetime import datetime

from sqlmodel import col, delete

from schemas.facts import CustomerErased
from services.negotiator import account_store, visit_store
from services.negotiator.tables import (
    AffordabilityRow,
    AttemptRow,
    CustomerRow,
    DeskWordsRow,
    EvidenceRow,
    PaymentRow,
    ProposalRow,
    QuestionRow,
    SubscriptionRow,
)
from services.runtime.unit_of_work import UnitOfWork

FORGOTTEN = (
    EvidenceRow,
    QuestionRow,
    DeskWordsRow,
    AffordabilityRow,
    ProposalRow,
    AttemptRow,
    PaymentRow,
    SubscriptionRow,
)
"""Tables whose rows about a customer go."""
TRAITS = ("locale", "timezone", "country", "region")


def forget(work: UnitOfWork, customer: CustomerRow, at: datetime) -> None:
    """Forget a customer, who is locked, under all their ids; no link opens the portal again.

    at: when they were erased. Whatever was said of them until then says nothing any more.
    """
    tenant, ids = (
        customer.tenant,
        account_store.ids_of(work.session, customer.tenant, customer.customer),
    )
    tables = 0
    for table in FORGOTTEN:
        gone = work.session.exec(
            delete(table).where(col(table.tenant) == tenant, col(table.customer).in_(ids))
        )
        tables += gone.rowcount > 0
    account_store.close_invitations(work.session, tenant, ids, closed=True)
    visit_store.end_sessions(work.session, tenant, ids)
    tables += any(getattr(customer, name) is not None for name in TRAITS)
    for name in TRAITS:
        setattr(customer, name, None)
    customer.wrong_tries, customer.locked_until = 0, None
    customer.erased_at = max(customer.erased_at or at, at)
    if tables:
        work.fact(
            CustomerErased.TYPE,
            CustomerErased(tables=tables),
            subject=customer.customer,
            tenant=tenant,
            key=(customer.customer, at.isoformat()),
        )


def is_forgotten(customer: CustomerRow, at: datetime) -> bool:
    """Whether what was said of them at this instant is forgotten."""
    return customer.erased_at is not None and at <= customer.erased_at
