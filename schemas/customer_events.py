"""Events that banks and retailers publish on `customer.events`: version 1 of each.

Meanings follow the design's contract. Money is an integer in the minor unit of its currency by
ISO 4217; due dates are local dates; instants are RFC 3339 with offset. Fields marked PERSONAL
never leave `customer.events`.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from schemas.common import (
    PARAGRAPHS,
    PERSONAL,
    PLAIN,
    ActorRole,
    Channel,
    Code,
    Contract,
    Country,
    Currency,
    CustomerId,
    DueDate,
    EmailAddress,
    Flag,
    HoldKind,
    Identifier,
    Instant,
    LocalDate,
    LocaleTag,
    LongText,
    Money,
    MoneyDue,
    PhoneNumber,
    Purpose,
    Region,
    Revision,
    Text,
    Timezone,
    Typed,
    Until,
)

Scalar = (
    Annotated[str, StringConstraints(max_length=500, pattern=PARAGRAPHS)]
    | bool
    | int
    | Annotated[float, Field(allow_inf_nan=False)]
    | None
)


def _as_text(value: object) -> object:
    """Numbers are taken as their text: 1980 and "1980" are the same answer."""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


NumberOrText = Annotated[
    Text,
    BeforeValidator(_as_text),
    WithJsonSchema({"anyOf": [{"type": "string", "maxLength": 200}, {"type": "number"}]}),
]
Reason = Annotated[LongText, PERSONAL]
Year = Annotated[int, Field(strict=True, ge=1880, le=2200)]


class ContactPoint(Contract):
    """One way to reach the customer, with how far it may be trusted."""

    channel: Channel = Field(description="Channel that the value belongs to.")
    value: Annotated[Text, PERSONAL] = Field(description="Address, number or URL.")
    source: Literal["customer", "creditor", "traced"] | None = Field(
        default=None, description="Who gave it: the customer, the creditor, or a search."
    )
    verified_at: Instant | None = Field(default=None, description="When it was confirmed.")
    work: Flag = Field(default=False, description="Belongs to the customer's employer.")
    shared: Flag = Field(default=False, description="Others read it, too.")


class Party(Contract):
    """One person who answers for an obligation."""

    customer_id: CustomerId = Field(description="Pseudonym of the party.")
    role: Code = Field(description="Part in it, such as borrower, co_borrower or guarantor.")


Parties = Annotated[tuple[Party, ...], Field(max_length=50)]
Names = Annotated[tuple[Text, ...], Field(max_length=100)]


class CustomerUpdated(Typed):
    """Something about the customer changed: only given fields change, null deletes.

    Which fields were given is `model_fields_set`.
    """

    TYPE: ClassVar[str] = "customer.updated"

    name: Annotated[Text, PERSONAL] | None = Field(default=None, description="Full name.")
    email: Annotated[EmailAddress, PERSONAL] | None = Field(
        default=None, description="E-mail address."
    )
    phone: Annotated[PhoneNumber, PERSONAL] | None = Field(
        default=None, description="Phone number, E.164 where possible."
    )
    contact_points: Annotated[tuple[ContactPoint, ...], Field(max_length=20), PERSONAL] | None = (
        Field(default=None, description="All ways to reach the customer; replaces the former.")
    )
    locale: LocaleTag | None = Field(default=None, description="Language, BCP 47: en, zh-Hans.")
    timezone: Timezone | None = Field(default=None, description="IANA zone: Asia/Tokyo.")
    country: Country | None = Field(default=None, description="ISO 3166-1 alpha-2: JP.")
    region: Region | None = Field(default=None, description="ISO 3166-2: US-NY.")
    city: Text | None = Field(default=None, description="City of residence.")
    postal_code: (
        Annotated[
            Annotated[str, StringConstraints(min_length=1, max_length=16, pattern=PLAIN)], PERSONAL
        ]
        | None
    ) = Field(default=None, description="Postal code of residence.")
    birth_year: Annotated[Year, PERSONAL] | None = Field(default=None, description="Year of birth.")
    gender: Annotated[Code, PERSONAL] | None = Field(default=None, description="Gender, if given.")
    occupation: Annotated[Text, PERSONAL] | None = Field(default=None, description="Occupation.")
    tier: Code | None = Field(default=None, description="The publisher's value tier, such as vip.")
    interests: Names | None = Field(default=None, description="Interests; replaces the former.")
    attributes: (
        Annotated[
            dict[Code, Scalar | Annotated[tuple[Scalar, ...], Field(max_length=100)]],
            Field(max_length=100),
            PERSONAL,
        ]
        | None
    ) = Field(default=None, description="Anything else; given names change, null deletes one.")
    verification: Annotated[dict[Code, NumberOrText], Field(max_length=20), PERSONAL] | None = (
        Field(
            default=None,
            description="What the portal may ask, by kind: last_digits, birth_year, postal_code, "
            "passphrase and so on; at least one that a household does not know.",
        )
    )


class CustomerConsentChanged(Typed):
    """The customer granted, denied or revoked consent to a channel for a purpose."""

    TYPE: ClassVar[str] = "customer.consent_changed"

    channel: Channel | Literal["*"] = Field(description="Channel; * is every one.")
    purpose: Purpose | Literal["*"] = Field(description="Purpose; * is every one.")
    status: Literal["granted", "denied", "revoked"] = Field(description="What holds from now on.")
    captured_at: Instant | None = Field(default=None, description="When the customer said so.")
    wording_version: Code | None = Field(default=None, description="Wording that was agreed to.")
    expires_at: Until | None = Field(default=None, description="When a grant ends.")
    reason: Reason | None = Field(default=None, description="Why, in words; kept off the log.")


class _Hold(Typed):
    kind: HoldKind = Field(description="Typed reason that stops or changes contact.")
    obligation_id: Identifier | None = Field(
        default=None, description="The obligation it is about; absent: the whole customer."
    )
    until: Until | None = Field(
        default=None, description="When it ends by itself; a date means to that day's end."
    )
    reason: Reason | None = Field(default=None, description="Why, in words; kept off the log.")


class CustomerHoldPlaced(_Hold):
    """A reason to stop or change contact begins."""

    TYPE: ClassVar[str] = "customer.hold_placed"


class CustomerHoldLifted(_Hold):
    """A reason to stop or change contact has ended."""

    TYPE: ClassVar[str] = "customer.hold_lifted"


class CustomerMerged(Typed):
    """The subject is the same person as another customer and lives on under that id."""

    TYPE: ClassVar[str] = "customer.merged"

    into: CustomerId = Field(description="Customer id that stays.")


class _Activity(Typed):
    last_active_on: LocalDate = Field(description="Local date of the customer's last activity.")
    products: Names = Field(default=(), description="Products that it is about.")


class CustomerDormant(_Activity):
    """The customer has gone quiet."""

    TYPE: ClassVar[str] = "customer.dormant"


class CustomerActive(_Activity):
    """The customer is active again."""

    TYPE: ClassVar[str] = "customer.active"


class _Bill(Typed):
    bill_id: Identifier = Field(description="The publisher's id of the bill or debt.")
    creditor: Text = Field(description="Name of the creditor, as the customer knows it.")
    currency: Currency = Field(description="ISO 4217 code.")
    due_date: DueDate = Field(description="Local date on which it is due.")
    balance_minor: Money | None = Field(
        default=None, description="Whole debt in minor units; absent: what is asked."
    )
    product: Text | None = Field(default=None, description="Product, as the customer knows it.")
    parties: Parties = Field(default=(), description="All who answer for it.")
    version: Revision | None = Field(
        default=None, description="Rises per obligation; a lower one changes nothing."
    )


class _OpenBill(_Bill):
    autopay: Flag | None = Field(default=None, description="It is paid automatically.")
    due_timezone: Timezone | None = Field(
        default=None, description="IANA zone of the due date; absent: the customer's."
    )


class BillDueSoon(_OpenBill):
    """A bill nears its due date. A second one for the same bill is an update."""

    TYPE: ClassVar[str] = "bill.due_soon"

    amount_minor: MoneyDue = Field(description="Asked now, in minor units.")


class BillUpdated(_OpenBill):
    """A bill's terms changed."""

    TYPE: ClassVar[str] = "bill.updated"

    amount_minor: Money = Field(description="Asked now, in minor units.")


