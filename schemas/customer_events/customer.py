"""Events about the customer: who, with whose consent, under which holds."""

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from schemas.common import (
    PARAGRAPHS,
    PERSONAL,
    PLAIN,
    AddressedBy,
    Channel,
    Code,
    Contract,
    Country,
    CustomerId,
    EmailAddress,
    Flag,
    HoldKind,
    Identifier,
    Instant,
    LocalDate,
    LocaleTag,
    PhoneNumber,
    Purpose,
    Region,
    Text,
    Timezone,
    Typed,
    Until,
)
from schemas.customer_events.fields import Names, NumberOrText, Reason

Scalar = (
    Annotated[str, StringConstraints(max_length=500, pattern=PARAGRAPHS)]
    | bool
    | int
    | Annotated[float, Field(allow_inf_nan=False)]
    | None
)


Year = Annotated[int, Field(strict=True, ge=1880, le=2200)]


class ContactPoint(Contract):
    """One way to reach the customer, with how far it may be trusted."""

    channel: AddressedBy = Field(description="Channel that the value belongs to.")
    value: Annotated[Text, PERSONAL] = Field(description="Address, number or URL.")
    source: Literal["customer", "creditor", "traced"] | None = Field(
        default=None, description="Who gave it: the customer, the creditor, or a search."
    )
    verified_at: Instant | None = Field(default=None, description="When it was confirmed.")
    work: Flag = Field(default=False, description="Belongs to the customer's employer.")
    shared: Flag = Field(default=False, description="Others read it, too.")


def vouched(points: Iterable[ContactPoint], channel: Channel) -> list[str]:
    """The channel's addresses that the customer gave, that were verified, and are theirs alone."""
    return [
        point.value
        for point in points
        if point.channel == channel
        and point.source == "customer"
        and point.verified_at is not None
        and not (point.work or point.shared)
    ]


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
