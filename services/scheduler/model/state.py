"""What the scheduler keeps of customers, obligations and contacts.

Instants are aware; money is minor units.
"""

from datetime import date, datetime
from enum import StrEnum

import msgspec

from services.policy.model import ConsentRecord, Contact
from services.scheduler.model.habits import Counts

Key = tuple[str, str]
"""Tenant and an id within it."""

ObligationKey = tuple[str, str, str]
"""Tenant, kind and the publisher's id: a bill and a subscription may have the same id."""


class ObligationState(StrEnum):
    """Whether an obligation may still be talked about."""

    OPEN = "open"
    SETTLED = "settled"
    """Paid in full; a reversed payment opens it again."""
    CLOSED = "closed"
    """Closed, renewed, cancelled, completed or withdrawn."""


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """Evidence of where a customer is; a `services.policy.model.Place`."""

    timezone: str | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    phone_country: str | None = None
    phone_zones: tuple[str, ...] = ()
    postal_areas: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether there is any evidence of a zone."""
        return bool(self.timezone or self.country or self.phone_country or self.phone_zones)


class Hold(msgspec.Struct, frozen=True, omit_defaults=True):
    """A typed reason that stops or changes contact; a `services.policy.holds.Hold`.

    obligation_id None: about the whole customer. source: of the event that placed it. of: the
    former id that it was said of, where that is not the customer's own.
    """

    kind: str
    at: datetime | None = None
    obligation_id: str | None = None
    until: datetime | None = None
    lifted_at: datetime | None = None
    freed_at: datetime | None = None
    source: str | None = None
    of: str | None = None


class GaveWay(msgspec.Struct, frozen=True):
    """An id that another stands for since `at`."""

    id: str
    into: str
    at: datetime


class Handoff(msgspec.Struct, frozen=True, omit_defaults=True):
    """A hand-off to a person; without an obligation it is about the customer.

    at: when it was asked for, by the fact asked_by.
    """

    id: str
    reason: str
    obligation_id: str | None = None
    at: datetime | None = None
    asked_by: str | None = None


class Customer(msgspec.Struct, frozen=True, omit_defaults=True):
    """One customer, as events and facts left them.

    placed: whether an event has told of the place, be it that none is known.
    consents: as the publisher tells. preferences: what the customer chose here, by opt-out or on
    the preferences page; a refusal among them wins over any consent. handoffs: open ones.
    kept: of each obligation the last one that was not handed back.
    wrong_channels: those whose address is somebody else's. addresses: by channel, whether there is
    one that works, as far as that was told. left: purposes that they opted out of, by whatever
    channel (`*`: all). tier: the publisher's. applied: by
    partition of customer.events (`topic/partition`), the offset of this customer's last event
    that is applied here. paused_until: a pause. hours, max_a_week: their own wishes, as
    `services.policy.preferences` has them. erased_at: since when they are forgotten, and nothing
    was told of them. former: ids that gave way to theirs, directly or by others. answers: theirs
    by local hour; answered_at: the hour of the last one, from its beginning. segments: by playbook
    with steps that may move to their hour, the one they were in last.
    """

    tenant: str
    id: str
    place: Place = Place()
    placed: bool = False
    locale: str | None = None
    tier: str | None = None
    consents: tuple[ConsentRecord, ...] = ()
    preferences: tuple[ConsentRecord, ...] = ()
    holds: tuple[Hold, ...] = ()
    handoffs: tuple[Handoff, ...] = ()
    kept: tuple[Handoff, ...] = ()
    wrong_channels: tuple[str, ...] = ()
    addresses: dict[str, bool] = {}
    left: frozenset[str] = frozenset()
    applied: dict[str, int] = {}
    paused_until: datetime | None = None
    hours: str | None = None
    max_a_week: int | None = None
    merged_into: str | None = None
    former: tuple[GaveWay, ...] = ()
    erased_at: datetime | None = None
    answers: Counts = {}
    answered_at: datetime | None = None
    segments: dict[str, str] = {}

    @property
    def key(self) -> Key:
        """Tenant and id."""
        return self.tenant, self.id

    def has_address(self, channel: str) -> bool:
        """Whether they can be reached by it. Mail is tried where nothing was told."""
        return self.addresses.get(channel, channel == "email")


class Obligation(msgspec.Struct, frozen=True, omit_defaults=True):
    """What outreach may be about, as events left it.

    version: the publisher's, highest seen. as_of: time of the newest event about it; terms_at: of
    the newest that told its terms, and not only of money.
    closed_at, closed_version: of the event that ended it, whose id is closed_by. reopens_from:
    a later period (due on that local date or after) opens it again. pending_payments: those under
    way, and since when. past_payments: those whose outcome is known, and since when.
    agreement_id: an agreement that runs, made at agreed_at. holds: those about this obligation
    alone. notices: kinds of statutory notices that the publisher has sent.
    """

    tenant: str
    id: str
    kind: str = "bill"
    creditor: str | None = None
    amount_minor: int | None = None
    balance_minor: int | None = None
    currency: str | None = None
    due_date: date | None = None
    due_timezone: str | None = None
    product: str | None = None
    version: int | None = None
    actor_role: str = "creditor"
    parties: tuple[str, ...] = ()
    state: ObligationState = ObligationState.OPEN
    reason: str | None = None
    closed_at: datetime | None = None
    closed_version: int | None = None
    closed_by: str | None = None
    reopens_from: date | None = None
    as_of: datetime | None = None
    terms_at: datetime | None = None
    pending_payments: dict[str, datetime] = {}
    past_payments: dict[str, datetime] = {}
    agreement_id: str | None = None
    agreed_at: datetime | None = None
    holds: tuple[Hold, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def key(self) -> ObligationKey:
        """Tenant, kind and id."""
        return self.tenant, self.kind, self.id

    @property
    def pending(self) -> bool:
        """Whether a payment is under way."""
        return bool(self.pending_payments)


class Reserved(msgspec.Struct, frozen=True):
    """A contact made or under way, by its dispatch; it counts for every cap from `at` on."""

    tenant: str
    customer: str
    dispatch_id: str
    contact: Contact
