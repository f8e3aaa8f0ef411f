"""What the messenger knows and decides: plain values, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Literal

from services.policy.model import ConsentRecord, Contact, Pack

ANY = "*"
IN_APP: Final = "in_app"
"""The channel of the customer's own messages in the portal."""
PAGE = "portal"
"""The name under which the log knows who delivers there: nobody but this house."""
WRONG_PERSON = "wrong_person"
"""Reason of a suppression: the customer's address turned out to be somebody else's."""


class DispatchState(StrEnum):
    """Where a dispatch stands. All but `pending` and `intended` are ends."""

    PENDING = "pending"
    INTENDED = "intended"
    SENT = "sent"
    FAILED = "failed"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class ChangeKind(StrEnum):
    """What an event does to an obligation."""

    OPENED = "opened"
    UPDATED = "updated"
    CLOSED = "closed"
    PAID = "paid"
    PAYING = "paying"
    UNPAID = "unpaid"
    """A payment failed or was reversed."""
    AGREED = "agreed"
    DISAGREED = "disagreed"
    REOPENED = "reopened"
    """A completed agreement runs again: a payment under it was taken back."""
    FULFILLED = "fulfilled"
    KEPT = "kept"
    """An instalment of the agreement was paid."""


class ObligationState(StrEnum):
    """Whether an obligation may still be talked about."""

    OPEN = "open"
    SETTLED = "settled"
    """Paid in full; a reversed payment opens it again."""
    CLOSED = "closed"
    """Cancelled, renewed, completed or withdrawn by the publisher."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A typed reason that stops or changes contact; a `services.policy.holds.Hold`."""

    kind: str
    obligation_id: str | None = None
    until: datetime | None = None
    at: datetime | None = None
    lifted_at: datetime | None = None
    freed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Obligation:
    """One obligation as customer events left it.

    amount_minor: what is asked now, in the currency's minor unit, where known. version: the
    publisher's, None until one is given. changed_at: the time of the newest event applied.
    agreed: an agreement runs, so that nothing but its own reminders may be sent. holds: those
    about it, whichever party they were told of. notices: kinds of statutory notices sent. kept: how
    many instalments of the agreement are paid. paying: payments that are under way, by their ids,
    each since when: reminding now would be rude, and perhaps wrong. closed_at, closed_version: of
    its end, None while nothing but an update to nothing ended it. reopens_from: the first due date
    that is a new period's, and no restatement of what was asked; None where none was told.
    """

    state: ObligationState = ObligationState.OPEN
    amount_minor: int | None = None
    version: int | None = None
    changed_at: datetime | None = None
    agreed: bool = False
    holds: tuple[Hold, ...] = ()
    notices: frozenset[str] = frozenset()
    kept: int = 0
    paying: Mapping[str, datetime] = field(default_factory=dict)
    kind: str = "bill"
    closed_at: datetime | None = None
    closed_version: int | None = None
    reopens_from: date | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What one event says of an obligation.

    remaining_minor: what is still asked. kept: how many instalments are paid. payment: its id.
    due: until when it is asked; of a renewal, the end of the new period.
    """

    kind: ChangeKind
    at: datetime
    version: int | None = None
    remaining_minor: int | None = None
    kept: int | None = None
    payment: str = ""
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Handoff:
    """A hand-off to a person that is open; without an obligation it is about the customer."""

    reason: str
    obligation_id: str | None = None
    id: str = ""


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address or purpose that must not be used."""

    channel: str
    purpose: str
    reason: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where the customer is, as far as is known; a `services.policy.model.Place`."""

    timezone: str | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    phone_country: str | None = None
    phone_zones: tuple[str, ...] = ()
    postal_areas: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether anything is."""
        return bool(self.timezone or self.country or self.region or self.city)


