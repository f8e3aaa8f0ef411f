"""Facts of the messenger: what was sent, what came of it, what the customer did."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from schemas.commands import AgreementRef, Count, PackRef, Place, Positions
from schemas.common import (
    ActorRole,
    Channel,
    Identifier,
    Instant,
    LocaleTag,
    Purpose,
    Text,
    Tone,
    Typed,
)

Joined = Annotated[
    tuple[Text, ...],
    Field(description="Ids of further steps that the same message is about."),
]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32,128}$")]


class MessageIntended(Typed):
    """The messenger is about to send: what the last check rested on.

    Written in the transaction of that check, before a provider hears of the message.
    """

    TYPE: ClassVar[str] = "message.intended"

    message_id: Text = Field(description="Id of the message.")
    step_id: Text = Field(description="Id of the step.")
    dispatch_id: Text = Field(description="Id of the dispatch.")
    enrolment_id: Text = Field(description="Id of the enrolment.")
    checked_at: Instant = Field(description="When the last check was made.")
    applied_through: Positions = Field(description="What the messenger had applied by then.")
    log_age_seconds: float = Field(ge=0, description="Real seconds behind the log by then.")
    purpose: Purpose = Field(description="Purpose of the contact.")
    channel: Channel = Field(description="Channel.")
    obligation_ids: tuple[str, ...] = Field(description="What it is about.")
    playbook: Text = Field(description="Name of the playbook.")
    playbook_version: int = Field(description="Its version.")
    step: Text = Field(description="Name of the step.")
    template: Text = Field(description="Name of the template.")
    segment: Text = Field(description="Segment.")
    tone: Tone = Field(description="Tone of the wording.")
    variant: Text = Field(description="Wording that was chosen.")
    locale: LocaleTag = Field(description="Language that was used, BCP 47.")
    zones: tuple[str, ...] = Field(description="IANA zones in which the customer may be.")
    place: Place = Field(description="Where the customer is.")
    packs: tuple[PackRef, ...] = Field(description="Policy packs that were in force.")
    counts: tuple[Count, ...] = Field(description="What the caps had counted.")
    disclosures: tuple[str, ...] = Field(description="Names of the disclosures it carries.")
    withheld: tuple[Literal["subject", "body"], ...] | None = Field(
        default=None,
        description="Where it tells of no debt, since it is not sure who reads; the subject stands "
        "for sender and preview, too. Absent: before this was told.",
    )
    confirmed: Literal["right_party", "source"] | None = Field(
        default=None,
        description="How the address is known to be the customer's: by contact.right_party, or "
        "the customer gave it and it was verified. Absent: it is not known.",
    )
    roles: tuple[ActorRole, ...] = Field(
        default=(), description="Who speaks in it: creditor, collector or both."
    )
    one_click: bool = Field(description="It carries an RFC 8058 one-click unsubscribe.")
    content_sha256: Hash = Field(description="SHA-256 of the rendered message, hex.")
    address_hash: Hash = Field(description="Keyed hash of the address, hex.")
    portal: bool = Field(description="It carries a link to the negotiator's portal.")
    choices: tuple[Text, ...] = Field(
        default=(), description="Names of the one-tap answers that it offers."
    )
    answers: Text | None = Field(
        default=None,
        description="Id of the hand-off in whose talk it is an answer: that one does not silence "
        "it; absent: it answers nothing.",
    )
    joined: Joined = ()
    wording: Text | None = Field(
        default=None,
        description="What tells these words from any other, hex; absent: there was no choice.",
    )
    propensity: float | None = Field(
        default=None, gt=0, le=1, description="Probability with which the variant was chosen."
    )
    variants: dict[str, float] = Field(
        default={},
        description="Every variant that could have been chosen, with its probability.",
    )
    segments: int | None = Field(
        default=None, ge=1, description="SMS that a short text is sent in; absent for a mail."
    )
    agreement: AgreementRef | None = Field(
        default=None, description="What of an agreement it is about; null: of none."
    )


class MessageSent(Typed):
    """A provider took the message."""

    TYPE: ClassVar[str] = "message.sent"

    message_id: Text = Field(description="Id of the message.")
    dispatch_id: Text = Field(description="Id of the dispatch.")
    step_id: Text = Field(description="Id of the step.")
    provider: Text = Field(description="Name of the provider.")
    provider_reference: str = Field(max_length=998, description="Its reference: the Message-ID.")
    joined: Joined = ()


class MessageFailed(Typed):
    """A provider did not take the message."""

    TYPE: ClassVar[str] = "message.failed"

    message_id: Text | None = Field(default=None, description="Id of the message, if intended.")
    dispatch_id: Text = Field(description="Id of the dispatch.")
    step_id: Text = Field(description="Id of the step.")
    reason: Text = Field(description="Why.")
    status: Text | None = Field(default=None, description="SMTP reply code or RFC 3463 status.")
    retryable: bool = Field(description="Whether another attempt may do better.")
    channel: Channel | None = Field(default=None, description="Channel.")
    dead_address: bool = Field(default=False, description="Nobody is reached there any more.")
    joined: Joined = ()


class MessageRefused(Typed):
    """The last check forbade the message."""

    TYPE: ClassVar[str] = "message.refused"

    dispatch_id: Text = Field(description="Id of the dispatch.")
    step_id: Text = Field(description="Id of the step.")
    reason: Text = Field(description="Why.")
    rule: Text = Field(description="Name of the rule.")
    rule_version: int = Field(description="Version of the rule's pack or playbook.")
    retryable: bool = Field(description="Whether a later attempt may be allowed.")
    not_before: Instant | None = Field(default=None, description="When it may be allowed.")
    channel: Channel | None = Field(default=None, description="Channel that was ordered.")
    joined: Joined = ()


class MessageLeftOut(Typed):
    """The last check took one step out of a message about several; the others go on.

    Of one that is left, or of all, `message.refused` tells.
    """

    TYPE: ClassVar[str] = "message.left_out"

    dispatch_id: Text = Field(description="Id of the dispatch.")
    step_id: Text = Field(description="Id of the step that is left out.")
    obligation_id: Identifier = Field(description="What it was about.")
    reason: Text = Field(description="Why.")
    rule: Text = Field(description="Name of the rule.")
    rule_version: int = Field(description="Version of the rule's pack or playbook.")
    retryable: bool = Field(description="Whether a later attempt may be allowed.")
    not_before: Instant | None = Field(default=None, description="When it may be allowed.")


class MessageUnknown(Typed):
    """A crash or time-out hid whether the provider took it; it is not sent again."""

    TYPE: ClassVar[str] = "message.unknown"

    message_id: Text = Field(description="Id of the message.")
    dispatch_id: Text = Field(description="Id of the dispatch.")
    step_id: Text = Field(description="Id of the step.")
    reason: Text = Field(description="Why it is not known.")
    joined: Joined = ()


class _AboutMessage(Typed):
    message_id: Text = Field(description="Id of the message.")


class _AboutSteps(_AboutMessage):
    step_id: Text | None = Field(
        default=None, description="Id of the step; absent: it is not sure which message it was."
    )
    joined: Joined = ()


class MessageDelivered(_AboutMessage):
    """The message reached the customer's mailbox."""

    TYPE: ClassVar[str] = "message.delivered"


