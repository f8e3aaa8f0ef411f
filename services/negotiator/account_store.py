"""The SQL of a customer's account: all their bills, subscriptions, payments and requests.

A customer whom others were merged into has what was told under any of those ids. Nothing here
commits.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import text, update
from sqlmodel import Session, col, delete, func, select

from services.negotiator.model import PaymentStatus, RequestStatus
from services.negotiator.tables import (
    InvitationRow,
    ObligationRow,
    PartyRow,
    PaymentRow,
    QuestionRow,
    RequestRow,
    SubscriptionRow,
)

Party = tuple[str, str, str]
"""Tenant, customer, obligation."""


def ids_of(session: Session, tenant: str, customer: str) -> list[str]:
    """The customer's id and all those merged into it, directly or by others."""
    found = session.connection().execute(
        text(
            "WITH RECURSIVE one(id) AS (SELECT CAST(:customer AS text) UNION"
            " SELECT c.customer FROM customer AS c JOIN one ON c.merged_into = one.id"
            " WHERE c.tenant = :tenant) SELECT id FROM one"
        ),
        {"tenant": tenant, "customer": customer},
    )
    return [row.id for row in found]


def add_parties(session: Session, parties: Collection[Party]) -> None:
    """Remember who answers for which bill; the bills must be locked."""
    if not parties:
        return
    tenants, customers, obligations = zip(*sorted(parties), strict=True)
    session.connection().execute(
        text(
            "INSERT INTO party (tenant, customer, obligation_id) SELECT * FROM unnest("
            "CAST(:tenants AS text[]), CAST(:customers AS text[]), CAST(:obligations AS text[]))"
            " ON CONFLICT DO NOTHING"
        ),
        {"tenants": list(tenants), "customers": list(customers), "obligations": list(obligations)},
    )


def keep_parties(
    session: Session, tenant: str, obligation_id: str, customers: Collection[str]
) -> None:
    """Forget whoever answers for the bill no more; it must be locked."""
    session.exec(
        delete(PartyRow).where(
            col(PartyRow.tenant) == tenant,
            col(PartyRow.obligation_id) == obligation_id,
            col(PartyRow.customer).not_in(customers),
        )
    )


def bills_of(session: Session, tenant: str, ids: Sequence[str]) -> list[ObligationRow]:
    """The bills of whoever has these ids, soonest due first."""
    return list(
        session.exec(
            select(ObligationRow)
            .where(
                ObligationRow.tenant == tenant,
                col(ObligationRow.obligation_id).in_(
                    select(PartyRow.obligation_id).where(
                        PartyRow.tenant == tenant, col(PartyRow.customer).in_(ids)
                    )
                ),
            )
            .order_by(col(ObligationRow.due_date), col(ObligationRow.obligation_id))
        )
    )


def subscriptions_of(session: Session, tenant: str, ids: Sequence[str]) -> list[SubscriptionRow]:
    """Their subscriptions, soonest ending first."""
    return list(
        session.exec(
            select(SubscriptionRow)
            .where(SubscriptionRow.tenant == tenant, col(SubscriptionRow.customer).in_(ids))
            .order_by(col(SubscriptionRow.expires_on), col(SubscriptionRow.subscription_id))
        )
    )


def close_invitations(session: Session, tenant: str, ids: Sequence[str], *, closed: bool) -> None:
    """Shut all links that were sent to whoever has these ids, or open them again."""
    session.exec(
        update(InvitationRow)
        .where(col(InvitationRow.tenant) == tenant, col(InvitationRow.customer).in_(ids))
        .values(closed=closed)
    )


def payments_of(session: Session, tenant: str, ids: Sequence[str], limit: int) -> list[PaymentRow]:
    """Their own payments, latest first."""
    return list(
        session.exec(
            select(PaymentRow)
            .where(PaymentRow.tenant == tenant, col(PaymentRow.customer).in_(ids))
            .order_by(col(PaymentRow.at).desc(), col(PaymentRow.payment_id))
            .limit(limit)
        )
    )


def payments_about(
    session: Session, tenant: str, ids: Sequence[str], obligation_id: str
) -> list[PaymentRow]:
    """Their own payments of one bill, latest first."""
    return list(
        session.exec(
            select(PaymentRow)
            .where(
                PaymentRow.tenant == tenant,
                PaymentRow.obligation_id == obligation_id,
                col(PaymentRow.customer).in_(ids),
            )
            .order_by(col(PaymentRow.at).desc(), col(PaymentRow.payment_id))
        )
    )


def is_payment_pending(session: Session, tenant: str, obligation_id: str, since: datetime) -> bool:
    """Whether a payment made after that instant, by whichever party, is on its way."""
    found = session.exec(
        select(PaymentRow.payment_id)
        .where(
            PaymentRow.tenant == tenant,
            PaymentRow.obligation_id == obligation_id,
            PaymentRow.status == PaymentStatus.PENDING.value,
            PaymentRow.at > since,
        )
        .limit(1)
    )
    return found.first() is not None


def requests_of(session: Session, tenant: str, ids: Sequence[str]) -> list[RequestRow]:
    """What they asked of the publisher, oldest first, and of the same instant the open one last."""
    return list(
        session.exec(
            select(RequestRow)
            .where(RequestRow.tenant == tenant, col(RequestRow.customer).in_(ids))
            .order_by(
                col(RequestRow.made_at),
                col(RequestRow.status) == RequestStatus.REQUESTED.value,
                col(RequestRow.request_id),
            )
        )
    )


def requests_since(session: Session, tenant: str, ids: Sequence[str], since: datetime) -> int:
    """How many requests they made after that instant."""
    return session.exec(
        select(func.count())
        .select_from(RequestRow)
        .where(
            RequestRow.tenant == tenant,
            col(RequestRow.customer).in_(ids),
            RequestRow.made_at > since,
        )
    ).one()


def request_by_id(session: Session, tenant: str, request_id: str) -> RequestRow | None:
    """A request, not locked."""
    return session.exec(
        select(RequestRow)
        .where(RequestRow.tenant == tenant, RequestRow.request_id == request_id)
        .execution_options(populate_existing=True)
    ).one_or_none()


def questions_of(session: Session, handoffs: Collection[str]) -> list[QuestionRow]:
    """What was asked in these hand-offs, oldest first."""
    return list(
        session.exec(
            select(QuestionRow)
            .where(col(QuestionRow.handoff_id).in_(handoffs))
            .order_by(col(QuestionRow.asked_at), col(QuestionRow.question_id))
        )
    )
