"""The publishers' own books: what is owed, what is paid, which subscriptions go on.

Rapport is not the ledger; these are the bank's, the shop's and the video site's. No locks: the
owner calls from one thread at a time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date


class UnknownBill(KeyError):
    """No such bill or subscription in the books."""


@dataclass(frozen=True, slots=True)
class Part:
    """One payment that was agreed on. amount_minor: in the bill's currency."""

    due: date
    amount_minor: int


@dataclass(slots=True)
class Bill:
    """One bill. customers: all who answer for it. plan: what was agreed and is not yet paid."""

    id: str
    source: str
    creditor: str
    customers: tuple[str, ...]
    currency: str
    due: date
    remaining_minor: int
    version: int = 10
    payments: int = 0
    plan: list[Part] = field(default_factory=list)

    @property
    def asked_minor(self) -> int:
        """What is to be paid next: the next agreed part, else all that remains."""
        return self.plan[0].amount_minor if self.plan else self.remaining_minor


@dataclass(slots=True)
class Subscription:
    """One subscription; `decided`: renewed or cancelled."""

    id: str
    source: str
    customer: str
    plan: str
    expires_on: date
    decided: str | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment as booked."""

    id: str
    amount_minor: int
    remaining_minor: int
    version: int


class Books:
    """Bills and subscriptions by id."""

    def __init__(
        self, bills: Iterable[Bill] = (), subscriptions: Iterable[Subscription] = ()
    ) -> None:
        self.bills = {bill.id: bill for bill in bills}
        self.subscriptions = {one.id: one for one in subscriptions}

    def bill(self, bill_id: str) -> Bill:
        """The bill. Raises UnknownBill."""
        if bill_id not in self.bills:
            raise UnknownBill(bill_id)
        return self.bills[bill_id]

    def subscription(self, subscription_id: str) -> Subscription:
        """The subscription. Raises UnknownBill."""
        if subscription_id not in self.subscriptions:
            raise UnknownBill(subscription_id)
        return self.subscriptions[subscription_id]

    def is_settled(self, obligation: str) -> bool:
        """Whether nothing is asked any more, or a decision is made."""
        if obligation in self.subscriptions:
            return self.subscriptions[obligation].decided is not None
        return self.bill(obligation).remaining_minor == 0

    def of(self, customer: str) -> list[Bill]:
        """The customer's open bills, those with a plan first."""
        mine = [
            bill
            for bill in self.bills.values()
            if customer in bill.customers and bill.remaining_minor
        ]
        return sorted(mine, key=lambda bill: (not bill.plan, bill.due))

    def pay(self, bill_id: str, amount_minor: int) -> Payment:
        """Book a payment, never more than remains. Raises UnknownBill, ValueError."""
        bill = self.bill(bill_id)
        taken = min(amount_minor, bill.remaining_minor)
        if taken <= 0:
            raise ValueError("nothing to pay")
        bill.remaining_minor -= taken
        bill.payments += 1
        bill.version += 1
        if bill.plan and taken >= bill.plan[0].amount_minor:
            bill.plan.pop(0)
        if not bill.remaining_minor:
            bill.plan.clear()
        return Payment(f"{bill_id}-paid-{bill.payments}", taken, bill.remaining_minor, bill.version)

    def agree(self, bill_id: str, parts: Sequence[Part]) -> None:
        """Take an agreement into the books: what it forgives is no longer owed."""
        bill = self.bill(bill_id)
        bill.plan = list(parts)
        bill.remaining_minor = sum(part.amount_minor for part in parts)

    def next_version(self, bill_id: str) -> int:
        """The version of the bill's next event."""
        bill = self.bill(bill_id)
        bill.version += 1
        return bill.version

    def decide(self, subscription_id: str, decision: str) -> Subscription | None:
        """Renew or cancel; None where that was done before. Raises UnknownBill."""
        subscription = self.subscription(subscription_id)
        if subscription.decided is not None:
            return None
        subscription.decided = decision
        return subscription