class BillClosed(Typed):
    """A bill needs no more outreach."""

    TYPE: ClassVar[str] = "bill.closed"

    bill_id: Identifier = Field(description="The publisher's id of the bill.")
    why: Literal["paid", "cancelled", "recalled", "sold", "written_off"] = Field(
        description="Why it is closed."
    )
    version: Revision | None = Field(default=None, description="Rises per obligation.")


class PaymentMissed(_Bill):
    """A due date passed without payment. A second one for the same bill is an update."""

    TYPE: ClassVar[str] = "payment.missed"

    amount_minor: MoneyDue = Field(description="Asked now, in minor units.")
    minimum_minor: Money | None = Field(
        default=None, description="Least payment that would be enough now, in minor units."
    )
    actor_role: ActorRole = Field(
        default="creditor", description="Whether a creditor or a collector acts."
    )
    commission_rate: Annotated[float, Field(strict=True, ge=0, le=1)] | None = Field(
        default=None, description="Collector's commission as a fraction: 0.25 is 25 per cent."
    )
    limitation_date: LocalDate | None = Field(
        default=None, description="Local date from which the debt is time-barred."
    )


class _Payment(Typed):
    payment_id: Identifier = Field(description="The publisher's id of the payment.")
    bill_id: Identifier = Field(description="The bill that it is for.")
    amount_minor: MoneyDue = Field(description="Amount of the payment, in minor units.")
    currency: Currency = Field(description="ISO 4217 code.")
    remaining_minor: Money = Field(
        description="What remains of what is asked now, in minor units; 0 settles it."
    )
    version: Revision | None = Field(default=None, description="Rises per obligation.")


