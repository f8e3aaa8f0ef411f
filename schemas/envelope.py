"""CloudEvents 1.0 with Rapport's extensions: reading, checking, making and writing events."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, Protocol

import msgspec
from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, ValidationError
from pydantic_core import from_json

from schemas.binary import Headers, binary_attributes, is_json
from schemas.common import PLAIN, Contract, CustomerId, Flag, Instant, Tenant, Typed
from schemas.errors import Rejection as Rejection
from schemas.errors import RejectionCode, pointer_to
from schemas.faults import rejection_from
from schemas.registry import Known, find, known_fields

MAX_VALUE_BYTES: Final = 1024 * 1024
"""Largest accepted Kafka value or HTTP body."""

FURTHEST: Final = timedelta(days=3653)
"""How far a due date may lie from its event's time: ten years."""

CONTENT_TYPE: Final = "application/cloudevents+json; charset=UTF-8"

Attribute = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=PLAIN)]
TraceParent = Annotated[
    str,
    StringConstraints(
        pattern=r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", max_length=128
    ),
]
Data = dict[str, Any]


def _unset_is_default(value: Any) -> Any:
    return "default" if value is None else value


def _flag_text(value: Any) -> Any:
    # Binary mode knows text only (CloudEvents 1.0, type system: "true" and "false").
    return value == "true" if value in ("true", "false", None) else value


class Envelope(Contract):
    """One CloudEvents 1.0 event, the form of every message on every topic.

    An event's identity is (`tenant`, `source`, `id`). `subject` and the Kafka key are the
    customer id. Unknown attributes are ignored.
    """

    specversion: Literal["1.0"] = Field(description="Version of CloudEvents; always 1.0.")
    id: Attribute = Field(description="Unique within `source`; a repeat changes nothing.")
    source: Attribute = Field(description="URI reference of the system that published it.")
    type: Attribute = Field(description="Event type, such as payment.missed.")
    subject: CustomerId = Field(
        description="Customer id: a pseudonym of the publisher's, equal to the Kafka key."
    )
    time: Instant = Field(description="When it happened: RFC 3339 instant with offset.")
    tenant: Annotated[Tenant, BeforeValidator(_unset_is_default)] = Field(
        default="default", description="Creditor or retailer on whose behalf; absent: default."
    )
    datacontenttype: Attribute | None = Field(
        default="application/json", description="Media type of `data`; always JSON."
    )
    dataschema: Attribute | None = Field(
        default=None, description="URI of the data's schema, ending in /VERSION; absent: 1."
    )
    traceparent: TraceParent | None = Field(default=None, description="W3C Trace Context.")
    correlationid: Attribute | None = Field(
        default=None, description="Id of the first cause in this chain of events."
    )
    causationid: Attribute | None = Field(
        default=None, description="Id of the event that directly caused this one."
    )
    replay: Annotated[Flag, BeforeValidator(_flag_text)] = Field(
        default=False,
        description="Marked for replay: may trigger outreach although it is older than 7 days.",
    )
    data: Data = Field(description="The event's data, of the form that `type` and version name.")


_validate_python: Final = Envelope.__pydantic_validator__.validate_python


def decode(raw: bytes | None, headers: Headers = (), *, largest: int = MAX_VALUE_BYTES) -> Envelope:
    """Read one event, structured or (with `ce_` headers; `ce-` over HTTP) binary.

    The data's own form is checked by `registry.parse_data`. Raises Rejection, and nothing else,
    whatever the bytes are.
    """
    if not raw:
        raise Rejection("empty", "Send one CloudEvent as the value: it is empty.")
    if len(raw) > largest:
        raise Rejection("too_large", f"Send at most {largest} bytes a value: this has {len(raw)}.")
    attributes = binary_attributes(headers) if headers else None
    # In two steps: parsing while it validates takes pydantic half as long again.
    content = _parse_json(raw)
    try:
        event: Envelope = _validate_python(
            content if attributes is None else {**attributes, "data": content}
        )
    except ValidationError as error:
        raise _envelope_rejection(error) from None
    media_type = event.datacontenttype
    if media_type not in ("application/json", None) and not is_json(media_type):
        raise Rejection(
            "invalid_field",
            "Send JSON data: datacontenttype names another media type.",
            "/datacontenttype",
        )
    return event


def parse_data(event: Envelope, topic: str | None = None) -> Typed:
    """The event's data as the model of its type and version, checked in full.

    `topic` restricts to the types that may stand there (None: any). Raises Rejection.
    """
    entry = find(topic, event.type, version_of(event))
    try:
        data: Typed = entry.model.__pydantic_validator__.validate_python(event.data)
    except ValidationError as error:
        raise rejection_from(error, entry.model, under=("data",)) from None
    for name in entry.near:
        day: date | None = getattr(data, name)
        if day is not None and abs(day - event.time.date()) > FURTHEST:
            raise Rejection(
                "out_of_range",
                f"Correct data.{name}: it lies more than ten years from the event's time.",
                pointer_to("data", name),
            )
    return data


def unknown_fields(event: Envelope, model: type[BaseModel]) -> list[str]:
    """Names (dotted) of the fields in the event's data that the model does not know, sorted."""
    return sorted(_unknown(event.data, known_fields(model), ""))


def encode(event: Envelope) -> bytes:
    """The event as structured JSON in UTF-8; unset attributes are left out, nulls in data kept."""
    return event.__pydantic_serializer__.to_json(event, exclude_none=True)


