"""The messenger's tables. Names, addresses, mails and replies rest here and nowhere else."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Column, LargeBinary, Text
from sqlmodel import Field

from services.messenger.columns import Table, document, instant


class CustomerRow(Table, table=True):
    """The addressee; the row's lock is the lock of all that concerns the customer.

    phone: digits after a plus (E.164). webhook: a URL, or who they are at the chat's provider.
    consents: by `channel/purpose`: {status, at, expires_at}. holds: by `kind/obligation_id`:
    {at, until, lifted_at, freed_at}. Instants as RFC 3339 text. handoffs: open ones, by id:
    {reason, obligation_id}.
    wishes: max_a_week, hours, language, by; what the customer asked for on the page.
    placed: whether an event has told of the place, be it that none is known.
    links_end: those of messages up to this instant lead nowhere: someone else reads them.
    merged_into: the id that stands for this one since merged_at.
    erased_at: what was said and sent until then is forgotten.
    confirmed: hash of the address that the customer is known to read. vouched, vouched_phone: the
    e-mail address and number, in normal form, that they gave themselves and that were verified.
    """

    __tablename__ = "customer"

    tenant: str = Field(primary_key=True)
    customer: str = Field(primary_key=True)
    email: str | None = None
    phone: str | None = None
    webhook: str | None = None
    name: str | None = None
    locale: str | None = None
    timezone: str | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    placed: bool = False
    merged_into: str | None = None
    merged_at: datetime | None = instant(nullable=True)
    links_end: datetime | None = instant(nullable=True)
    erased_at: datetime | None = instant(nullable=True)
    confirmed: str | None = None
    vouched: str | None = None
    vouched_phone: str | None = None
    consents: dict[str, dict[str, Any]] = document()
    holds: dict[str, dict[str, Any]] = document()
    handoffs: dict[str, dict[str, str | None]] = document()
    wishes: dict[str, Any] = document()


class ObligationRow(Table, table=True):
    """One obligation of a tenant; several customers may be party to it.

    holds: those about it by kind, like a customer's. notices: kinds that the publisher has sent.
    paying: payments under way by id, each since when. closed_at, closed_version, reopens_from: as
    `model.Obligation` has them.
    """

    __tablename__ = "obligation"

    tenant: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    obligation_id: str = Field(primary_key=True)
    state: str = "open"
    amount_minor: int | None = Field(default=None, sa_type=BigInteger)
    version: int | None = Field(default=None, sa_type=BigInteger)
    changed_at: datetime | None = instant(nullable=True)
    agreed: bool = False
    holds: dict[str, dict[str, Any]] = document()
    notices: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    kept: int = 0
    paying: dict[str, str] = document()
    closed_at: datetime | None = instant(nullable=True)
    closed_version: int | None = Field(default=None, sa_type=BigInteger)
    reopens_from: date | None = None


class SuppressionRow(Table, table=True):
    """A purpose, channel or address not to be used; `*` is all. Wins over any consent.

    customer: empty where it is an address, whoever has it, or the whole tenant's. source: who
    brought it; empty: the messenger itself.

    address_hash: empty unless it is the address that must not be used, whoever has it.
    """

    __tablename__ = "suppression"

    tenant: str = Field(primary_key=True)
    customer: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    purpose: str = Field(primary_key=True)
    reason: str = Field(primary_key=True)
    address_hash: str = Field(default="", primary_key=True)
    source: str = ""
    at: datetime = instant()
    expires_at: datetime | None = instant(nullable=True)


class LaneRow(Table, table=True):
    """How far a lane of the log is read.

    fresh_at: real time at which the newest heartbeat applied was written. announced: positions of
    customer events that the log has told of, by `topic/partition`.
    """

    __tablename__ = "lane"

    lane: int = Field(primary_key=True)
    fresh_at: datetime | None = instant(nullable=True)
    announced: dict[str, int] = document()


class DispatchRow(Table, table=True):
    """One order to send; `event` is the whole event, `state` a `model.DispatchState`."""

    __tablename__ = "dispatch"

    tenant: str = Field(primary_key=True)
    dispatch_id: str = Field(primary_key=True)
    customer: str
    step_id: str
    lane: int
    state: str
    channel: str
    event: dict[str, Any] = document()


class MessageRow(Table, table=True):
    """One message: what was decided, the exact bytes, and how it ended.

    joined: steps that the message is about besides. epoch: of the lane, when the intent was
    recorded. links: target by name. choices: `model.Choice` by name. cause: what facts that follow
    carry on of the fact of its intent. checked_at, ended_at: business time.
    """

    __tablename__ = "message"

    tenant: str = Field(primary_key=True)
    customer: str = Field(primary_key=True)
    message_id: str = Field(primary_key=True)
    dispatch_id: str
    step_id: str
    joined: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    enrolment_id: str
    state: str
    lane: int
    epoch: int = Field(sa_type=BigInteger)
    purpose: str
    channel: str
    locale: str
    obligation_ids: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    playbook: str
    template: str
    variant: str
    address_hash: str
    content_sha256: str
    copy_: bytes = Field(sa_column=Column("copy", LargeBinary, nullable=False))
    links: dict[str, str] = document()
    choices: dict[str, dict[str, Any]] = document()
    cause: dict[str, Any] = document()
    checked_at: datetime = instant()
    ended_at: datetime | None = instant(nullable=True)
    provider: str | None = None
    reason: str | None = None


class ShortLinkRow(Table, table=True):
    """A link of a message by a random name, for where a token is too long.

    kind: a `links.LinkKind`. link: which of the message's, where it has several.
    """

    __tablename__ = "short_link"

    name: str = Field(primary_key=True)
    tenant: str
    customer: str
    message_id: str
    kind: str
    link: str | None = None
    expires_at: datetime = instant()


class PeopleContactRow(Table, table=True):
    """A contact that the publisher's own people made, as their event told of it."""

    __tablename__ = "people_contact"

    tenant: str = Field(primary_key=True)
    customer: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    event_id: str = Field(primary_key=True)
    at: datetime = instant()
    channel: str
    outcome: str
    obligation_id: str | None = None