class _PaymentMade(_Payment):
    paid_at: Instant | None = Field(default=None, description="When the customer paid.")
    pending: Flag = Field(default=False, description="Not yet final.")


class PaymentReceived(_PaymentMade):
    """A payment came in."""

    TYPE: ClassVar[str] = "payment.received"


class PaymentFailed(_PaymentMade):
    """A payment was tried and failed."""

    TYPE: ClassVar[str] = "payment.failed"


class PaymentReversed(_Payment):
    """A payment that had come in was taken back."""

    TYPE: ClassVar[str] = "payment.reversed"

    reversed_at: Instant | None = Field(default=None, description="When it was taken back.")


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


class ContactMade(Typed):
    """The publisher's own people contacted the customer, or were contacted."""

    TYPE: ClassVar[str] = "contact.made"

    channel: Code = Field(description="Channel, such as phone, letter, email or sms.")
    direction: Literal["inbound", "outbound"] = Field(
        description="inbound: the customer called; outbound: the publisher's people did."
    )
    outcome: Literal["attempt", "reached"] = Field(description="Whether the person was reached.")
    at: Instant = Field(description="When.")
    obligation_id: Identifier | None = Field(default=None, description="What it was about.")


class NoticeSent(Typed):
    """The publisher sent a statutory notice; Rapport sends none itself."""

    TYPE: ClassVar[str] = "notice.sent"

    kind: Code = Field(description="Which notice, such as validation.")
    obligation_id: Identifier = Field(description="The obligation that it is about.")
    at: Instant = Field(description="When it was sent.")


class RequestAnswered(Typed):
    """The publisher answered a `request.made`."""

    TYPE: ClassVar[str] = "request.answered"

    request_id: Identifier = Field(description="Id of the request.")
    answer: Literal["accepted", "refused"] = Field(description="The answer.")
    reason: Reason | None = Field(default=None, description="Why, in words; kept off the log.")


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
