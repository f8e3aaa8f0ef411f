"""Facts of operators at the scheduler: sending stopped and resumed, holds that they lift."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from schemas.common import Code, HoldKind, Identifier, Instant, Tenant, Text, Typed

SendingScope = Literal["everything", "tenant", "creditor", "playbook"]


class _Sending(Typed):
    scope: SendingScope = Field(description="How much of sending it is about.")
    of_tenant: Tenant | None = Field(
        default=None, description="The tenant; null where it is about everything."
    )
    name: Text | None = Field(default=None, description="Name of the creditor or playbook.")
    by: Text = Field(description="Name of the token that asked for it.")
    reason: Code = Field(description="Why, as a code or reference.")
    revision: int = Field(
        ge=1, description="Rises with every word on the same scope; the highest counts."
    )

    @model_validator(mode="after")
    def _named(self) -> "_Sending":
        if (self.of_tenant is None) != (self.scope == "everything"):
            raise ValueError("everything has no tenant, and every other scope has one")
        if (self.name is None) != (self.scope in ("everything", "tenant")):
            raise ValueError("a creditor and a playbook have a name, no other scope has one")
        return self


class SendingStopped(_Sending):
    """Nothing of this scope is sent until it is resumed.

    Written to every lane of the log, key and subject `lane:N`: it concerns them all.
    """

    TYPE: ClassVar[str] = "sending.stopped"


class SendingResumed(_Sending):
    """What was stopped goes on. Written to every lane of the log."""

    TYPE: ClassVar[str] = "sending.resumed"


class HoldLifted(Typed):
    """An operator lifted a hold, for the reason given."""

    TYPE: ClassVar[str] = "hold.lifted"

    kind: HoldKind = Field(description="Kind of the hold.")
    obligation_id: Identifier | None = Field(
        default=None, description="The obligation it was about; null: the whole customer."
    )
    by: Text = Field(description="Name of the token that lifted it.")
    reason: Code = Field(description="Why, as a code or reference.")
    at: Instant | None = Field(
        default=None,
        description="What was placed until then is lifted; null: until the fact's own time.",
    )


class HoldLiftRefused(Typed):
    """A publisher lifted a hold that only an operator may lift: it stands."""

    TYPE: ClassVar[str] = "hold.lift_refused"

    kind: HoldKind = Field(description="Kind of the hold.")
    obligation_id: Identifier | None = Field(
        default=None, description="The obligation it is about; null: the whole customer."
    )
    event_id: str = Field(max_length=512, description="Id of the customer event.")
    rule: Text = Field(description="Name of the rule, as pack/rule.")
    rule_version: int = Field(description="Version of the rule's pack.")


class OutreachPaused(Typed):
    """An operator paused one enrolment: its steps wait."""

    TYPE: ClassVar[str] = "outreach.paused"

    enrolment_id: Text = Field(description="Id of the enrolment.")
    until: Instant | None = Field(
        default=None, description="When it goes on by itself; null: when it is resumed."
    )
    by: Text = Field(description="Name of the token that paused it.")


class OutreachResumed(Typed):
    """An operator ended the pause of one enrolment: what has its time ahead goes on."""

    TYPE: ClassVar[str] = "outreach.resumed"

    enrolment_id: Text = Field(description="Id of the enrolment.")
    by: Text = Field(description="Name of the token that resumed it.")


FACTS: tuple[type[Typed], ...] = (
    SendingStopped,
    SendingResumed,
    HoldLifted,
    HoldLiftRefused,
    OutreachPaused,
    OutreachResumed,
)
