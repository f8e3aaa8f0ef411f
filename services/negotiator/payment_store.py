"""The SQL of payments that are begun on the page. Nothing here commits."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from services.negotiator.model import CheckoutStatus, PaymentStatus
from services.negotiator.tables import CheckoutRow, PaymentRow

_UNDER_WAY = (CheckoutStatus.PAID.value, CheckoutStatus.PENDING.value)
_SEEN = (
    PaymentStatus.RECEIVED.value,
    PaymentStatus.REVERSED.value,
    PaymentStatus.FAILED.value,
)


def checkout_by_id(session: Session, checkout_id: str) -> CheckoutRow | None:
    """A payment that was begun, as it is stored now."""
    return session.exec(
        select(CheckoutRow)
        .where(CheckoutRow.checkout_id == checkout_id)
        .execution_options(populate_existing=True)
    ).one_or_none()


def under_way(session: Session, tenant: str, obligation_id: str) -> Sequence[CheckoutRow]:
    """What the provider has taken or is taking for a bill, and the log has not told of yet."""
    told = select(PaymentRow.payment_id).where(
        PaymentRow.tenant == tenant,
        PaymentRow.obligation_id == obligation_id,
        col(PaymentRow.status).in_(_SEEN),
    )
    return list(
        session.exec(
            select(CheckoutRow)
            .where(
                CheckoutRow.tenant == tenant,
                CheckoutRow.obligation_id == obligation_id,
                col(CheckoutRow.status).in_(_UNDER_WAY),
                col(CheckoutRow.checkout_id).not_in(told),
            )
            .order_by(col(CheckoutRow.made_at))
        )
    )