@dataclass(frozen=True, slots=True)
class Customer:
    """What the final check needs to know of the addressee."""

    email: str | None = None
    phone: str | None = None
    webhook: str | None = None
    inbox: str | None = None
    """Their own page, once they have proved there who they are."""
    place: Place = field(default_factory=Place)
    placed: bool = False
    """Whether an event has told of the place, be it that none is known."""
    consents: tuple[ConsentRecord, ...] = ()
    holds: tuple[Hold, ...] = ()
    handoffs: tuple[Handoff, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    contacts: tuple[Contact, ...] = ()
    """What was sent to them, or may have been, what the publisher's people did, and what was
    sent to others about the same obligations, as far back as any cap looks."""
    merged_into: str | None = None
    erased: bool = False
    """They are forgotten, and nothing was told of them since."""
    confirmed: Literal["right_party", "source"] | None = None
    """How the address is known to be theirs, if it is."""
    wishes: tuple[Pack, ...] = ()
    """What they asked for themselves, as rules."""

    def address(self, channel: str) -> str | None:
        """Where they are reached by the channel."""
        known = {
            "email": self.email,
            "sms": self.phone,
            "webhook": self.webhook,
            IN_APP: self.inbox,
        }
        return known.get(channel)


@dataclass(frozen=True, slots=True)
class Promise:
    """What of an agreement a message is about: the instalment of this number, from 1; or, where
    there is none, it thanks for the whole, which is paid."""

    instalment: int | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """An operator lets an enrolment wait: until an instant, or (None) until it is resumed."""

    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What the final check needs to know of a dispatch. roles: of those who act in it."""

    purpose: str
    channel: str
    obligation_ids: tuple[str, ...]
    not_after: datetime
    place: Place = field(default_factory=Place)
    due_timezone: str | None = None
    cancelled: bool = False
    roles: frozenset[str] = frozenset({"creditor"})
    halted: Mapping[str, str] = field(default_factory=dict)
    """Obligations about which sending is stopped, and the rule that each is stopped by."""
    promise: Promise | None = None
    answers: str | None = None
    """The hand-off in whose talk it is an answer."""
    pause: Pause | None = None
    kinds: frozenset[str] = frozenset({"bill"})
    """Of its obligations."""


@dataclass(frozen=True, slots=True)
class Part:
    """One of several steps that go out in one message."""

    step_id: str
    obligation_id: str
    not_after: datetime
    cancelled: bool = False
    pause: Pause | None = None


@dataclass(frozen=True, slots=True)
class Lag:
    """How far behind the messenger may be: `seconds` is the age of the newest heartbeat."""

    seconds: float | None
    covered: bool
    """Everything the decision rested on (`after`), and all that the log announced, is applied."""


@dataclass(frozen=True, slots=True)
class Send:
    """Nothing forbids it at this instant."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """It must not go out. `retryable`: at `not_before` or later it might."""

    reason: str
    rule: str
    rule_version: int = 1
    retryable: bool = False
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Not enough is known yet; ask again shortly."""

    reason: str


Decision = Send | Refuse | Wait


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took the message over. `reference` finds it in the provider's records."""

    reference: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The message is known not to have been taken.

    `status`: the provider's code, such as `550 5.1.1`. `dead_address`: nobody receives there.
    """

    reason: str
    status: str | None
    retryable: bool
    dead_address: bool = False


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Nobody can tell whether the message was taken: it is not sent again."""

    reason: str


Outcome = Accepted | Rejected | Doubtful

CHECK_TOO_OLD = Rejected("check_too_old", None, retryable=True)
"""Of a letter that is late: nothing of it was handed over."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A one-tap answer that a message offers. label: what the customer says by it, in words.

    product, seniority: whom it needs where a person takes over.
    """

    label: str
    does: Literal["person", "request", "steps", "stop"]
    request: str | None = None
    product: str | None = None
    seniority: str | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """One finished message: `copy` holds the exact bytes handed to the provider.

    A whole mail, or the text of what goes by another channel. fresh_until: real time until which
    handing it over may begin, and begin again where that is safe; None: it rests on no check, and
    never goes again.
    """

    message_id: str
    sender: str
    recipient: str
    copy: bytes
    fresh_until: datetime | None = None

    def is_late(self, now: datetime) -> bool:
        """Whether its check is too old at that real instant for handing it over."""
        return self.fresh_until is not None and now >= self.fresh_until
