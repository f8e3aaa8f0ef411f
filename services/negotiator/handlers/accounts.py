"""All that a verified customer finds about themselves in one tenant."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from services.negotiator import account_store, desk_store, store
from services.negotiator.handlers import visits
from services.negotiator.handlers.visits import Visit
from services.negotiator.model import (
    AgreementStatus,
    Bill,
    BillState,
    HandoffReason,
    ObligationStatus,
)
from services.negotiator.rules.bills import NOTHING_KNOWN
from services.negotiator.rules.offers import is_held
from services.negotiator.rules.requests import state
from services.negotiator.tables import (
    AgreementRow,
    DeskWordsRow,
    PaymentRow,
    RequestRow,
    SubscriptionRow,
)
from services.runtime.security import Signer

PAYMENTS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class BillFound:
    """One bill: `ref` names it in addresses, for this customer alone.

    `requests` has the newest of each kind. `agreement` is the customer's own one in force.
    """

    ref: str
    obligation_id: str
    bill: Bill
    state: BillState
    agreement: AgreementRow | None
    requests: Mapping[str, RequestRow]
    payments: Sequence[PaymentRow]


@dataclass(frozen=True, slots=True)
class SubscriptionFound:
    """One subscription, with the newest request of each kind about it."""

    row: SubscriptionRow
    requests: Mapping[str, RequestRow]


@dataclass(frozen=True, slots=True)
class Account:
    """Everything of one customer; `ids` are theirs and of those merged into them.

    `answers`: what people at the desk answered them, newest first.
    """

    tenant: str
    customer: str
    ids: Sequence[str]
    today: date
    bills: Sequence[BillFound]
    subscriptions: Sequence[SubscriptionFound]
    answers: Sequence[DeskWordsRow] = ()

    def bill(self, ref: str) -> BillFound | None:
        """The bill of that name, if it is one of theirs."""
        return next((bill for bill in self.bills if bill.ref == ref), None)

    def bill_about(self, obligation_id: str) -> BillFound | None:
        """The bill of that id, if it is one of theirs."""
        return next((bill for bill in self.bills if bill.obligation_id == obligation_id), None)


def find(session: Session, signer: Signer, visit: Visit, now: datetime) -> Account:
    """The account of the visit's verified customer; nothing of anyone else."""
    tenant, customer = visit.customer.tenant, visit.customer.customer
    ids = account_store.ids_of(session, tenant, customer)
    newest: dict[str, dict[str, RequestRow]] = defaultdict(dict)
    for request in account_store.requests_of(session, tenant, ids):
        newest[request.obligation_id][request.kind] = request
    payments: dict[str, list[PaymentRow]] = defaultdict(list)
    for payment in account_store.payments_of(session, tenant, ids, PAYMENTS_SHOWN):
        payments[payment.obligation_id].append(payment)
    bills = {
        row.obligation_id: store.as_bill(row)
        for row in account_store.bills_of(session, tenant, ids)
    }
    own = bills.get(visit.invitation.obligation_id, NOTHING_KNOWN)
    today = now.astimezone(visits.place(visit, own)).date()
    agreements = store.agreements_in_force(session, [(tenant, name) for name in bills])
    disputed = store.obligations_awaiting(session, tenant, customer, HandoffReason.DISPUTE)
    holds = store.find_holds(session, tenant, customer)

    def found(name: str, bill: Bill) -> BillFound:
        agreement = agreements.get((tenant, name))
        mine = agreement if agreement is not None and agreement.customer in ids else None
        return BillFound(
            ref=reference(signer, tenant, customer, name),
            obligation_id=name,
            bill=bill,
            state=state(
                bill,
                agreement=AgreementStatus(agreement.status) if agreement else None,
                own_agreement=mine is not None,
                disputed=name in disputed,
                held=is_held(holds, name, now),
                today=today,
            ),
            agreement=mine,
            requests=newest.get(name, {}),
            payments=payments.get(name, ()),
        )

    return Account(
        tenant=tenant,
        customer=customer,
        ids=ids,
        today=today,
        bills=[found(name, bill) for name, bill in bills.items() if _is_shown(bill)],
        subscriptions=[
            SubscriptionFound(row, newest.get(row.subscription_id, {}))
            for row in account_store.subscriptions_of(session, tenant, ids)
        ],
        answers=desk_store.answers_to(session, tenant, ids),
    )


def reference(signer: Signer, tenant: str, customer: str, obligation_id: str) -> str:
    """How a bill is called in addresses: it tells nothing, and cannot be guessed."""
    return signer.keyed_hash(f"bill:{tenant}:{customer}:{obligation_id}")[:24]


def _is_shown(bill: Bill) -> bool:
    """Whether there is something to tell: not of what was recalled or sold, nor of a bare id."""
    return bill.creditor is not None and bill.status is not ObligationStatus.CLOSED