class MessageBounced(_AboutMessage):
    """The message came back."""

    TYPE: ClassVar[str] = "message.bounced"

    kind: Literal["hard", "soft", "block"] = Field(
        description="hard: no such address; soft: not now; block: the sender is refused."
    )
    status: Text | None = Field(default=None, description="RFC 3463 status.")
    channel: Channel | None = Field(default=None, description="Channel.")
    step_id: Text | None = Field(default=None, description="Id of the step.")
    joined: Joined = ()


class MessageComplained(_AboutMessage):
    """The customer reported the message as unwanted."""

    TYPE: ClassVar[str] = "message.complained"


class MessageOpened(_AboutMessage):
    """The message's pixel was fetched."""

    TYPE: ClassVar[str] = "message.opened"

    machine: bool = Field(description="By a proxy or scanner rather than a person.")


class MessageClicked(_AboutSteps):
    """A link of the message was followed."""

    TYPE: ClassVar[str] = "message.clicked"

    link: Text = Field(description="Name of the link.")
    machine: bool = Field(description="By a scanner rather than a person.")
    corrects: bool = Field(
        default=False, description="It was told as a person's before, and was a scanner's."
    )


class MessageReplied(_AboutSteps):
    """The customer answered the message."""

    TYPE: ClassVar[str] = "message.replied"

    intent: Text = Field(description="What the answer means, as a code.")
    also: tuple[Text, ...] = Field(default=(), description="What else it means, as codes.")
    quiet_until: Instant | None = Field(
        default=None,
        description="Until when nothing is said about its obligations: the customer says that "
        "they are paid, and the publisher is asked.",
    )


class ReplyAnswered(_AboutMessage):
    """One text says that a stop was heard, or how to get help, and is handed over once.

    It is no contact: the customer wrote first.
    """

    TYPE: ClassVar[str] = "reply.answered"

    what: Literal["stop", "help"] = Field(description="What the customer's text asked for.")
    channel: Channel = Field(description="Channel of both texts.")