def version_of(event: Envelope) -> int:
    """The data's version: what `dataschema` ends in, 1 if absent. Raises Rejection."""
    return 1 if event.dataschema is None else _version(event.dataschema)


@lru_cache(maxsize=1024)
def schema_uri(event_type: str, version: int = 1) -> str:
    """The `dataschema` that Rapport writes for a type and version."""
    return f"urn:rapport:{event_type}/{version}"


class Cause(Protocol):
    """What caused an event: an envelope, or just its place in a chain."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def correlationid(self) -> str | None:
        """Id of the first cause, if it is not the first itself."""

    @property
    def traceparent(self) -> str | None:
        """W3C Trace Context."""


def make(
    type: str,
    data: BaseModel | Mapping[str, Any],
    *,
    id: str,
    source: str,
    tenant: str,
    subject: str,
    time: datetime,
    cause: Cause | None = None,
    version: int = 1,
) -> Envelope:
    """A new event of Rapport's own, carrying on the trace and the chain of causes of `cause`.

    Raises pydantic's ValidationError where the caller breaks the envelope's own contract.
    """
    chain: dict[str, Any] = {}
    if cause is not None:
        chain = {
            "traceparent": cause.traceparent,
            "correlationid": cause.correlationid or cause.id,
            "causationid": cause.id,
        }
    event: Envelope = _validate_python(
        {
            "specversion": "1.0",
            "id": id,
            "source": source,
            "type": type,
            "subject": subject,
            "time": time,
            "tenant": tenant,
            "dataschema": schema_uri(type, version),
            "data": data.model_dump(mode="json") if isinstance(data, BaseModel) else dict(data),
            **chain,
        }
    )
    return event


def write(
    type: str,
    data: BaseModel | msgspec.Struct | Mapping[str, Any],
    *,
    id: str,
    source: str,
    tenant: str,
    subject: str,
    time: datetime,
    cause: Cause | None = None,
) -> bytes:
    """`encode(make(...))`, several times as fast, for data known to be as the contract wants it.

    That is a model, or what msgspec encodes to the same: then a test must read it back.
    """
    content: Any = data
    if isinstance(data, BaseModel):
        content = msgspec.Raw(data.__pydantic_serializer__.to_json(data))
    schema = schema_uri(type)
    event = _Written("1.0", id, source, type, subject, time, tenant, _JSON, schema, content)
    if cause is not None:
        event.traceparent = cause.traceparent
        event.correlationid = cause.correlationid or cause.id
        event.causationid = cause.id
    return _encode_written(event)


class _Written(msgspec.Struct, omit_defaults=True):
    """An envelope that leaves: as `Envelope`, without its checks."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    tenant: str
    datacontenttype: str
    dataschema: str
    data: Any
    traceparent: str | None = None
    correlationid: str | None = None
    causationid: str | None = None


_JSON: Final = "application/json"
_encode_written: Final = msgspec.json.Encoder().encode


def check_key(event: Envelope, key: bytes | None) -> None:
    """Raise Rejection unless the Kafka key is the event's subject in UTF-8."""
    if key != event.subject.encode():
        what = "it has none" if key is None else "they differ"
        raise Rejection(
            "key_mismatch", f"Set the record's key to the event's subject: {what}.", "/subject"
        )


def check_age(event: Envelope, now: datetime, oldest: timedelta) -> None:
    """Raise Rejection for an event too old to be known from its repeat, or from the future.

    `oldest` is how long identities of events are kept. A day ahead is forgiven: clocks differ.
    """
    age = now - event.time
    if age > oldest:
        raise Rejection(
            "too_old",
            f"Send events at most {oldest.days} days after their time: a repeat of this one "
            "could not be told from a new one.",
            "/time",
        )
    if age < -timedelta(days=1):
        raise Rejection("out_of_range", "Set time to when it happened: it is ahead.", "/time")


@lru_cache(maxsize=1024)
def _version(dataschema: str) -> int:
    found = re.search(r"/([0-9]{1,6})\Z", dataschema)
    if found is None:
        raise Rejection(
            "unknown_version",
            "End dataschema in the version, such as /1, or leave it out for version 1.",
            "/dataschema",
        )
    return int(found[1])


def _parse_json(raw: bytes) -> Any:
    try:
        return from_json(raw)
    except ValueError:
        raise _not_json(raw) from None


def _not_json(raw: bytes) -> Rejection:
    try:
        raw.decode()
    except UnicodeDecodeError as fault:
        return Rejection(
            "invalid_utf8", f"Write the value in UTF-8: byte {fault.start} is not valid."
        )
    return Rejection("not_json", "Send one complete JSON object as the value: it does not parse.")


def _envelope_rejection(error: ValidationError) -> Rejection:
    first = error.errors(include_url=False, include_input=False)[0]
    kind, path = first["type"], first["loc"]
    if kind == "model_type":
        return Rejection(
            "not_cloudevent",
            "Send one CloudEvents 1.0 object a message: the value is JSON of another form.",
        )
    code: RejectionCode | None = None
    if path[0] == "specversion" or (kind == "missing" and path[0] in ("id", "source", "type")):
        code = "not_cloudevent"
    return rejection_from(error, Envelope, code=code)


def _unknown(data: dict[str, Any], known: Known, prefix: str) -> list[str]:
    found: list[str] = []
    if not data.keys() <= known.names:
        found += [prefix + name for name in data.keys() - known.names]
    for name, inner in known.inside.items():
        value = data.get(name)
        for part in value if isinstance(value, list) else (value,):
            if isinstance(part, dict):
                found += _unknown(part, inner, f"{prefix}{name}.")
    return found
