"""What the segmenter orders of the scheduler, and the scheduler of the messenger.

Both are self-contained: they carry the playbook's name and version and the resolved steps, so
an edited playbook never changes an enrolment in flight. They hold no personal data.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, WrapValidator

from schemas.common import (
    PLAIN,
    ActorRole,
    Channel,
    Contract,
    Country,
    Currency,
    CustomerId,
    Duration,
    Identifier,
    Instant,
    LocalDate,
    LocaleTag,
    LocalTime,
    Money,
    ObligationKind,
    Purpose,
    Region,
    Text,
    Timezone,
    Tone,
    Typed,
)
from schemas.repeated import Once

Positions = dict[str, int]
"""What had been read, by `topic/partition`: offset of the last record seen, inclusive."""

ContextValue = str | bool | int | tuple[str, ...]

TemplateName = Annotated[str, StringConstraints(max_length=200, pattern=PLAIN)]


class ObligationTerms(Contract):
    """What the outreach is about, as it stood when the command was given."""

    obligation_id: Identifier = Field(description="The publisher's id of it.")
    kind: ObligationKind = Field(description="Bill, subscription, application or benefit.")
    creditor: Text | None = Field(default=None, description="Creditor's name.")
    amount_minor: Money | None = Field(default=None, description="Asked now, in minor units.")
    balance_minor: Money | None = Field(default=None, description="Whole debt, in minor units.")
    currency: Currency | None = Field(default=None, description="ISO 4217 code.")
    due_date: LocalDate | None = Field(
        default=None, description="Local date: due date, last day or end of validity."
    )
    due_timezone: Timezone | None = Field(default=None, description="IANA zone of the due date.")
    product: Text | None = Field(default=None, description="Product's name.")
    version: int | None = Field(default=None, description="The publisher's version.")
    actor_role: ActorRole = Field(default="creditor", description="Who acts.")
    parties: tuple[CustomerId, ...] = Field(
        default=(), description="All who answer for it, the subject included."
    )


class Place(Contract):
    """Evidence of where the customer is; null where nothing is known."""

    timezone: Timezone | None = Field(default=None, description="IANA zone.")
    country: Country | None = Field(default=None, description="ISO 3166-1 alpha-2.")
    region: Region | None = Field(default=None, description="ISO 3166-2.")
    city: Text | None = Field(default=None, description="City.")
    phone_country: Country | None = Field(
        default=None, description="Country by the phone number's prefix, ISO 3166-1 alpha-2."
    )
    phone_zones: tuple[str, ...] = Field(
        default=(), description="IANA zones that the phone number's prefix is used in."
    )
    postal_areas: tuple[Text, ...] = Field(
        default=(), description="Policy packs in whose area the postal code may lie."
    )


class Instalment(Contract):
    """One payment of a plan."""

    due_date: LocalDate = Field(description="Local date on which it is due.")
    amount_minor: Money = Field(description="Amount in minor units.")


class AgreementTerms(Contract):
    """The agreement that an enrolment cares for."""

    agreement_id: Text = Field(description="Id of the agreement.")
    instalments: tuple[Instalment, ...] = Field(description="When and how much.")


class AgreementRef(Contract):
    """What of an agreement a message is about."""

    agreement_id: Text = Field(description="Id of the agreement.")
    instalment: int | None = Field(
        default=None,
        ge=1,
        description="Number of the instalment that it reminds of, from 1; null: it thanks for the "
        "whole, which is paid.",
    )


class PlannedStep(Contract):
    """One contact that the playbook foresees, or the moment at which a person takes over."""

    name: Text = Field(description="Name within the playbook.")
    by: Literal["machine", "person"] = Field(
        default="machine", description="person: nothing is sent, a person is asked to see to it."
    )
    anchor: Literal["due", "trigger", "choice", "broken", "instalment", "completed"] = Field(
        description="What `days` counts from; broken: the instant of a promise that was not kept, "
        "and only then the step is planned; completed: the same of one that was kept to its end; "
        "instalment: the due date of each instalment, the step being planned once for each."
    )
    choice: Text | None = Field(
        default=None, description="With anchor choice: the choice that plans it."
    )
    days: int = Field(description="Days after the anchor; negative: before.")
    at: LocalTime | None = Field(
        default=None, description="Local time HH:MM; null: first permitted instant."
    )
    valid_for: Duration = Field(description="ISO 8601 duration after which it is skipped.")
    template: TemplateName = Field(description="Name of its template; empty for a person's step.")
    channel: Channel = Field(description="Channel.")
    channels: tuple[Channel, ...] = Field(
        default=(),
        description="The channels by which it may go, in the order in which they are tried; empty "
        "where there is one only.",
    )
    seniority: Text | None = Field(
        default=None, description="Of a person's step: who may take it, such as senior."
    )
    own_hour: bool = Field(
        default=False,
        description="It may move within its day to the hour at which the customer answers.",
    )


class ChoiceTerms(Contract):
    """A one-tap answer that the playbook's mails may offer."""

    name: Text = Field(description="Name within the playbook.")
    does: Literal["person", "request", "steps", "stop"] = Field(
        description="What follows: a person takes over, the publisher is asked, steps are "
        "planned, or the enrolment ends."
    )
    request: Text | None = Field(default=None, description="Kind of request, where it asks.")
    keep: tuple[Text, ...] = Field(
        default=(), description="Names of steps that stay planned all the same."
    )
    seniority: Text | None = Field(
        default=None, description="Who may take over, where a person does."
    )


