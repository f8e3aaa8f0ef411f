"""Paying on the page: begun here, taken by a provider, and told to everybody as a customer event.

Rapport is not the ledger. What a provider has signed becomes `payment.received` on
`customer.events`, as if the publisher had told it, and is known here when the log says so; until
then the page says that it is on its way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from schemas.common import Typed
from schemas.customer_events import PaymentFailed, PaymentReceived
from schemas.envelope import make
from schemas.topics import CUSTOMER_EVENTS
from services.negotiator import payment_store, store
from services.negotiator.handlers import people
from services.negotiator.handlers.translate import instalments
from services.negotiator.model import (
    AgreementStatus,
    Bill,
    CheckoutStatus,
    HandoffReason,
    ObligationStatus,
    PaymentRefusal,
)
from services.negotiator.providers import Checkout, PaymentProvider, PaymentState, Report
from services.negotiator.rules import checkouts
from services.negotiator.rules.agreements import progress
from services.negotiator.rules.checkouts import What
from services.negotiator.tables import AgreementRow, CheckoutRow
from services.runtime.ids import derive
from services.runtime.unit_of_work import UnitOfWork

SOURCE = "/rapport/payments"
GOOD_FOR = timedelta(hours=2)
"""Business time for which the provider's page takes an order."""


class Taken(StrEnum):
    """What a report changed."""

    NEW = "taken"
    KNOWN = "known"
    UNKNOWN = "unknown"
    MISFIT = "misfit"


@dataclass(frozen=True, slots=True)
class Payable:
    """What may be paid about one bill now, and what is on its way."""

    amounts: Mapping[What, int]
    on_its_way: int
    currency: str


@dataclass(frozen=True, slots=True)
class Paying:
    """Payments by one provider."""

    provider: PaymentProvider
    tolerance_percent: int

    def payable(
        self,
        work: UnitOfWork,
        tenant: str,
        obligation_id: str,
        bill: Bill,
        own: AgreementRow | None,
    ) -> Payable:
        """What a customer may pay; nothing while one is under way. own: their agreement."""
        waiting = sum(
            one.amount_minor for one in payment_store.under_way(work.session, tenant, obligation_id)
        )
        currency = (own.currency if own else bill.currency) or ""
        if waiting or not currency or bill.status is not ObligationStatus.OPEN:
            return Payable({}, waiting, currency)
        if own is None:
            asked = bill.remaining_minor
            return Payable({What.BILL: asked} if asked > 0 else {}, 0, currency)
        if own.status != AgreementStatus.ACTIVE:
            return Payable({}, 0, currency)
        parts = instalments(own.instalments)
        reached = progress(parts, own.paid_minor, self.tolerance_percent)
        return Payable(checkouts.of_agreement(parts, reached, own.paid_minor), 0, currency)

    def begin(
        self,
        work: UnitOfWork,
        who: tuple[str, str],
        obligation_id: str,
        own: AgreementRow | None,
        chosen: Mapping[str, str],
        language: str,
        back: str,
    ) -> str | PaymentRefusal:
        """The page on which to pay, or why there is none. who: tenant and customer, locked.

        chosen: `what` and the `amount` that its button showed. A second click begins no second
        payment: what is paid for the same thing has the same id until the first is settled.
        """
        tenant, customer = who
        key = (tenant, obligation_id)
        bill = store.lock_bills(work.session, [key])[key]
        found = self.payable(work, tenant, obligation_id, bill, own)
        if found.on_its_way:
            return PaymentRefusal.UNDER_WAY
        what = next((one for one in found.amounts if one == chosen.get("what")), None)
        if what is None:
            return PaymentRefusal.NOT_NOW
        amount = found.amounts[what]
        if chosen.get("amount") != str(amount):
            return PaymentRefusal.AMOUNT_CHANGED
        paid = own.paid_minor if own else 0
        agreed = own.agreement_id if own else ""
        checkout_id = derive("checkout", *key, agreed, what, amount, paid, bill.remaining_minor)
        row = payment_store.checkout_by_id(work.session, checkout_id)
        if row is None:
            row = CheckoutRow(
                tenant=tenant,
                customer=customer,
                checkout_id=checkout_id,
                obligation_id=obligation_id,
                what=what,
                amount_minor=amount,
                currency=found.currency,
                status=CheckoutStatus.OPEN,
                made_at=work.now,
            )
            work.session.add(row)
        elif row.status in (CheckoutStatus.PAID, CheckoutStatus.PENDING):
            return PaymentRefusal.UNDER_WAY
        row.status = CheckoutStatus.OPEN
        payee = bill.creditor or tenant
        done = f"{back}?notice=paid"
        order = Checkout(checkout_id, amount, found.currency, payee, language, done, back)
        return self.provider.page(order, work.now + GOOD_FOR)


