"""What a customer event does to a subscription: the newest word of its publisher."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from services.negotiator.model import Subscription, SubscriptionStatus

_STATUS = {
    "subscription.expiring": SubscriptionStatus.RUNNING,
    "subscription.expired": SubscriptionStatus.EXPIRED,
    "subscription.renewed": SubscriptionStatus.RUNNING,
    "subscription.cancelled": SubscriptionStatus.CANCELLED,
}
EVENTS = frozenset(_STATUS)


def after(known: Subscription | None, event_type: str, data: Mapping[str, Any]) -> Subscription:
    """The subscription after an event of EVENTS with this `data`, in JSON's types."""
    status = _STATUS[event_type]
    before = known or Subscription(status)
    ends = data.get("expires_on")
    return replace(
        before,
        status=status,
        plan=data.get("plan", before.plan),
        expires_on=date.fromisoformat(ends) if ends else before.expires_on,
        price_minor=data.get("price_minor", before.price_minor),
        currency=data.get("currency", before.currency),
        auto_renew=data.get("auto_renew", before.auto_renew),
    )