class ExitRule(Contract):
    """What ends the enrolment before its last step."""

    on: Text = Field(description="Event or fact type.")
    when: str | None = Field(default=None, max_length=2000, description="CEL condition; null: any.")
    reason: Text = Field(description="Reason that the facts give.")
    keep: tuple[Text, ...] = Field(
        default=(), description="Names of steps that stay planned all the same."
    )


class OfferAuthority(Contract):
    """Limits within which terms may be offered without a person."""

    name: Text = Field(description="Name of the authority.")
    version: int = Field(description="Its version.")
    max_discount_bp: int = Field(ge=0, le=10_000, description="Largest discount, basis points.")
    max_instalments: int = Field(ge=1, description="Most instalments.")
    min_instalment_minor: Money = Field(description="Least instalment, in minor units.")
    max_days: int = Field(ge=0, description="Days to the last instalment, at most.")
    offer_valid_hours: int = Field(ge=1, description="Hours until an offer expires.")
    funded_by: Literal["creditor", "commission"] = Field(description="Who pays a discount.")


class Trigger(Contract):
    """The customer event, or the agreement, that started it."""

    event_type: Text = Field(description="Its type.")
    event_id: Text = Field(description="Its id.")
    event_source: Annotated[str, Field(max_length=512)] = Field(description="Its source.")
    event_time: Instant = Field(description="When it happened.")


class PackRef(Contract):
    """A policy pack that was in force for a decision."""

    name: Text = Field(description="Name of the pack.")
    version: int = Field(description="Its version.")


class Count(Contract):
    """What a frequency cap had counted when the decision was made."""

    rule: Text = Field(description="Name of the rule in its pack.")
    limit: int = Field(ge=0, description="Most that the rule allows within the window.")
    window_hours: int = Field(ge=1, description="Length of the window in hours; 7 days are 168.")
    count: int = Field(ge=0, description="Contacts within the window before this one.")
    unit: Text = Field(default="contact", description="What it counts: contact or attempt.")
    scope: Text = Field(
        default="customer", description="By what: customer, obligation, account or number."
    )
    calendar: Text | None = Field(
        default=None,
        description="day, week or month where the window is the local calendar's; null: rolling.",
    )


