"""The playbook: one strategy of outreach, as its author writes it in `playbook.yaml`.

Conditions (`when`) are CEL; `docs/playbooks.md` lists the variables they may use. What a
playbook says in words (its templates) lies beside it in `templates/<locale>.yaml`.
"""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from schemas.common import (
    Channel,
    Currency,
    Duration,
    LocalTime,
    MoneyDue,
    ObligationKind,
    Purpose,
    Tone,
)

Anchor = Literal["due", "trigger", "choice", "broken", "instalment", "completed"]
By = Literal["machine", "person"]
Does = Literal["person", "request", "steps", "stop"]

NAME = r"^[a-z][a-z0-9_-]{0,63}$"
Name = Annotated[str, Field(pattern=NAME)]
CHOICE_NAME = r"^[a-z][a-z_]{0,39}$"
ChoiceName = Annotated[str, Field(pattern=CHOICE_NAME)]
Seniority = Literal["senior"]
Condition = Annotated[str, Field(min_length=1, max_length=2000)]


_CHEAPEST_FIRST: Final[tuple[Channel, ...]] = ("email", "webhook", "sms", "in_app")
"""The last one costs nothing, but waits until the customer comes by."""


def _in_order(given: object) -> object:
    return _CHEAPEST_FIRST if given == "any" else given


def _each_once(channels: tuple[Channel, ...]) -> tuple[Channel, ...]:
    if len(set(channels)) != len(channels):
        raise ValueError("lists the same channel twice")
    return channels


Channels = Annotated[
    tuple[Channel, ...],
    Field(min_length=1),
    BeforeValidator(_in_order, json_schema_input_type=Literal["any"] | list[Channel]),
    AfterValidator(_each_once),
]
"""Channels in the order in which they are tried; written `any`, all of them."""


class _Part(BaseModel):
    """A part of a playbook: unknown keys are faults, for a misspelt key must not be silent."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Trigger(_Part):
    """An event that brings a customer into the playbook."""

    event: str = Field(
        description="Type of a customer event, such as bill.due_soon; or one of the "
        "facts that start something: agreement.made, handoff.answered, handoff.requested."
    )
    when: Condition | None = Field(
        None, description="CEL over the event's fields; absent: every such event."
    )


class Segment(_Part):
    """One kind of customer. Segments are tried in order; the first that holds is the one."""

    name: Name
    when: Condition = Field(description="CEL over the event's fields and the customer.")
    tone: Tone = Field(description="Whose wording this customer reads.")


class Step(_Part):
    """One planned contact; or, `by: person`, the moment at which a person takes over."""

    name: Name
    by: By = Field(
        "machine",
        description="machine: a message from `template`. person: nothing is sent; a person is "
        "asked to see to it, and the step's name is the reason that they read.",
    )
    anchor: Anchor = Field(
        description="Day zero: the obligation's due (or ending) date, the trigger's own day, or "
        "the day on which the customer made the choice named in `choice`, or the instant at which "
        "a promise about the obligation was broken (planned only then, at tone gentle). Of a "
        "playbook that an agreement starts: the due date of each of its instalments (the step is "
        "planned once for each), or the instant at which the last of it was paid."
    )
    choice: ChoiceName | None = Field(
        None, description="With anchor choice: the choice that plans this step; else absent."
    )
    days: int = Field(ge=-366, le=366, description="Days from day zero, local to the customer.")
    at: LocalTime | None = Field(
        None,
        description="Local time HH:MM; absent: the first instant that every rule permits.",
    )
    own_hour: bool = Field(
        False,
        description="Whether it may move, within its day and every rule, to the hour at which this "
        "customer answers; `at` counts until that is known. Not for a person's step.",
    )
    valid_for: Duration = Field(
        description="ISO 8601 duration from the planned instant; later than that it is skipped. "
        "Of a person's step: until when they should have seen to it.",
    )
    template: Name | None = Field(
        None,
        description="Name of a template in templates/<locale>.yaml; absent for a person's step.",
    )
    channels: Channels | None = Field(
        None, description="By which this step goes; absent: as the playbook says."
    )
    seniority: Seniority | None = Field(
        None, description="Of a person's step: who may take it; absent: anyone."
    )
    when: Condition | None = Field(
        None,
        description="CEL over the event's fields, `segment`, `tone` and `trigger`, decided once, "
        "when the customer enters; absent: the step is always planned.",
    )


class Choice(_Part):
    """A one-tap answer in a mail. The first choice of an enrolment counts.

    Whatever it does, it ends the steps that are still planned, unless `keep` names them.
    """

    name: ChoiceName = Field(description="Templates link to it as `choices.NAME`.")
    does: Does = Field(
        description="person: a person takes over, with the name as the reason. request: the "
        "publisher is asked for `request`. steps: plans the steps whose `choice` it is. stop: "
        "ends the enrolment, with the name as the reason."
    )
    request: ChoiceName | None = Field(
        None, description="With does request: the kind that `request.made` carries; else absent."
    )
    keep: tuple[Name, ...] = Field(default=(), description="Steps that stay planned all the same.")
    seniority: Seniority | None = Field(
        None, description="With does person: who may take it; absent: anyone."
    )


class Exit(_Part):
    """An event or fact that ends the enrolment."""

    on: str = Field(description="Type of an event or fact, such as payment.received.")
    when: Condition | None = Field(None, description="CEL over its fields; absent: always.")
    reason: Name = Field(description="Why the enrolment ended, in one word: paid, renewed, ...")
    keep: tuple[Name, ...] = Field(
        default=(),
        description="Steps that stay planned all the same (a farewell after a cancellation).",
    )


class Offers(_Part):
    """What may be offered in the customer's portal. Amounts by currency, in minor units."""

    max_discount_bp: int = Field(ge=0, le=10_000, description="Basis points of the balance.")
    max_instalments: int = Field(ge=1, le=60)
    least_instalment: dict[Currency, MoneyDue] = Field(
        description="Smallest instalment, minor units by ISO 4217. A currency that is not "
        "listed has no offers: a person answers."
    )
    max_days: int = Field(ge=1, le=3660, description="Days from the offer to its last instalment.")
    offer_valid_hours: int = Field(ge=1, le=24 * 90)
    funded_by: Literal["creditor", "commission"] = Field(
        description="Who pays for a discount: the creditor, or we out of our commission."
    )