def take(work: UnitOfWork, report: Report) -> Taken:
    """Take in what the provider signed; the same once more, or what is older, changes nothing."""
    row = payment_store.checkout_by_id(work.session, report.checkout_id)
    if row is None:
        return Taken.UNKNOWN
    if (report.amount_minor, report.currency) != (row.amount_minor, row.currency):
        return Taken.MISFIT
    customer = store.survivor(work.session, row.tenant, row.customer)
    store.lock_customers(work.session, [(row.tenant, customer)])
    key = (row.tenant, row.obligation_id)
    bill = store.lock_bills(work.session, [key])[key]
    row = payment_store.checkout_by_id(work.session, report.checkout_id)
    assert row is not None
    wanted = _AFTER[report.state]
    if row.status == CheckoutStatus.PAID or row.status == wanted:
        return Taken.KNOWN
    before, row.status = row.status, wanted
    others = [
        one.amount_minor
        for one in payment_store.under_way(work.session, *key)
        if one.checkout_id != row.checkout_id and one.status == CheckoutStatus.PAID
    ]
    match report.state:
        case PaymentState.SUCCEEDED:
            row.paid_at = work.now
            left = checkouts.left(bill.remaining_minor, others, row.amount_minor)
            _tell(work, row, customer, PaymentReceived, left, paid_at=work.now)
            if sum(others) + row.amount_minor > bill.remaining_minor:
                _ask_person(work, row, customer)
        case PaymentState.PENDING:
            left = checkouts.left(bill.remaining_minor, others, 0)
            _tell(work, row, customer, PaymentReceived, left, paid_at=work.now, pending=True)
        case PaymentState.FAILED if before == CheckoutStatus.PENDING:
            left = checkouts.left(bill.remaining_minor, others, 0)
            _tell(work, row, customer, PaymentFailed, left)
    return Taken.NEW


_AFTER = {
    PaymentState.SUCCEEDED: CheckoutStatus.PAID,
    PaymentState.PENDING: CheckoutStatus.PENDING,
    PaymentState.FAILED: CheckoutStatus.FAILED,
}


def _tell(
    work: UnitOfWork,
    row: CheckoutRow,
    customer: str,
    kind: type[PaymentReceived] | type[PaymentFailed],
    remaining_minor: int,
    **more: object,
) -> None:
    data: Typed = kind.model_validate(
        {
            "payment_id": row.checkout_id,
            "bill_id": row.obligation_id,
            "amount_minor": row.amount_minor,
            "currency": row.currency,
            "remaining_minor": remaining_minor,
            **more,
        }
    )
    event = make(
        kind.TYPE,
        data,
        id=derive("payment", row.checkout_id, row.status),
        source=SOURCE,
        tenant=row.tenant,
        subject=customer,
        time=work.now,
    )
    work.emit(CUSTOMER_EVENTS, event)


def _ask_person(work: UnitOfWork, row: CheckoutRow, customer: str) -> None:
    """More came in than was left (two pages were open): a person gives it back."""
    case = store.find_case(work.session, row.tenant, customer, row.obligation_id)
    if case is not None:
        people.request(work, case, HandoffReason.OVERPAID)
