"""The bank, the shop and the video site at work: they keep books, publish, and answer requests."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from threading import RLock
from typing import Any, Final

from rapport.demo.books import Books, Part, Payment
from rapport.demo.events import Record, event
from rapport.demo.script import Planned
from rapport.demo.tally import Fact
from services.runtime.clock import Clock

MONTH: Final = timedelta(days=30)

Send = Callable[[Record], None]


class Publishers:
    """All three in one. Safe to use from several threads. send: puts a record on Kafka."""

    def __init__(self, books: Books, clock: Clock, send: Send) -> None:
        self._books = books
        self._clock = clock
        self._send = send
        self._lock = RLock()
        self.published = 0

    def publish(self, planned: Planned) -> bool:
        """Publish what was planned, unless the books say that it no longer applies."""
        with self._lock:
            if planned.unless is not None and self._books.is_settled(planned.unless):
                return False
            self._put(planned.record)
            return True

    def bills_of(self, customer: str) -> list[tuple[str, str, int, str]]:
        """The customer's open bills: id, creditor, what is asked next in minor units, currency."""
        with self._lock:
            return [
                (bill.id, bill.creditor, bill.asked_minor, bill.currency)
                for bill in self._books.of(customer)
            ]

    def asked(self, bill_id: str) -> tuple[str, int, str]:
        """Creditor, what is asked next in minor units, currency. Raises UnknownBill."""
        with self._lock:
            bill = self._books.bill(bill_id)
            return bill.creditor, bill.asked_minor, bill.currency

    def pay(self, bill_id: str, amount_minor: int) -> Payment:
        """Take a payment and publish it. Raises UnknownBill, ValueError."""
        with self._lock:
            payment = self._books.pay(bill_id, amount_minor)
            bill = self._books.bill(bill_id)
            data = {
                "payment_id": payment.id,
                "bill_id": bill_id,
                "amount_minor": payment.amount_minor,
                "currency": bill.currency,
                "remaining_minor": payment.remaining_minor,
                "version": payment.version,
            }
            self._tell("payment.received", data, payment.id, bill.source, bill.customers[0])
            return payment

    def pay_automatically(self, bill_id: str) -> None:
        """Switch automatic payment on and publish it. Raises UnknownBill."""
        with self._lock:
            version = self._books.next_version(bill_id)
            bill = self._books.bill(bill_id)
            data = {
                "bill_id": bill_id,
                "creditor": bill.creditor,
                "amount_minor": bill.remaining_minor,
                "currency": bill.currency,
                "due_date": bill.due.isoformat(),
                "autopay": True,
                "version": version,
            }
            self._tell("bill.updated", data, f"{bill_id}-{version}", bill.source, bill.customers[0])

    def plan_of(self, subscription_id: str) -> tuple[str, date]:
        """Name of the plan and its last day. Raises UnknownBill."""
        with self._lock:
            one = self._books.subscription(subscription_id)
            return one.plan, one.expires_on

    def renew(self, subscription_id: str) -> None:
        """Let a subscription go on for a month and publish it. Raises UnknownBill."""
        with self._lock:
            one = self._books.decide(subscription_id, "renewed")
            if one is not None:
                until = (one.expires_on + MONTH).isoformat()
                data = {"subscription_id": one.id, "expires_on": until}
                self._tell(
                    "subscription.renewed", data, f"{one.id}-renewed", one.source, one.customer
                )

    def cancel(self, subscription_id: str) -> None:
        """End a subscription on the customer's wish and publish it. Raises UnknownBill."""
        with self._lock:
            one = self._books.decide(subscription_id, "cancelled")
            if one is not None:
                data = {"subscription_id": one.id, "expires_on": one.expires_on.isoformat()}
                self._tell(
                    "subscription.cancelled", data, f"{one.id}-cancelled", one.source, one.customer
                )

    def hear(self, fact: Fact) -> None:
        """Act on a fact of the shared log as a publisher does: book a plan, answer a request."""
        if fact.type == "agreement.made":
            self._agree(fact.data)
        elif fact.type == "request.made":
            self._answer(fact)

    def _agree(self, data: Mapping[str, Any]) -> None:
        parts = [
            Part(date.fromisoformat(part["due_date"]), part["amount_minor"])
            for part in data["instalments"]
        ]
        with self._lock:
            if data["obligation_id"] in self._books.bills:
                self._books.agree(data["obligation_id"], parts)

    def _answer(self, fact: Fact) -> None:
        with self._lock:
            bill = self._books.bills.get(fact.data.get("obligation_id") or "")
            if bill is not None:
                request = fact.data["request_id"]
                data = {"request_id": request, "answer": "accepted"}
                self._tell(
                    "request.answered", data, f"{request}-answer", bill.source, fact.customer
                )

    def _tell(
        self, kind: str, data: Mapping[str, Any], name: str, source: str, customer: str
    ) -> None:
        now = self._clock.now()
        self._put(event(kind, data, id=f"{kind}:{name}", source=source, subject=customer, time=now))

    def _put(self, record: Record) -> None:
        self._send(record)
        self.published += 1
