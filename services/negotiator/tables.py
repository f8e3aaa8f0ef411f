"""The negotiator's tables.

What belongs to one customer is guarded by the lock on the customer's row. A bill may have several
parties, so the bill and its agreement are guarded by the lock on the obligation's row, which is
taken after the customers' rows.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class _Table(SQLModel, registry=registry()):
    """Base of this service's tables: a registry of its own, as other services reuse names."""


def _instant(nullable: bool = False) -> Any:
    return Field(
        default=None if nullable else ...,
        sa_type=DateTime(timezone=True),
        nullable=nullable,
    )


def _json(nullable: bool = False) -> Any:
    return Field(default=None if nullable else ..., sa_type=JSONB, nullable=nullable)


class CustomerRow(_Table, table=True):
    """One customer, the tries at proving to be them, and whether someone else reads their mail.

    erased_at: what was said of them until then is forgotten.
    """

    __tablename__ = "customer"

    tenant: str = Field(primary_key=True)
    customer: str = Field(primary_key=True)
    locale: str | None = None
    timezone: str | None = None
    country: str | None = None
    region: str | None = None
    merged_into: str | None = None
    wrong_tries: int = 0
    locked_until: datetime | None = _instant(nullable=True)
    wrong_person: bool = False
    erased_at: datetime | None = _instant(nullable=True)


class EvidenceRow(_Table, table=True):
    """One fact the portal may ask, as a salted keyed hash of the normal form of its answer."""

    __tablename__ = "evidence"

    tenant: str = Field(primary_key=True)
    customer: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    salt: str
    hash: str


class HoldRow(_Table, table=True):
    """A hold on a customer; an empty `obligation_id` means all that they owe."""

    __tablename__ = "hold"

    tenant: str = Field(primary_key=True)
    customer: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    obligation_id: str = Field(primary_key=True)
    until: datetime | None = _instant(nullable=True)


class ObligationRow(_Table, table=True):
    """A bill as the log last told; shared by its parties."""

    __tablename__ = "obligation"

    tenant: str = Field(primary_key=True)
    obligation_id: str = Field(primary_key=True)
    status: str
    remaining_minor: int
    currency: str | None = None
    creditor: str | None = None
    product: str | None = None
    due_date: date | None = None
    due_timezone: str | None = None
    version: int | None = None
    autopay: bool | None = None


class PartyRow(_Table, table=True):
    """A customer who answers for a bill, under the id that the publisher named."""

    __tablename__ = "party"

    tenant: str = Field(primary_key=True)
    customer: str = Field(primary_key=True)
    obligation_id: str = Field(primary_key=True)


class SubscriptionRow(_Table, table=True):
    """A customer's subscription as the log last told."""

    __tablename__ = "subscription"

    tenant: str = Field(primary_key=True)
    customer: str = Field(primary_key=True)
    subscription_id: str = Field(primary_key=True)
    status: str
    plan: str | None = None
    expires_on: date | None = None
    price_minor: int | None = None
    currency: str | None = None
    auto_renew: bool = False


class PaymentRow(_Table, table=True):
    """A customer's payment as the log last told; `at` is when they paid, as far as it is known."""

    __tablename__ = "payment"

    tenant: str = Field(primary_key=True)
    customer: str = Field(primary_key=True)
    obligation_id: str = Field(primary_key=True)
    payment_id: str = Field(primary_key=True)
    status: str
    amount_minor: int
    currency: str
    at: datetime = _instant()


class RequestRow(_Table, table=True):
    """Something the customer asked of the publisher, and its answer."""

    __tablename__ = "request"

    tenant: str = Field(primary_key=True)
    customer: str = Field(primary_key=True)
    request_id: str = Field(primary_key=True)
    obligation_id: str
    kind: str
    details: dict[str, Any] = _json()
    status: str
    made_at: datetime = _instant()
    answered_at: datetime | None = _instant(nullable=True)


class EnrolmentRow(_Table, table=True):
    """For what, and with which authority, a customer is written to about an obligation."""

    __tablename__ = "enrolment"

    tenant: str = Field(primary_key=True)
    customer: str = Field(primary_key=True)
    enrolment_id: str = Field(primary_key=True)
    obligation_id: str
    purpose: str | None = None
    segment: str | None = None
    authority: dict[str, Any] | None = _json(nullable=True)


class InvitationRow(_Table, table=True):
    """A message whose link opens the portal unless `closed`; what was known when it was sent.

    answers: the hand-off in whose talk it is an answer.
    """

    __tablename__ = "invitation"

    message_id: str = Field(primary_key=True)
    tenant: str
    customer: str
    obligation_id: str
    enrolment_id: str
    locale: str
    timezone: str | None = None
    applied_through: dict[str, int] = _json()
    closed: bool = False
    answers: str | None = None


class CaseRow(_Table, table=True):
    """The talk with one customer about one obligation.

    `round` counts sets of offers made, `proposals` the customer's own that were countered since
    they last agreed or a person last answered.
    """

    __tablename__ = "case_file"

    tenant: str = Field(primary_key=True)
    customer: str = Field(primary_key=True)
    case_id: str = Field(primary_key=True)
    obligation_id: str
    enrolment_id: str
    message_id: str
    round: int = 0
    proposals: int = 0
    opened_at: datetime = _instant()


