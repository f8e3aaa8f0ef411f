"""What the negotiator talks about, as plain values. Money is in the currency's minor unit."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class PlanKind(StrEnum):
    """How a debt would be paid: at once, at once for less, or bit by bit."""

    FULL = "full"
    SETTLEMENT = "settlement"
    INSTALMENTS = "instalments"


class ObligationStatus(StrEnum):
    """Whether a bill still asks for money; `closed` covers recalled, sold and written off."""

    OPEN = "open"
    SETTLED = "settled"
    CLOSED = "closed"


class OfferStatus(StrEnum):
    """Where an offer stands; `expired` also covers one whose amount no longer fits.

    `countered` and `declined` are customers' own proposals; `waiting` is an agent's offer that a
    second person has yet to approve.
    """

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    COUNTERED = "countered"
    DECLINED = "declined"
    WAITING = "waiting"
    EXPIRED = "expired"


class AgreementStatus(StrEnum):
    """Where an agreement stands; `ended` when its bill went away unpaid."""

    ACTIVE = "active"
    BROKEN = "broken"
    COMPLETED = "completed"
    ENDED = "ended"


class RequestStatus(StrEnum):
    """The publisher's answer to a request; Rapport is not the ledger."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class RequestKind(StrEnum):
    """What a customer can ask about a bill by themselves.

    Details: due_date {due_date: YYYY-MM-DD}, payment_day {day: 1 to 31; a shorter month's last
    day}, autopay {on: bool}.
    """

    DUE_DATE = "due_date"
    PAYMENT_DAY = "payment_day"
    AUTOPAY = "autopay"


class RequestRefusal(StrEnum):
    """Why a request is not made; nothing changes then."""

    UNREADABLE = "unreadable"
    OUT_OF_RANGE = "out_of_range"
    NOT_NOW = "not_now"
    WAITING = "waiting"
    TOO_MANY = "too_many"


class QuestionRefusal(StrEnum):
    """Why a question does not reach a person; nothing changes then."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    TOO_MANY = "too_many"


class BillState(StrEnum):
    """How a customer's page calls the state of one of their bills."""

    DUE = "due"
    PAST_DUE = "past_due"
    AGREED = "agreed"
    ARRANGED = "arranged"
    DISPUTED = "disputed"
    PAUSED = "paused"
    PAID = "paid"


class SubscriptionStatus(StrEnum):
    """Whether a subscription runs."""

    RUNNING = "running"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class PaymentStatus(StrEnum):
    """What the publisher last said of a payment."""

    RECEIVED = "received"
    PENDING = "pending"
    FAILED = "failed"
    REVERSED = "reversed"


class CheckoutStatus(StrEnum):
    """What the provider last said of a payment begun on the page; `open`: nothing yet."""

    OPEN = "open"
    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"


class PaymentRefusal(StrEnum):
    """Why no payment is begun; nothing changes then."""

    AMOUNT_CHANGED = "pay_changed"
    UNDER_WAY = "pay_under_way"
    NOT_NOW = "pay_not_now"


class HandoffStatus(StrEnum):
    """Whether a person still has something to do."""

    OPEN = "open"
    ASSIGNED = "assigned"
    RESOLVED = "resolved"


class HandoffReason(StrEnum):
    """Why a person takes over."""

    ASKED = "asked_for_person"
    NO_EVIDENCE = "no_evidence"
    LOCKED = "verification_locked"
    WRONG_PERSON = "wrong_person"
    DISPUTE = "dispute"
    HARDSHIP = "hardship"
    QUESTION = "question"
    PLAN_REFUSED = "plan_refused"
    TERMS = "terms_beyond_authority"
    OVERPAID = "overpaid"


class Evidence(StrEnum):
    """What the portal may ask to know its visitor."""

    LAST_DIGITS = "last_digits"
    PASSPHRASE = "passphrase"
    BIRTH_YEAR = "birth_year"
    POSTAL_CODE = "postal_code"


class Situation(StrEnum):
    """What a verified visitor finds."""

    AGREEMENT = "agreement"
    COMPLETED = "completed"
    ARRANGED = "arranged"
    SETTLED = "settled"
    DISPUTE = "dispute"
    HELD = "held"
    NO_OFFER = "no_offer"
    PLANS = "plans"
    RENEW = "renew"


class Refusal(StrEnum):
    """Why an offer cannot be accepted now."""

    UNKNOWN_OFFER = "unknown_offer"
    ALTERED = "altered"
    AGREED_ALREADY = "agreed_already"
    SETTLED = "settled"
    HELD = "held"
    EXPIRED = "expired"
    AMOUNT_CHANGED = "amount_changed"
    NO_OFFER = "no_offer"
    WITH_A_PERSON = "with_a_person"
    MOVED_ENOUGH = "moved_enough"
    MOVE_TOO_FAR = "move_too_far"


@dataclass(frozen=True, slots=True)
class Authority:
    """The limits a creditor set once for offers made in its name.

    `max_discount_bp` is in basis points of the balance; `min_instalment_minor` binds plans of two
    payments and more; `max_days` counts from the day of the offer to the last payment.
    """

    name: str
    version: int
    max_discount_bp: int
    max_instalments: int
    min_instalment_minor: int
    max_days: int
    offer_valid_hours: int
    funded_by: str


@dataclass(frozen=True, slots=True)
class Instalment:
    """One payment of a plan, due by the end of a local date."""

    due_date: date
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Plan:
    """One way to pay. `name` is stable for the same shape: it is part of the offer's identity."""

    name: str
    kind: PlanKind
    total_minor: int
    discount_minor: int
    instalments: tuple[Instalment, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything an offer promises, and in which case: what its signature covers."""

    tenant: str
    case_id: str
    offer_id: str
    obligation_id: str
    currency: str
    balance_minor: int
    plan: Plan
    expires_at: datetime
    authority: Authority


@dataclass(frozen=True, slots=True)
class Bill:
    """What is asked, as far as the log has told; None where it has not said."""

    status: ObligationStatus
    remaining_minor: int
    currency: str | None = None
    creditor: str | None = None
    product: str | None = None
    due_date: date | None = None
    due_timezone: str | None = None
    version: int | None = None
    autopay: bool | None = None

    @property
    def is_owed(self) -> bool:
        """Whether there is anything left to agree on."""
        return self.status is ObligationStatus.OPEN and self.remaining_minor > 0


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription as its publisher last told; None where it has not said."""

    status: SubscriptionStatus
    plan: str | None = None
    expires_on: date | None = None
    price_minor: int | None = None
    currency: str | None = None
    auto_renew: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """A typed reason against agreeing; no obligation means all of the customer's."""

    kind: str
    obligation_id: str | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Tries:
    """Wrong answers so far, and until when no further answer is taken."""

    wrong: int
    locked_until: datetime | None


@dataclass(frozen=True, slots=True)
class DueNext:
    """What an agreement asks for next: which instalment (from 1), by when, and how much is short.

    `short_minor` includes what earlier instalments left short.
    """

    instalment: int
    due_date: date
    short_minor: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an agreement is paid: instalments kept so far, and whether all is done."""

    kept: int
    completed: bool