class ChoiceRow(Table, table=True):
    """The answer by one tap that counts for an enrolment; label: in the words it was offered."""

    __tablename__ = "choice"

    tenant: str = Field(primary_key=True)
    customer: str = Field(primary_key=True)
    enrolment_id: str = Field(primary_key=True)
    choice: str
    label: str
    message_id: str
    at: datetime = instant()


class InboundRow(Table, table=True):
    """One mail or text that came in. inbound_id: of its bytes and recipients, or of the provider's
    id, so that it counts once. source: a text's is its channel.

    answered: by the provider itself. state: pending, done, failed (for a person). content: its
    bytes, until it is done. reason: why it failed, or was passed over. message_id: what it answers,
    once known.
    """

    __tablename__ = "inbound"

    inbound_id: str = Field(primary_key=True)
    received_at: datetime = instant()
    source: str
    sender: str
    recipients: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    size: int
    state: str
    kind: str | None = None
    reason: str | None = None
    tenant: str | None = None
    customer: str | None = None
    message_id: str | None = None
    ended_at: datetime | None = instant(nullable=True)
    answered: bool = False


class BounceRow(Table, table=True):
    """A message that came back from an address; soft ones count together."""

    __tablename__ = "bounce"

    tenant: str = Field(primary_key=True)
    address_hash: str = Field(primary_key=True)
    message_id: str = Field(primary_key=True)
    at: datetime = instant()


class ReplyRow(Table, table=True):
    """What a person answered, word for word; it never leaves this table.

    via: mail, http, portal, or the channel of a text. also: what else was heard. attachments: how
    many came with it; none is kept.
    """

    __tablename__ = "reply"

    tenant: str = Field(primary_key=True)
    customer: str = Field(primary_key=True)
    reply_id: str = Field(primary_key=True)
    message_id: str
    words: str
    intent: str
    also: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    via: str
    attachments: int = 0
    at: datetime = instant()


class SendingRow(Table, table=True):
    """Whether a scope of sending is stopped, by the highest revision heard.

    of_tenant, name: empty where the scope has none.
    """

    __tablename__ = "sending"

    scope: str = Field(primary_key=True)
    of_tenant: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    stopped: bool
    revision: int = Field(sa_type=BigInteger)