class ChoiceMade(_AboutMessage):
    """The customer tapped one of the answers that a message offers; the first one counts."""

    TYPE: ClassVar[str] = "choice.made"

    enrolment_id: Text = Field(description="Id of the enrolment.")
    choice: Text = Field(description="Name of the choice within the playbook.")
    does: Literal["person", "request", "steps", "stop"] = Field(description="What follows.")
    request: Text | None = Field(default=None, description="Kind of request, where it asks.")
    obligation_id: str | None = Field(default=None, description="What it is about.")
    playbook: Text = Field(description="Name of the playbook.")
    locale: LocaleTag = Field(description="Language in which it was offered, BCP 47.")
    product: Text | None = Field(default=None, description="Product's name.")
    seniority: Text | None = Field(
        default=None, description="Who may take over, where a person does."
    )


class ContactUnsubscribed(Typed):
    """The customer opted out."""

    TYPE: ClassVar[str] = "contact.unsubscribed"

    channel: Channel | Literal["*"] = Field(description="Channel; * is every one.")
    purpose: Purpose | Literal["*"] = Field(description="Purpose; * is every one.")
    via: Literal["one_click", "page", "reply"] = Field(description="How.")
    message_id: Text | None = Field(default=None, description="The message it answered.")


class ContactSuppressed(Typed):
    """An operator brought a suppression: from another system, or on somebody's word."""

    TYPE: ClassVar[str] = "contact.suppressed"

    scope: Literal["customer", "address", "tenant"] = Field(
        description="Whom it is about. Of an address: whoever has it; of a tenant: all."
    )
    address_hash: Text | None = Field(default=None, description="Keyed hash, for an address.")
    channel: Channel | Literal["*"] = Field(description="Channel; * is every one.")
    purpose: Purpose | Literal["*"] = Field(description="Purpose; * is every one.")
    reason: Text = Field(description="Why, as a code.")
    by: Text = Field(description="Name of the token that brought it.")
    expires_at: Instant | None = Field(default=None, description="When it ends by itself.")


class ContactRightParty(Typed):
    """It became known whether an address belongs to the customer."""

    TYPE: ClassVar[str] = "contact.right_party"

    confirmed: bool = Field(description="Whether it does.")
    channel: Channel = Field(description="Channel of the address.")
    via: Text = Field(description="How it became known, as a code.")
    message_id: Text | None = Field(
        default=None, description="The message whose address it is, where it is one message's."
    )


class ContactPreferenceChanged(Typed):
    """The customer changed how they want to be contacted."""

    TYPE: ClassVar[str] = "contact.preference_changed"

    changes: dict[str, Any] = Field(description="New values by preference; codes only.")


class FeedbackGiven(Typed):
    """The customer said whether a message helped."""

    TYPE: ClassVar[str] = "feedback.given"

    message_id: Text = Field(description="Id of the message.")
    helpful: bool = Field(description="Whether it helped.")


class _AboutVariant(Typed):
    """One of several wordings of a template."""

    playbook: Text = Field(description="Name of the playbook.")
    template: Text = Field(description="Name of the template.")
    tone: Tone = Field(description="Tone of the wording.")
    variant: Text = Field(description="Its name, as message.intended carries it.")
    wording: Text = Field(description="What tells its words from any other, hex.")
    sent: int = Field(ge=0, description="Messages with it so far.")
    harmed: int = Field(ge=0, description="Of these, complained of or answered by an opt-out.")
    by: Text = Field(description="guard: the messenger itself; else the operator's name.")


class VariantWithdrawn(_AboutVariant):
    """A wording is not used any more: it brought credibly more complaints and opt-outs."""

    TYPE: ClassVar[str] = "variant.withdrawn"

    others_sent: int = Field(ge=0, description="Messages with the other wordings that stood.")
    others_harmed: int = Field(ge=0, description="Of these, complained of or opted out.")
    chance: float = Field(
        ge=0, le=1, description="How sure it is that it does more harm than the others."
    )


class VariantRestored(_AboutVariant):
    """An operator brought a wording back; harm counts anew from here."""

    TYPE: ClassVar[str] = "variant.restored"


FACTS: tuple[type[Typed], ...] = (
    MessageIntended,
    MessageSent,
    MessageFailed,
    MessageRefused,
    MessageLeftOut,
    MessageUnknown,
    MessageDelivered,
    MessageBounced,
    MessageComplained,
    MessageOpened,
    MessageClicked,
    MessageReplied,
    ReplyAnswered,
    ChoiceMade,
    ContactUnsubscribed,
    ContactSuppressed,
    ContactRightParty,
    ContactPreferenceChanged,
    FeedbackGiven,
    VariantWithdrawn,
    VariantRestored,
)
