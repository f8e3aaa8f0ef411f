"""Facts about customer events and customers."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from schemas.common import Contract, Instant, Text, Tone, Typed


class RecordPosition(Contract):
    """Where a record stands in Kafka."""

    topic: Text = Field(description="Topic.")
    partition: int = Field(ge=0, description="Partition.")
    offset: int = Field(ge=0, description="Offset.")


class EventApplied(Typed):
    """An accepted customer event took effect: its non-personal part, for all to learn from."""

    TYPE: ClassVar[str] = "event.applied"

    event_type: Text = Field(description="Type of the customer event.")
    event_id: str = Field(max_length=512, description="Its id.")
    event_source: str = Field(max_length=512, description="Its source.")
    event_version: int = Field(ge=1, description="Version of its data's form.")
    event_time: Instant = Field(description="When it happened.")
    position: RecordPosition = Field(description="Where it stands on customer.events.")
    published_at: Instant | None = Field(
        default=None,
        description="Real time at which its record was written, by the broker's or the "
        "publisher's clock; latencies are counted from it.",
    )
    effect: Literal["applied", "stale_version", "old"] = Field(
        description="applied; stale_version: a higher version was known, so nothing changed; "
        "old: older than 7 days, so state changed and nothing was triggered."
    )
    obligation_id: str | None = Field(default=None, description="The obligation it is about.")
    data: dict[str, Any] = Field(
        description="The non-personal part of its data. For customer.updated the changed ones of "
        "locale, timezone, country, region, city, tier, interests; channels: keyed hash or null "
        "by channel; verification: kinds; null: deleted."
    )


class PassedOver(Contract):
    """A segment that was not tried: a policy in force forbids an attribute that it asks for."""

    segment: Text = Field(description="Name of the segment.")
    attribute: Text = Field(description="What may not steer treatment at the customer's place.")
    rule: Text = Field(description="The rule that forbids it, as pack/rule.")
    rule_version: int = Field(description="Version of its pack.")


class CustomerSegmented(Typed):
    """A trigger event was looked at by one playbook, with or without a match."""

    TYPE: ClassVar[str] = "customer.segmented"

    playbook: Text = Field(description="Name of the playbook.")
    playbook_version: int = Field(description="Its version.")
    matched: bool = Field(description="Whether a segment matched.")
    segment: Text | None = Field(default=None, description="Segment that matched.")
    tone: Tone | None = Field(default=None, description="Tone of its wording.")
    reason: Text | None = Field(
        default=None, description="Why not: no_segment, old_event, not_triggered and so on."
    )
    obligation_id: str | None = Field(default=None, description="What it is about.")
    trigger_event_id: str = Field(description="Id of the trigger event.")
    defaults_used: tuple[str, ...] = Field(
        default=(), description="Fields for which the careful default was taken."
    )
    inputs: dict[str, Any] = Field(
        default_factory=dict, description="Names and values of the non-personal inputs."
    )
    passed_over: tuple[PassedOver, ...] = Field(
        default=(), description="Segments above it that a policy did not let decide."
    )
    also: dict[str, int] = Field(
        default_factory=dict,
        description="Where it did not match: further playbooks of which the same is true, with "
        "their versions.",
    )


class CustomerHeldOut(Typed):
    """The customer is in a holdout and is not contacted, so that lift can be measured."""

    TYPE: ClassVar[str] = "customer.held_out"

    playbook: Text | None = Field(default=None, description="Playbook; null: all of them.")
    holdout: Text = Field(description="Name of the holdout.")
    share_bp: int = Field(ge=0, le=10_000, description="Its share, basis points.")
    instead_of: Text | None = Field(
        default=None, description="The playbook that would have begun, had it not been for this."
    )
    playbook_version: int | None = Field(default=None, description="That playbook's version.")
    segment: Text | None = Field(default=None, description="Segment that matched.")
    tone: Tone | None = Field(default=None, description="Tone of the wording not sent.")
    obligation_id: str | None = Field(default=None, description="What it would have been about.")
    trigger_event_id: str | None = Field(default=None, description="Id of the trigger event.")


ERASER = "/rapport/segmenter"
"""Source of the word of `customer.erased` that the other services follow; theirs tell that they
did."""


class CustomerErased(Typed):
    """A service has deleted what it held about the customer."""

    TYPE: ClassVar[str] = "customer.erased"

    tables: int = Field(ge=0, description="Tables from which rows were deleted.")
    reason: Text | None = Field(
        default=None, description="Why, as a code; told by the service that was asked."
    )
    by: Text | None = Field(default=None, description="Name of the token that asked for it.")


FACTS: tuple[type[Typed], ...] = (
    EventApplied,
    CustomerSegmented,
    CustomerHeldOut,
    CustomerErased,
)
