"""Events about what the publisher's own people did and answered."""

from typing import ClassVar, Literal

from pydantic import Field

from schemas.common import Code, Identifier, Instant, Typed
from schemas.customer_events.fields import Reason


class ContactMade(Typed):
    """The publisher's own people contacted the customer, or were contacted."""

    TYPE: ClassVar[str] = "contact.made"

    channel: Code = Field(description="Channel, such as phone, letter, email or sms.")
    direction: Literal["inbound", "outbound"] = Field(
        description="inbound: the customer called; outbound: the publisher's people did."
    )
    outcome: Literal["attempt", "reached"] = Field(description="Whether the person was reached.")
    at: Instant = Field(description="When.")
    obligation_id: Identifier | None = Field(default=None, description="What it was about.")


class NoticeSent(Typed):
    """The publisher sent a statutory notice; Rapport sends none itself."""

    TYPE: ClassVar[str] = "notice.sent"

    kind: Code = Field(description="Which notice, such as validation.")
    obligation_id: Identifier = Field(description="The obligation that it is about.")
    at: Instant = Field(description="When it was sent.")


class RequestAnswered(Typed):
    """The publisher answered a `request.made`."""

    TYPE: ClassVar[str] = "request.answered"

    request_id: Identifier = Field(description="Id of the request.")
    answer: Literal["accepted", "refused"] = Field(description="The answer.")
    reason: Reason | None = Field(default=None, description="Why, in words; kept off the log.")
