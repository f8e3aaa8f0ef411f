"""Facts of the scheduler: enrolments and their steps."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.commands import Count, ObligationTerms, OfferAuthority, PackRef
from schemas.common import (
    Channel,
    Contract,
    HoldKind,
    Identifier,
    Instant,
    LocaleTag,
    Purpose,
    Text,
    Tone,
    Typed,
)

Hour = Annotated[int, Field(ge=0, le=23)]


class OutreachEnrolled(Typed):
    """A customer entered a playbook about one obligation."""

    TYPE: ClassVar[str] = "outreach.enrolled"

    enrolment_id: Text = Field(description="Id of the enrolment.")
    command_id: Text = Field(description="Id of the command that asked for it.")
    playbook: Text = Field(description="Name of the playbook.")
    playbook_version: int = Field(description="Its version, pinned.")
    segment: Text = Field(description="Segment.")
    tone: Tone = Field(description="Tone of the wording.")
    purpose: Purpose = Field(description="Purpose of the contact.")
    obligation: ObligationTerms = Field(description="What it is about.")
    offers: OfferAuthority | None = Field(default=None, description="Authority for terms.")
    trigger_event_id: str = Field(description="Id of the customer event that started it.")
    continues: Text | None = Field(
        default=None,
        description="Id of the enrolment whose place it takes, since what ended that one is "
        "undone, or the customer goes by another id.",
    )
    reentry: Text | None = Field(
        default=None,
        description="When a new trigger about the same matter and due date may begin it again "
        "after an end: never, after_end, or an ISO 8601 duration after the end.",
    )


class HourChosen(Contract):
    """The hour of its day at which a step goes out, local to the customer, and how it was chosen.

    A customer is always of the same arm: the chosen hour is used in `learned`, not in `control`.
    """

    usual: Hour = Field(description="The hour by the playbook and the rules alone.")
    wanted: Hour = Field(
        description="Of the hours that every rule permits that day, the one at which an answer is "
        "likeliest."
    )
    by: Literal["own", "segment", "general", "usual"] = Field(
        description="Whose answers say so: the customer's own, the segment's, the tenant's; "
        "usual: too few are known."
    )
    arm: Literal["learned", "control"] = Field(
        description="learned: it is due at the wanted hour; control: at the usual one."
    )
    propensity: float = Field(gt=0, le=1, description="Share of the customers in this arm.")


class OutreachStepPlanned(Typed):
    """A step has an instant at which it is due."""

    TYPE: ClassVar[str] = "outreach.step_planned"

    step_id: Text = Field(description="Id of the step.")
    enrolment_id: Text = Field(description="Id of the enrolment.")
    step: Text = Field(description="Name of the step.")
    due_at: Instant = Field(description="When it is due.")
    zones: tuple[str, ...] = Field(description="IANA zones in which the customer may be.")
    instead_of: Text | None = Field(
        default=None,
        description="Id of the step whose message did not reach the customer, and whose place this "
        "one takes by another channel.",
    )
    channel: Channel | None = Field(default=None, description="With instead_of: that channel.")
    hour: HourChosen | None = Field(
        default=None,
        description="How its hour was chosen; absent: by the playbook and the rules alone.",
    )


class OutreachStepDeferred(Typed):
    """A step was moved, with the rule that moved it."""

    TYPE: ClassVar[str] = "outreach.step_deferred"

    step_id: Text = Field(description="Id of the step.")
    enrolment_id: Text = Field(description="Id of the enrolment.")
    step: Text = Field(description="Name of the step.")
    due_at: Instant = Field(description="When it was due.")
    to_at: Instant = Field(description="When it is due now.")
    reason: Text = Field(description="Why.")
    rule: Text = Field(description="Name of the rule.")
    rule_version: int = Field(description="Version of the rule's pack or playbook.")


class OutreachStepSuppressed(Typed):
    """A trigger or due step is not contacted, with the rule that forbids it."""

    TYPE: ClassVar[str] = "outreach.step_suppressed"

    step_id: Text | None = Field(default=None, description="Id of the step, if planned.")
    enrolment_id: Text | None = Field(default=None, description="Id of the enrolment, if any.")
    playbook: Text = Field(description="Name of the playbook.")
    step: Text | None = Field(default=None, description="Name of the step.")
    obligation_id: str | None = Field(default=None, description="What it was about.")
    reason: Text = Field(description="Why.")
    rule: Text = Field(description="Name of the rule.")
    rule_version: int = Field(description="Version of the rule's pack or playbook.")
    trigger_event_id: str | None = Field(default=None, description="Id of the trigger event.")


class EventsKnown(Contract):
    """How sure the scheduler was that no customer event, such as a payment, was missing."""

    until: Instant = Field(
        description="Real time: every event that was published before it had been applied."
    )
    age_seconds: float = Field(description="Real seconds since then, when the scheduler decided.")
    limit_seconds: float = Field(
        description="Above so many, nothing is ordered that a payment could settle."
    )


class OutreachDispatched(Typed):
    """A step was ordered to be sent, with what the decision rested on."""

    TYPE: ClassVar[str] = "outreach.dispatched"

    dispatch_id: Text = Field(description="Id of the dispatch.")
    step_id: Text = Field(description="Id of the step.")
    enrolment_id: Text = Field(description="Id of the enrolment.")
    step: Text = Field(description="Name of the step.")
    attempt: int = Field(ge=1, description="Number of the attempt, from 1.")
    decided_at: Instant = Field(description="When the scheduler decided.")
    packs: tuple[PackRef, ...] = Field(description="Policy packs that were in force.")
    counts: tuple[Count, ...] = Field(description="What the caps had counted.")
    zones: tuple[str, ...] = Field(description="IANA zones in which the customer may be.")
    joined: tuple[Text, ...] = Field(
        default=(), description="Ids of further steps that go out in the same message."
    )
    events: EventsKnown | None = Field(
        default=None, description="What was known of customer events; null: nothing yet."
    )


class OutreachStepJoined(Typed):
    """A step goes out in the message of another: one contact about several obligations.

    What becomes of the dispatch becomes of it, unless the message leaves it out.
    """

    TYPE: ClassVar[str] = "outreach.step_joined"

    step_id: Text = Field(description="Id of the step.")
    enrolment_id: Text = Field(description="Id of its enrolment.")
    step: Text = Field(description="Name of the step.")
    attempt: int = Field(ge=1, description="Number of the attempt, from 1.")
    obligation_id: Identifier = Field(description="What it is about.")
    dispatch_id: Text = Field(description="Id of the dispatch that it goes out with.")
    into_step_id: Text = Field(description="Id of the step that the dispatch was ordered for.")
    due_at: Instant = Field(description="When it was due.")


class OutreachPersonDue(Typed):
    """A step's time has come that a person sees to: nothing is sent, somebody is asked."""

    TYPE: ClassVar[str] = "outreach.person_due"

    step_id: Text = Field(description="Id of the step.")
    enrolment_id: Text = Field(description="Id of the enrolment.")
    playbook: Text = Field(description="Name of the playbook.")
    playbook_version: int = Field(description="Its version.")
    obligation_id: str | None = Field(default=None, description="What it is about.")
    reason: Text = Field(description="Name of the step.")
    segment: Text = Field(description="Segment.")
    due_by: Instant = Field(description="Until when the person should have seen to it.")
    locale: LocaleTag | None = Field(default=None, description="Customer's language, BCP 47.")
    tier: Text | None = Field(default=None, description="The publisher's value tier.")
    product: Text | None = Field(default=None, description="Product's name.")
    seniority: Text | None = Field(default=None, description="Who may take it, such as senior.")
    hold: HoldKind | None = Field(
        default=None, description="The hold for which the machine leaves it to a person."
    )
    turn_to: Literal["customer", "attorney", "representative"] = Field(
        default="customer", description="Whom the person turns to."
    )
    rule: Text | None = Field(default=None, description="The rule by which, as pack/rule.")
    rule_version: int | None = Field(default=None, description="Version of the rule's pack.")


class OutreachCancelled(Typed):
    """An enrolment ended before its last step."""

    TYPE: ClassVar[str] = "outreach.cancelled"

    enrolment_id: Text = Field(description="Id of the enrolment.")
    reason: Text = Field(description="Reason of the exit rule.")
    step_ids: tuple[str, ...] = Field(description="Steps that will not be sent.")
    cause_event_id: str | None = Field(default=None, description="Id of the event behind it.")
    reenter: bool | None = Field(
        default=None,
        description="Whether what ended it may pass, so that a new trigger may begin it again.",
    )


class OutreachCompleted(Typed):
    """An enrolment came to its end."""

    TYPE: ClassVar[str] = "outreach.completed"

    enrolment_id: Text = Field(description="Id of the enrolment.")
    reason: Text = Field(description="Why it is complete.")


FACTS: tuple[type[Typed], ...] = (
    OutreachEnrolled,
    OutreachStepPlanned,
    OutreachStepDeferred,
    OutreachStepSuppressed,
    OutreachDispatched,
    OutreachPersonDue,
    OutreachStepJoined,
    OutreachCancelled,
    OutreachCompleted,
)
