"""Events about subscriptions, applications and benefits."""

from typing import ClassVar, Literal

from pydantic import Field

from schemas.common import (
    Currency,
    DueDate,
    Flag,
    Identifier,
    Money,
    Text,
    Typed,
)
from schemas.customer_events.fields import Names, NumberOrText, Reason


class _SubscriptionEnding(Typed):
    subscription_id: Identifier = Field(description="The publisher's id of the subscription.")
    plan: Text = Field(description="Plan, as the customer knows it.")
    expires_on: DueDate = Field(description="Local date of its last day.")
    price_minor: Money = Field(description="Price of a renewal, in minor units.")
    currency: Currency = Field(description="ISO 4217 code.")
    auto_renew: Flag = Field(default=False, description="It renews by itself.")
    perks: Names = Field(default=(), description="What would be lost, most valued first.")
    recommended: Names = Field(default=(), description="Titles to this customer's taste.")


class SubscriptionExpiring(_SubscriptionEnding):
    """A subscription nears its end."""

    TYPE: ClassVar[str] = "subscription.expiring"


class SubscriptionExpired(_SubscriptionEnding):
    """A subscription has ended."""

    TYPE: ClassVar[str] = "subscription.expired"


class _SubscriptionDecided(Typed):
    subscription_id: Identifier = Field(description="The publisher's id of the subscription.")
    expires_on: DueDate | None = Field(default=None, description="Local date of its last day.")


class SubscriptionRenewed(_SubscriptionDecided):
    """A subscription goes on."""

    TYPE: ClassVar[str] = "subscription.renewed"


class SubscriptionCancelled(_SubscriptionDecided):
    """The customer ended a subscription."""

    TYPE: ClassVar[str] = "subscription.cancelled"


class _Application(Typed):
    application_id: Identifier = Field(description="The publisher's id of the application.")


class ApplicationAbandoned(_Application):
    """The customer stopped in the middle of an application."""

    TYPE: ClassVar[str] = "application.abandoned"

    product: Text = Field(description="Product that was applied for.")
    step: Text = Field(description="Step at which the customer stopped.")
    reason: Reason | None = Field(default=None, description="Why, if known; kept off the log.")


class ApplicationCompleted(_Application):
    """The application was completed."""

    TYPE: ClassVar[str] = "application.completed"


class ApplicationWithdrawn(_Application):
    """The customer withdrew the application."""

    TYPE: ClassVar[str] = "application.withdrawn"


class BenefitGranted(Typed):
    """The customer may use something new."""

    TYPE: ClassVar[str] = "benefit.granted"

    benefit_id: Identifier = Field(description="The publisher's id of the benefit.")
    kind: Literal[
        "rate_cut",
        "coupon",
        "limit_increase",
        "new_product",
        "entitlement",
        "market_note",
        "advice",
        "report",
        "claim_help",
    ] = Field(description="What it is.")
    title: Text = Field(description="Title, as the customer shall read it.")
    value: NumberOrText | None = Field(
        default=None, description="What it is worth, as the customer shall read it."
    )
    valid_until: DueDate | None = Field(default=None, description="Local date of its last day.")


class BenefitWithdrawn(Typed):
    """A benefit is no longer to be had."""

    TYPE: ClassVar[str] = "benefit.withdrawn"

    benefit_id: Identifier = Field(description="The publisher's id of the benefit.")
