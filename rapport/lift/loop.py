"""The loop that the business lives by: who buys, who buys again, what a customer is worth, who is
content, and what needed no person.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rapport.audit.log import Fact, Log
from rapport.lift.compare import LEAST_CUSTOMERS, Share
from schemas.facts import EventApplied, FeedbackGiven

_BUYING = frozenset({"subscription.renewed", "application.completed"})


@dataclass(frozen=True, slots=True)
class Loop:
    """One tenant's figures over the whole log.

    penetration: of the customers that the log knows, those who paid, renewed or completed at least
    once. repurchase: of these, those who did so about two matters or more. value: received less
    taken back, in minor units by currency, for each customer who paid in it; None: too few paid.
    helpful: of the messages with an answer, those whose last answer was yes. alone: of the matters
    that came to a good end, those for which no person was asked.
    """

    tenant: str
    penetration: Share
    repurchase: Share
    value: Mapping[str, float | None]
    helpful: Share
    alone: Share

    def as_dict(self) -> dict[str, Any]:
        """For programs; null for what can't be said."""
        return {
            "tenant": self.tenant,
            "penetration": self.penetration.as_dict(),
            "repurchase": self.repurchase.as_dict(),
            "value_per_customer_minor": dict(self.value),
            "helpful": self.helpful.as_dict(),
            "resolved_without_a_person": self.alone.as_dict(),
        }


@dataclass(frozen=True, slots=True)
class _Payment:
    """A payment that was not taken back."""

    customer: str
    about: str
    currency: str
    amount_minor: int


def loops(log: Log, alone: Mapping[str, Share]) -> list[Loop]:
    """The figures of each tenant. alone: shares resolved without a person, by tenant."""
    events: dict[str, list[Fact[EventApplied]]] = defaultdict(list)
    for fact in log.of(EventApplied):
        if fact.data.effect != "stale_version":
            events[fact.tenant].append(fact)
    helpful = _helpful(log)
    return [
        _loop(tenant, events[tenant], helpful.get(tenant, Share(0, 0)), alone.get(tenant))
        for tenant in sorted(events)
    ]


def _loop(
    tenant: str, events: Iterable[Fact[EventApplied]], helpful: Share, alone: Share | None
) -> Loop:
    known: set[str] = set()
    bought: set[tuple[str, str]] = set()
    payments: dict[tuple[str, str], _Payment] = {}
    for fact in events:
        known.add(fact.customer)
        kind, data = fact.data.event_type, fact.data.data
        if kind == "payment.received" and not data.get("pending"):
            payments[fact.customer, data["payment_id"]] = _Payment(
                fact.customer,
                fact.data.obligation_id or "",
                data["currency"],
                data["amount_minor"],
            )
        elif kind == "payment.reversed":
            payments.pop((fact.customer, data["payment_id"]), None)
        elif kind in _BUYING:
            bought.add((fact.customer, fact.data.obligation_id or ""))
    bought |= {(payment.customer, payment.about) for payment in payments.values()}
    matters = Counter(customer for customer, _ in bought)
    return Loop(
        tenant=tenant,
        penetration=Share(len(matters), len(known)),
        repurchase=Share(sum(count > 1 for count in matters.values()), len(matters)),
        value=_value(payments.values()),
        helpful=helpful,
        alone=alone or Share(0, 0),
    )


def _value(payments: Iterable[_Payment]) -> dict[str, float | None]:
    by_currency: dict[str, list[_Payment]] = defaultdict(list)
    for payment in payments:
        by_currency[payment.currency].append(payment)
    value: dict[str, float | None] = {}
    for currency, made in sorted(by_currency.items()):
        payers = len({payment.customer for payment in made})
        total = sum(payment.amount_minor for payment in made)
        value[currency] = total / payers if payers >= LEAST_CUSTOMERS else None
    return value


def _helpful(log: Log) -> dict[str, Share]:
    """By tenant: the last answers to the question whether a message helped."""
    last = {
        (fact.tenant, fact.data.message_id): fact.data.helpful for fact in log.of(FeedbackGiven)
    }
    answers: dict[str, list[bool]] = defaultdict(list)
    for (tenant, _), helpful in last.items():
        answers[tenant].append(helpful)
    return {tenant: Share(sum(given), len(given)) for tenant, given in answers.items()}
