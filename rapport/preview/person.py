"""The customer of a preview: described in a JSON file, or read from the topics.

Either way it is the events and facts about them, which then pass through the services' functions.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from rapport.reading import Raw
from schemas.common import Channel, CustomerId, Instant, Purpose, Tenant
from schemas.customer_events import CustomerConsentChanged, CustomerHoldPlaced, CustomerUpdated
from schemas.envelope import decode, make, parse_data
from schemas.errors import Rejection
from schemas.topics import CUSTOMER_EVENTS, OUTREACH_LOG
from services.playbooks.check_steps import AGREED, TALKS
from services.playbooks.tags import TAGS
from services.playbooks.type_words import nearest
from services.playbooks.types import Kind
from services.policy.model import Contact
from services.runtime.ids import derive
from services.runtime.messages import Incoming
from services.yaml_lines import Fault, FaultyFile, read

SOURCE = "/rapport/preview"
_BEFORE = timedelta(days=1)
"""How long before the preview's instant a described customer came to be as they are."""


class PersonFaults(Exception):
    """The customer's file can't be used; each fault as FILE:LINE and remedy."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class _Earlier(BaseModel):
    """A contact that was made before."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: Instant
    purpose: Purpose = "service"
    channel: Channel = "email"


class _Event(BaseModel):
    """A customer event that came before."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    time: Instant
    data: dict[str, Any]


class _Consent(CustomerConsentChanged):
    model_config = ConfigDict(extra="forbid")


class _Hold(CustomerHoldPlaced):
    model_config = ConfigDict(extra="forbid")


def _known_tags(tags: dict[str, str | float]) -> dict[str, str | float]:
    """The tags, if conditions could ever meet such values. Raises ValueError."""
    for name, value in tags.items():
        if (known := TAGS.get(name)) is None:
            raise ValueError(f"no tag {name!r}; {nearest(name, TAGS)}")
        if isinstance(value, str) is not (known.kind is Kind.TEXT):
            raise ValueError(
                f"the tag {name} is {'text' if known.kind is Kind.TEXT else 'a number'}"
            )
        if known.words is not None and value not in known.words:
            raise ValueError(f"the tag {name} is one of {', '.join(sorted(known.words))}")
    return tags


class Described(CustomerUpdated):
    """A customer as a file describes them: the fields of customer.updated, and what was said."""

    model_config = ConfigDict(extra="forbid")

    customer: CustomerId = "described"
    tenant: Tenant = "default"
    consents: tuple[_Consent, ...] = ()
    holds: tuple[_Hold, ...] = ()
    tags: Annotated[dict[str, str | float], AfterValidator(_known_tags)] = Field(
        default_factory=dict
    )
    contacts: tuple[_Earlier, ...] = ()
    events: tuple[_Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """All that is known of a customer before the trigger.

    events: of customer.events, in order. facts: of the log, in order; none for one described.
    tags: by name, as described. contacts: made already.
    """

    tenant: str
    customer: str
    events: Sequence[Incoming]
    facts: Sequence[Incoming] = ()
    tags: Mapping[str, Any] = field(default_factory=dict)
    contacts: Sequence[Contact] = ()


_SOMEBODY: Mapping[str, Any] = {
    "customer": "somebody",
    "name": "Robin Sample",
    "email": "robin@example.com",
    "locale": "en",
    "timezone": "Europe/London",
    "country": "GB",
    "consents": [{"channel": "email", "purpose": "*", "status": "granted"}],
}

PEOPLE: Sequence[Mapping[str, Any]] = (
    _SOMEBODY,
    {**_SOMEBODY, "customer": "somebody-vip", "tier": "vip"},
    {
        **_SOMEBODY,
        "customer": "somebody-quiet",
        "tags": {"churn_risk": 0.8, "subscription": "running"},
    },
)
"""Customers of a preview that names none: the first whom the playbook takes up is shown."""


def described(file: Path, now: datetime) -> Person:
    """The customer that a file describes. Raises PersonFaults, or OSError."""
    text = file.read_text(encoding="utf-8")
    try:
        given = json.loads(text)
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        raise PersonFaults([Fault(file, line, "not JSON; write one object")]) from None
    try:
        return person_of(given, now)
    except ValidationError as error:
        raise PersonFaults(_located(file, error)) from None


def person_of(given: Mapping[str, Any], now: datetime) -> Person:
    """The customer with these fields. Raises pydantic.ValidationError."""
    told = Described.model_validate(given)
    at = now - _BEFORE
    fields = {name: given[name] for name in CustomerUpdated.model_fields if name in given}
    events = [
        event(told.customer, told.tenant, type_, data, at)
        for type_, data in [
            ("customer.updated", fields),
            *(("customer.consent_changed", one) for one in given.get("consents") or ()),
            *(("customer.hold_placed", one) for one in given.get("holds") or ()),
        ]
    ]
    events += [
        event(told.customer, told.tenant, one.type, one.data, one.time)
        for one in sorted(told.events, key=lambda one: one.time)
    ]
    contacts = [Contact(one.at, one.purpose, one.channel) for one in told.contacts]
    return Person(told.tenant, told.customer, events, tags=told.tags, contacts=contacts)


def event(
    customer: str, tenant: str, type_: str, data: Mapping[str, Any], at: datetime
) -> Incoming:
    """An event, or a fact that starts something, as the services receive it. Raises Rejection."""
    identity = derive("preview", type_, customer, json.dumps(data, sort_keys=True))
    bare = make(
        type_,
        _Data.model_validate(data),
        id=identity,
        source=SOURCE,
        tenant=tenant,
        subject=customer,
        time=at,
    )
    topic = OUTREACH_LOG if type_ in {AGREED, *TALKS} else CUSTOMER_EVENTS
    return incoming(topic, bare.model_dump_json(exclude_none=True).encode(), 0)


def incoming(topic: str, value: bytes | None, offset: int, partition: int = 0) -> Incoming:
    """A record as the services' handlers see it. Raises Rejection."""
    envelope = decode(value)
    data = parse_data(envelope, topic)
    return Incoming(topic, partition, offset, envelope.subject, envelope, data, value or b"")


def accepted(topic: str, records: Iterable[Raw], customer: str, tenant: str) -> list[Incoming]:
    """The customer's records of a topic, in order; what no service accepts is left out."""
    found: list[Incoming] = []
    for raw in records:
        if raw.key != customer.encode():
            continue
        try:
            one = incoming(topic, raw.value, raw.offset, raw.partition)
        except Rejection:
            continue
        if one.event.tenant == tenant:
            found.append(one)
    return found


class _Data(BaseModel):
    """Whatever was given; the contract judges it when it is read back."""

    model_config = ConfigDict(extra="allow")


def _located(file: Path, error: ValidationError) -> list[Fault]:
    try:
        lined = read(file)
    except FaultyFile as broken:
        return [broken.fault]
    faults = []
    for one in error.errors(include_url=False, include_input=False):
        where = ".".join(str(part) for part in one["loc"])
        message = one["msg"][:1].lower() + one["msg"][1:]
        if one["type"] == "extra_forbidden":
            message = "no such field; remove it or mend its spelling"
        path = [part for part in one["loc"] if isinstance(part, str | int)]
        faults.append(lined.fault(path, f"{where}: {message}"))
    return faults
