"""Events that banks and retailers publish on `customer.events`: version 1 of each.

Meanings follow the design's contract. Money is an integer in the minor unit of its currency by
ISO 4217; due dates are local dates; instants are RFC 3339 with offset. Fields marked PERSONAL
never leave `customer.events`.
"""

from schemas.common import Typed
from schemas.customer_events.customer import (
    ContactPoint,
    CustomerActive,
    CustomerConsentChanged,
    CustomerDormant,
    CustomerHoldLifted,
    CustomerHoldPlaced,
    CustomerMerged,
    CustomerUpdated,
    vouched,
)
from schemas.customer_events.dealings import (
    ContactMade,
    NoticeSent,
    RequestAnswered,
)
from schemas.customer_events.debts import (
    BillClosed,
    BillDueSoon,
    BillUpdated,
    Party,
    PaymentFailed,
    PaymentMissed,
    PaymentReceived,
    PaymentReversed,
)
from schemas.customer_events.offerings import (
    ApplicationAbandoned,
    ApplicationCompleted,
    ApplicationWithdrawn,
    BenefitGranted,
    BenefitWithdrawn,
    SubscriptionCancelled,
    SubscriptionExpired,
    SubscriptionExpiring,
    SubscriptionRenewed,
)

EVENTS: tuple[type[Typed], ...] = (
    CustomerUpdated,
    CustomerConsentChanged,
    CustomerHoldPlaced,
    CustomerHoldLifted,
    CustomerMerged,
    CustomerDormant,
    CustomerActive,
    BillDueSoon,
    BillUpdated,
    BillClosed,
    PaymentMissed,
    PaymentReceived,
    PaymentFailed,
    PaymentReversed,
    SubscriptionExpiring,
    SubscriptionExpired,
    SubscriptionRenewed,
    SubscriptionCancelled,
    ApplicationAbandoned,
    ApplicationCompleted,
    ApplicationWithdrawn,
    BenefitGranted,
    BenefitWithdrawn,
    ContactMade,
    NoticeSent,
    RequestAnswered,
)
"""Every type that publishers may send."""

__all__ = [
    "EVENTS",
    "ApplicationAbandoned",
    "ApplicationCompleted",
    "ApplicationWithdrawn",
    "BenefitGranted",
    "BenefitWithdrawn",
    "BillClosed",
    "BillDueSoon",
    "BillUpdated",
    "ContactMade",
    "ContactPoint",
    "CustomerActive",
    "CustomerConsentChanged",
    "CustomerDormant",
    "CustomerHoldLifted",
    "CustomerHoldPlaced",
    "CustomerMerged",
    "CustomerUpdated",
    "NoticeSent",
    "Party",
    "PaymentFailed",
    "PaymentMissed",
    "PaymentReceived",
    "PaymentReversed",
    "RequestAnswered",
    "SubscriptionCancelled",
    "SubscriptionExpired",
    "SubscriptionExpiring",
    "SubscriptionRenewed",
    "vouched",
]