class OfferRow(_Table, table=True):
    """One offer, with all that its signature covers.

    `matrix`: by which limits it was judged, and what it is worth; null where none narrowed it.
    """

    __tablename__ = "offer"

    tenant: str = Field(primary_key=True)
    customer: str = Field(primary_key=True)
    offer_id: str = Field(primary_key=True)
    case_id: str
    obligation_id: str
    round: int
    position: int
    name: str
    kind: str
    currency: str
    balance_minor: int
    total_minor: int
    discount_minor: int
    instalments: list[dict[str, Any]] = _json()
    authority: dict[str, Any] = _json()
    by: str = "machine"
    actor: str | None = None
    approved_by: str | None = None
    grace_days: int | None = None
    matrix: dict[str, Any] | None = _json(nullable=True)
    expires_at: datetime = _instant()
    signature: str
    status: str
    proposed_at: datetime = _instant()


class ProposalRow(_Table, table=True):
    """One of a customer's own proposals, and how it was answered.

    `wish`: amounts and dates as they were read; `breaches`: how it went too far; `answers`: the
    offers that countered it.
    """

    __tablename__ = "proposal"

    tenant: str = Field(primary_key=True)
    customer: str = Field(primary_key=True)
    proposal_id: str = Field(primary_key=True)
    case_id: str
    wish: dict[str, Any] = _json()
    balance_minor: int
    outcome: str
    offer_id: str
    breaches: list[str] = _json()
    answers: list[str] = _json()
    may_ask: bool = False
    at: datetime = _instant()


class AffordabilityRow(_Table, table=True):
    """What a customer said they can manage. It widens their terms, and is used for nothing else."""

    __tablename__ = "affordability"

    tenant: str = Field(primary_key=True)
    customer: str = Field(primary_key=True)
    obligation_id: str = Field(primary_key=True)
    currency: str
    monthly_minor: int
    payday: int | None = None
    stated_at: datetime = _instant()


class AgreementRow(_Table, table=True):
    """What was agreed about an obligation, how far it is kept, and when that is looked at next.

    `grace_days`: null where the setting says it. `moves`: how often a payment was moved.
    """

    __tablename__ = "agreement"

    tenant: str = Field(primary_key=True)
    obligation_id: str = Field(primary_key=True)
    agreement_id: str = Field(primary_key=True)
    customer: str
    case_id: str
    offer_id: str
    status: str
    currency: str
    total_minor: int
    discount_minor: int
    instalments: list[dict[str, Any]] = _json()
    grace_days: int | None = None
    moves: int = 0
    paid_minor: int = 0
    kept: int = 0
    request_id: str
    booking: str
    made_at: datetime = _instant()
    look_at: datetime | None = _instant(nullable=True)


class CheckoutRow(_Table, table=True):
    """A payment begun on the page: `status` is what the provider last said of it.

    `what`: the next instalment, the rest of an agreement, or a bill. `paid_at`: when it succeeded.
    """

    __tablename__ = "checkout"

    tenant: str = Field(primary_key=True)
    customer: str = Field(primary_key=True)
    checkout_id: str = Field(primary_key=True)
    obligation_id: str
    what: str
    amount_minor: int
    currency: str
    status: str
    made_at: datetime = _instant()
    paid_at: datetime | None = _instant(nullable=True)


class HandoffRow(_Table, table=True):
    """Something a person takes over. needs: language, product, seniority, tier, where known."""

    __tablename__ = "handoff"

    tenant: str = Field(primary_key=True)
    customer: str = Field(primary_key=True)
    handoff_id: str = Field(primary_key=True)
    case_id: str
    obligation_id: str
    reason: str
    status: str
    requested_at: datetime = _instant()
    needs: dict[str, Any] | None = _json(nullable=True)
    due_by: datetime | None = _instant(nullable=True)
    assigned_to: str | None = None
    assigned_at: datetime | None = _instant(nullable=True)
    outcome: str | None = None
    resolved_at: datetime | None = _instant(nullable=True)


class QuestionRow(_Table, table=True):
    """What a customer asks a person, in their own words; never on the log."""

    __tablename__ = "question"

    tenant: str = Field(primary_key=True)
    customer: str = Field(primary_key=True)
    question_id: str = Field(primary_key=True)
    handoff_id: str
    text: str
    asked_at: datetime = _instant()


class DeskWordsRow(_Table, table=True):
    """What a person at the desk wrote: a `note` for colleagues, or an `answer` to the customer.

    Never on the log.
    """

    __tablename__ = "desk_words"

    tenant: str = Field(primary_key=True)
    customer: str = Field(primary_key=True)
    words_id: str = Field(primary_key=True)
    handoff_id: str
    kind: str
    by: str
    text: str
    at: datetime = _instant()


class AttemptRow(_Table, table=True):
    """One try at verification: whether it was right, never what was answered."""

    __tablename__ = "attempt"

    id: int | None = Field(default=None, primary_key=True)
    tenant: str
    customer: str
    case_id: str
    at: datetime = _instant()
    right: bool


class SessionRow(_Table, table=True):
    """A verified visit to one case."""

    __tablename__ = "session"

    session_id: str = Field(primary_key=True)
    tenant: str
    customer: str
    case_id: str
    created_at: datetime = _instant()
    expires_at: datetime = _instant()
    ended: bool = False
