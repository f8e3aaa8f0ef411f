"""What a batch of the log tells of customers' accounts: parties, payments, subscriptions."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from schemas.envelope import Envelope
from schemas.facts import EventApplied
from services.negotiator import account_store, store
from services.negotiator.account_store import Party
from services.negotiator.model import PaymentStatus, Subscription, SubscriptionStatus
from services.negotiator.rules import bills, subscriptions
from services.negotiator.store import Key
from services.negotiator.tables import PaymentRow, SubscriptionRow


class Learned:
    """Collects what a batch tells and writes it at once; bills and customers must be locked."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._parties: dict[Key, set[str]] = defaultdict(set)
        self._complete: set[Key] = set()
        self._payments: list[PaymentRow] = []
        self._subscriptions: dict[Party, SubscriptionRow] = {}

    def parties(self, tenant: str, bill_id: str, customers: Collection[str]) -> None:
        """These, and maybe others, answer for the bill."""
        self._parties[tenant, bill_id].update(customers)

    def bill(self, event: Envelope, fact: EventApplied) -> None:
        """An event of `bills.EVENTS`: who answers for it, and who paid."""
        data, key = fact.data, (event.tenant, str(fact.data["bill_id"]))
        if fact.event_type in bills.PAYMENTS:
            self._payments.append(_payment(event, fact))
        if fact.event_type in bills.ASKED:
            named = {str(party["customer_id"]) for party in data.get("parties") or ()}
            if named:
                # The publisher names all of them: who is no more among them sees it no more.
                self._complete.add(key)
                self._parties[key] = set()
            self._parties[key].update({event.subject, *named})

    def subscription(self, event: Envelope, fact: EventApplied) -> None:
        """An event of `subscriptions.EVENTS`."""
        key = (event.tenant, event.subject, str(fact.data["subscription_id"]))
        row = self._subscriptions.get(key) or self._session.get(SubscriptionRow, key)
        known = subscriptions.after(_known(row) if row else None, fact.event_type, fact.data)
        self._subscriptions[key] = SubscriptionRow(
            tenant=key[0],
            customer=key[1],
            subscription_id=key[2],
            status=known.status,
            plan=known.plan,
            expires_on=known.expires_on,
            price_minor=known.price_minor,
            currency=known.currency,
            auto_renew=known.auto_renew,
        )

    def save(self) -> None:
        """Write all of it."""
        for key in sorted(self._complete):
            account_store.keep_parties(self._session, *key, self._parties[key])
        account_store.add_parties(
            self._session,
            {(*key[:1], one, *key[1:]) for key, named in self._parties.items() for one in named},
        )
        store.upsert(self._session, PaymentRow, self._payments)
        store.upsert(self._session, SubscriptionRow, list(self._subscriptions.values()))


def _payment(event: Envelope, fact: EventApplied) -> PaymentRow:
    data = fact.data
    at = data.get("reversed_at") or data.get("paid_at")
    return PaymentRow(
        tenant=event.tenant,
        customer=event.subject,
        obligation_id=data["bill_id"],
        payment_id=data["payment_id"],
        status=_payment_status(fact.event_type, data),
        amount_minor=data["amount_minor"],
        currency=data["currency"],
        at=datetime.fromisoformat(at) if at else fact.event_time,
    )


def _payment_status(event_type: str, data: Mapping[str, Any]) -> PaymentStatus:
    if event_type == "payment.received":
        return PaymentStatus.PENDING if data.get("pending") else PaymentStatus.RECEIVED
    return PaymentStatus.FAILED if event_type == "payment.failed" else PaymentStatus.REVERSED


def _known(row: SubscriptionRow) -> Subscription:
    return Subscription(
        status=SubscriptionStatus(row.status),
        plan=row.plan,
        expires_on=row.expires_on,
        price_minor=row.price_minor,
        currency=row.currency,
        auto_renew=row.auto_renew,
    )
