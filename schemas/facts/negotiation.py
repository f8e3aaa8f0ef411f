"""Facts of the negotiator: offers, agreements, requests and hand-offs to people."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from schemas.commands import Instalment, OfferAuthority
from schemas.common import (
    Contract,
    Currency,
    Instant,
    LocaleTag,
    Money,
    Text,
    Timezone,
    Typed,
)

OfferKind = Literal["full", "instalments", "settlement", "deferral"]
Actor = Literal["machine", "customer", "agent"]


class MatrixRef(Contract):
    """By which cell of which authority matrix terms were judged, and what they are worth by it."""

    name: Text = Field(description="Name of the matrix.")
    version: int = Field(description="Its version.")
    cell: Text = Field(description="Cell that fitted.")
    role: Literal["everyone", "need", "agent", "supervisor"] = Field(
        description="Whose limits: need where the customer said what they can manage."
    )
    bucket: Literal["current", "1-29", "30-59", "60-89", "90+"] = Field(
        description="Days past the due date."
    )
    npv_minor: Money = Field(description="Net present value by the matrix's rate, minor units.")
    expected_minor: Money = Field(
        description="What of it is expected to come in, the concession already off."
    )


class OfferProposed(Typed):
    """Terms were put to the customer, or by the customer, within an authority."""

    TYPE: ClassVar[str] = "offer.proposed"

    offer_id: Text = Field(description="Id of the offer.")
    case_id: Text = Field(description="Id of the case.")
    obligation_id: str = Field(description="What it is about.")
    kind: OfferKind = Field(description="Form of the terms.")
    currency: Currency = Field(description="ISO 4217 code.")
    balance_minor: Money = Field(description="Debt that it settles, in minor units.")
    total_minor: Money = Field(description="Sum of the instalments, in minor units.")
    discount_minor: Money = Field(description="balance_minor less total_minor.")
    instalments: tuple[Instalment, ...] = Field(description="When and how much.")
    expires_at: Instant = Field(description="When it can no longer be accepted.")
    authority: OfferAuthority = Field(description="The authority that it keeps within.")
    signature: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]+$")] = Field(
        description="HMAC over the terms, hex."
    )
    by: Actor = Field(description="Who proposed.")
    matrix: MatrixRef | None = Field(
        default=None,
        description="What narrowed the authority; null: nothing, or a wish that goes beyond.",
    )
    actor: Text | None = Field(
        default=None, description="Of an agent's offer: the name of the token that made it."
    )
    approved_by: Text | None = Field(
        default=None, description="Name of the second person's token, where one had to approve."
    )


class _AboutOffer(Typed):
    offer_id: Text = Field(description="Id of the offer.")
    case_id: Text = Field(description="Id of the case.")
    obligation_id: str = Field(description="What it is about.")


class OfferCountered(_AboutOffer):
    """An offer was answered by another."""

    TYPE: ClassVar[str] = "offer.countered"

    by_offer_id: Text = Field(description="Id of the offer that answers it.")


class OfferAccepted(_AboutOffer):
    """An offer was accepted and became an agreement."""

    TYPE: ClassVar[str] = "offer.accepted"

    agreement_id: Text = Field(description="Id of the agreement.")
    message_id: Text | None = Field(default=None, description="Message that led to it.")


class OfferDeclined(_AboutOffer):
    """An offer was declined."""

    TYPE: ClassVar[str] = "offer.declined"


class OfferExpired(_AboutOffer):
    """An offer's time ran out."""

    TYPE: ClassVar[str] = "offer.expired"


class _AboutAgreement(Typed):
    agreement_id: Text = Field(description="Id of the agreement.")
    case_id: Text = Field(description="Id of the case.")
    obligation_id: str = Field(description="What it is about.")


class AgreementMade(_AboutAgreement):
    """Customer and creditor agreed on terms."""

    TYPE: ClassVar[str] = "agreement.made"

    offer_id: Text = Field(description="Id of the offer that was accepted.")
    currency: Currency = Field(description="ISO 4217 code.")
    total_minor: Money = Field(description="Sum of the instalments, in minor units.")
    discount_minor: Money = Field(description="Part of the debt that is given up.")
    instalments: tuple[Instalment, ...] = Field(description="When and how much.")
    authority: OfferAuthority = Field(description="The authority that it keeps within.")
    grace_days: int | None = Field(
        default=None, ge=0, description="Days after a due date until it is broken."
    )
    timezone: Timezone | None = Field(
        default=None, description="IANA zone whose days the due dates are, where known."
    )
    creditor: Text | None = Field(default=None, description="To whom it is paid, where known.")
    product: Text | None = Field(default=None, description="What the bill was for, where known.")


class AgreementChanged(_AboutAgreement):
    """Payments to come were moved within the rules; the sum is the same."""

    TYPE: ClassVar[str] = "agreement.changed"

    currency: Currency = Field(description="ISO 4217 code.")
    instalments: tuple[Instalment, ...] = Field(description="All payments as they stand now.")
    by: Actor = Field(description="Who moved them.")


class AffordabilityStated(Typed):
    """A customer said what they can manage; what they said stays out of the log."""

    TYPE: ClassVar[str] = "affordability.stated"

    case_id: Text = Field(description="Id of the case.")
    obligation_id: str = Field(description="What it is about.")