class OutreachRequested(Typed):
    """The segmenter orders a playbook for a customer."""

    TYPE: ClassVar[str] = "outreach.requested"

    playbook: Text = Field(description="Name of the playbook.")
    playbook_version: int = Field(ge=1, description="Its version.")
    purpose: Purpose = Field(description="Purpose of the contact.")
    obligation: ObligationTerms = Field(description="What it is about.")
    segment: Text = Field(description="Segment that the customer fell into.")
    tone: Tone = Field(description="Tone of the wording.")
    steps: Annotated[tuple[PlannedStep, ...], WrapValidator(Once())] = Field(
        description="Contacts foreseen, in order."
    )
    exits: Annotated[tuple[ExitRule, ...], WrapValidator(Once())] = Field(
        default=(), description="What ends it."
    )
    choices: Annotated[tuple[ChoiceTerms, ...], WrapValidator(Once())] = Field(
        default=(), description="One-tap answers that its mails may offer."
    )
    offers: OfferAuthority | None = Field(default=None, description="Authority for terms.")
    reentry: Literal["never", "after_end"] | Duration = Field(
        default="never",
        description="When a new trigger about the same due date may begin it again: never, after "
        "its end, or so long after it.",
    )
    consolidate: bool = Field(
        default=False, description="Whether it goes out together with others of this playbook."
    )
    locale: LocaleTag | None = Field(default=None, description="Customer's language, BCP 47.")
    place: Place = Field(description="Where the customer is.")
    context: dict[str, ContextValue] = Field(
        default_factory=dict, description="Non-personal inputs of the templates."
    )
    agreement: AgreementTerms | None = Field(
        default=None, description="The agreement that it cares for; null: none."
    )
    answers: Text | None = Field(
        default=None,
        description="Id of the hand-off in whose talk it is an answer: that one does not silence "
        "it; absent: it answers nothing.",
    )
    trigger: Trigger = Field(description="The customer event that started it.")
    after: Positions = Field(description="What the segmenter had read.")
    defaults_used: tuple[str, ...] = Field(
        default=(), description="Fields for which the careful default was taken."
    )


class DispatchPart(Contract):
    """One of several steps that go out in one message: what it would say alone."""

    step_id: Text = Field(description="Id of the step.")
    enrolment_id: Text = Field(description="Id of its enrolment.")
    step: Text = Field(description="Name of the step.")
    template: Text = Field(description="Its template, where only this one is left.")
    obligation_id: Identifier = Field(description="What it is about, among `obligations`.")
    context: dict[str, ContextValue] = Field(
        default_factory=dict, description="Non-personal inputs of its template."
    )
    not_after: Instant = Field(description="When it is too late for this one.")


class DispatchOrdered(Typed):
    """The scheduler orders one step to be sent now, or several in one message."""

    TYPE: ClassVar[str] = "outreach.dispatch_ordered"

    dispatch_id: Text = Field(description="Id of this order.")
    step_id: Text = Field(description="Id of the step.")
    enrolment_id: Text = Field(description="Id of the enrolment.")
    attempt: int = Field(ge=1, description="Number of the attempt, from 1.")
    playbook: Text = Field(description="Name of the playbook.")
    playbook_version: int = Field(ge=1, description="Its version.")
    step: Text = Field(description="Name of the step.")
    template: Text = Field(description="Name of the template: `several` where there are parts.")
    segment: Text = Field(description="Segment.")
    tone: Tone = Field(description="Tone of the wording.")
    purpose: Purpose = Field(description="Purpose of the contact.")
    channel: Channel = Field(description="Channel.")
    obligations: tuple[ObligationTerms, ...] = Field(description="What it is about.")
    context: dict[str, ContextValue] = Field(
        default_factory=dict, description="Non-personal inputs of the template."
    )
    locale: LocaleTag | None = Field(default=None, description="Customer's language, BCP 47.")
    place: Place = Field(description="Where the customer is.")
    zones: tuple[str, ...] = Field(description="IANA zones in which the customer may be.")
    decided_at: Instant = Field(description="When the scheduler decided.")
    not_after: Instant = Field(description="When it is too late to send.")
    packs: tuple[PackRef, ...] = Field(description="Policy packs that were in force.")
    counts: tuple[Count, ...] = Field(description="What the caps had counted.")
    offers: OfferAuthority | None = Field(default=None, description="Authority for terms.")
    choices: tuple[ChoiceTerms, ...] = Field(
        default=(), description="One-tap answers that the message may offer; none once one is made."
    )
    after: Positions = Field(description="What the scheduler had read.")
    agreement: AgreementRef | None = Field(
        default=None, description="What of an agreement it is about; null: of none."
    )
    answers: Text | None = Field(
        default=None,
        description="Id of the hand-off in whose talk it is an answer: that one does not silence "
        "it; absent: it answers nothing.",
    )
    parts: tuple[DispatchPart, ...] = Field(
        default=(),
        description="The steps of a message about several obligations, the one named above "
        "first; empty where there is one only.",
    )


COMMANDS: tuple[type[Typed], ...] = (OutreachRequested,)
DISPATCHES: tuple[type[Typed], ...] = (DispatchOrdered,)
