"""Facts that the machinery itself writes, and the form of a dead letter."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from schemas.common import Contract, Instant, Text, Typed
from schemas.facts.customer import RecordPosition


class PolicyInForce(Typed):
    """A policy pack came into force: the whole of it, so that the log alone can be audited.

    Key and subject are `policy:NAME`.
    """

    TYPE: ClassVar[str] = "policy.in_force"

    name: Text = Field(description="Name of the pack.")
    version: int = Field(description="Its version.")
    sha256: Text = Field(description="SHA-256 of its file, hex.")
    content: dict[str, Any] = Field(description="The whole pack.")


class PolicyRefused(Typed):
    """The policy folder has changed and can't be used: the packs in force stay as they are.

    Key and subject are `policy`.
    """

    TYPE: ClassVar[str] = "policy.refused"

    faults: tuple[Annotated[str, Field(max_length=1000)], ...] = Field(
        description="What is wrong: FILE:LINE: what, and how to mend it."
    )


class AuthorityInForce(Typed):
    """A creditor's authority matrix came into force: the whole of it, as with a policy pack.

    Key and subject are `authority:NAME`.
    """

    TYPE: ClassVar[str] = "authority.in_force"

    name: Text = Field(description="Name of the matrix.")
    version: int = Field(description="Its version.")
    sha256: Text = Field(description="SHA-256 of its content, hex.")
    content: dict[str, Any] = Field(description="The whole matrix.")


class LogHeartbeat(Typed):
    """Written to the log by a service to learn how old what it reads there is.

    Key and subject are `lane:N`. Only while the service has something to send.
    """

    TYPE: ClassVar[str] = "log.heartbeat"

    service: Text = Field(description="Name of the service.")
    lane: int = Field(ge=0, description="Partition.")
    sent_at: Instant = Field(description="Real time at which it was written.")
    read: Text | None = Field(
        default=None,
        description="Topic whose lane the service had read to its end, and applied, at sent_at; "
        "absent: it only listens.",
    )


class HttpOrigin(Contract):
    """The event came over HTTP."""

    http: Literal[True] = Field(description="Always true.")


class DeadLetter(Typed):
    """What could not be accepted, as it came, with a reason to act on."""

    TYPE: ClassVar[str] = "dead.letter"

    code: Text = Field(description="Stable reason code, such as invalid_field.")
    detail: str = Field(max_length=2000, description="What the publisher's engineer shall do.")
    pointer: str | None = Field(default=None, description="JSON pointer of the field at fault.")
    service: Text = Field(description="Service that refused it.")
    origin: RecordPosition | HttpOrigin = Field(description="Where it came from.")
    key: str | None = Field(default=None, description="The record's key, as text.")
    headers: dict[str, str] = Field(default_factory=dict, description="The record's headers.")
    value_base64: str = Field(description="The original bytes, base64.")


FACTS: tuple[type[Typed], ...] = (PolicyInForce, PolicyRefused, AuthorityInForce, LogHeartbeat)
DEAD_LETTERS: tuple[type[Typed], ...] = (DeadLetter,)