def _distinct(names: list[str]) -> list[str]:
    if len(set(names)) != len(names):
        raise ValueError("lists the same name twice")
    return names


class PlaybookDocument(_Part):
    """One strategy, as written."""

    name: Name = Field(description="Also the name of its folder.")
    version: int = Field(ge=1, description="Raised with each change; an enrolment keeps its own.")
    title: str = Field(min_length=1, max_length=120)
    purpose: Purpose = Field(description="Decides which consent and which rules apply.")
    about: ObligationKind = Field(description="The kind of obligation.")
    triggers: list[Trigger] = Field(min_length=1)
    segments: list[Segment] = Field(min_length=1)
    steps: list[Step] = Field(min_length=1, max_length=60)
    exits: list[Exit] = Field(min_length=1)
    choices: list[Choice] = Field(
        default=[], max_length=12, description="One-tap answers that its templates offer."
    )
    reentry: Literal["never", "after_end"] | Duration = Field(
        default="never",
        description="When a new trigger about the same matter and due date may begin it again "
        "after an end: never, after_end, or an ISO 8601 duration after the end. What was ended "
        "by something that has passed (a hold, say) may begin again in any case.",
    )
    channels: Channels = Field(
        default=("email",),
        description="By which channels its steps go, in the order in which they are tried: the "
        "next only for who can't be reached by the one before, or prefers the next. "
        "any: all there are, the cheapest first, and in_app last. sms and webhook want a text "
        "`sms`; the others carry the letter.",
    )
    consolidate: bool = Field(
        default=False,
        description="What falls due for a customer within the same hour goes out as one message, "
        "worded by the template `several`, and counts as one contact.",
    )
    floors: dict[Currency, MoneyDue] = Field(
        default={},
        description="The variable floor_minor by currency, in minor units by ISO 4217: one "
        "sum of money said in many currencies. A currency that is not listed has floor 0.",
    )
    offers: Offers | None = Field(None, description="Absent: nothing is offered.")
    holdout_bp: int = Field(
        0,
        ge=0,
        le=5_000,
        description="Share of the customers, in basis points, who get nothing of this playbook, "
        "so that its worth can be measured; always the same ones.",
    )
    global_holdout: bool = Field(
        True,
        description="Whether those held out of everything (GLOBAL_HOLDOUT_BP) are held out of "
        "this, too; false where a customer must hear of the matter.",
    )
    links: Annotated[list[Name], AfterValidator(_distinct)] = Field(
        default=[], description="Names of the links that its templates use: portal, pay, renew..."
    )