class AgreementKept(_AboutAgreement):
    """An instalment was paid."""

    TYPE: ClassVar[str] = "agreement.kept"

    instalment: int = Field(ge=1, description="Number of the instalment, from 1.")
    amount_minor: Money = Field(description="Amount paid, in minor units.")


class AgreementDue(_AboutAgreement):
    """The time to keep an instalment may be over: it is judged when this is read back.

    So all that the log told of payments before counts, however far behind the reader was.
    """

    TYPE: ClassVar[str] = "agreement.due"


class AgreementBroken(_AboutAgreement):
    """An instalment was not paid in time."""

    TYPE: ClassVar[str] = "agreement.broken"

    instalment: int = Field(ge=1, description="Number of the instalment, from 1.")
    short_minor: Money = Field(description="What is short, in minor units.")


class AgreementReopened(_AboutAgreement):
    """A payment under it was taken back."""

    TYPE: ClassVar[str] = "agreement.reopened"

    kept: int | None = Field(
        default=None, ge=0, description="Instalments that are still paid; null: not told."
    )


class AgreementCompleted(_AboutAgreement):
    """All instalments were paid."""

    TYPE: ClassVar[str] = "agreement.completed"


class RequestMade(Typed):
    """The publisher is asked for what Rapport can't decide alone."""

    TYPE: ClassVar[str] = "request.made"

    request_id: Text = Field(description="Id of the request.")
    kind: Text = Field(
        description="What is asked: due_date, payment_day, autopay, book_plan, or what a "
        "playbook's choice names."
    )
    obligation_id: str = Field(description="What it is about.")
    details: dict[str, Any] = Field(
        default_factory=dict,
        description="Codes, amounts and dates; no free text. due_date: {due_date}; payment_day: "
        "{day}, 1 to 31, in a shorter month its last day; autopay: {on}; book_plan: the terms.",
    )


class NoticeRequired(Typed):
    """A statutory notice must be sent by the publisher before collection may go on."""

    TYPE: ClassVar[str] = "notice.required"

    kind: Text = Field(description="Which notice.")
    obligation_id: str = Field(description="What it is about.")


class HandoffNeeds(Contract):
    """Whom a hand-off needs; null where anyone will do."""

    language: LocaleTag | None = Field(default=None, description="Customer's language, BCP 47.")
    product: Text | None = Field(default=None, description="Product to know about.")
    seniority: Text | None = Field(default=None, description="Seniority, such as senior.")
    tier: Text | None = Field(default=None, description="The publisher's value tier.")


class HandoffRequested(Typed):
    """A person shall take over."""

    TYPE: ClassVar[str] = "handoff.requested"

    handoff_id: Text = Field(description="Id of the hand-off.")
    case_id: Text = Field(description="Id of the case.")
    obligation_id: str | None = Field(default=None, description="What it is about.")
    reason: Text = Field(description="Why, as a code.")
    needs: HandoffNeeds | None = Field(default=None, description="Whom it needs, where known.")
    due_by: Instant | None = Field(
        default=None, description="Until when somebody should have seen to it."
    )


class HandoffAssigned(Typed):
    """A person took over."""

    TYPE: ClassVar[str] = "handoff.assigned"

    handoff_id: Text = Field(description="Id of the hand-off.")
    to: Text = Field(description="Name of the token that took it.")


class HandoffReleased(Typed):
    """A person laid it down again, or a supervisor took it from someone's hands."""

    TYPE: ClassVar[str] = "handoff.released"

    handoff_id: Text = Field(description="Id of the hand-off.")
    held_by: Text = Field(description="Name of the token that held it.")
    by: Text = Field(description="Name of the token that released it.")


class _AtTheDesk(Typed):
    handoff_id: Text = Field(description="Id of the hand-off.")
    by: Text = Field(description="Name of the token.")


class HandoffSeen(_AtTheDesk):
    """A person looked at the customer's story; told once an hour for each of them."""

    TYPE: ClassVar[str] = "handoff.seen"

    message_id: Text | None = Field(
        default=None, description="The message whose exact copy they looked at; absent: the story."
    )


class HandoffNoted(_AtTheDesk):
    """A person wrote a note for colleagues; its text is not on the log."""

    TYPE: ClassVar[str] = "handoff.noted"


class HandoffAnswered(_AtTheDesk):
    """A person answered the customer; the text is not on the log."""

    TYPE: ClassVar[str] = "handoff.answered"

    obligation_id: Text | None = Field(default=None, description="What it is about.")


class HandoffResolved(Typed):
    """A person brought it to an end."""

    TYPE: ClassVar[str] = "handoff.resolved"

    handoff_id: Text = Field(description="Id of the hand-off.")
    outcome: Text = Field(description="How it ended, as a code.")


FACTS: tuple[type[Typed], ...] = (
    OfferProposed,
    OfferCountered,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    AgreementMade,
    AgreementChanged,
    AffordabilityStated,
    AgreementKept,
    AgreementDue,
    AgreementBroken,
    AgreementReopened,
    AgreementCompleted,
    RequestMade,
    NoticeRequired,
    HandoffRequested,
    HandoffAssigned,
    HandoffReleased,
    HandoffSeen,
    HandoffNoted,
    HandoffAnswered,
    HandoffResolved,
)
