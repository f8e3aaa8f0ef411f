"""Which form of data belongs to a type and version, and on which topic it may stand."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from schemas import commands, customer_events, facts, topics
from schemas.common import NearTime, Personal, Typed
from schemas.envelope import Envelope, version_of
from schemas.errors import Rejection, pointer_to
from schemas.facts import machinery
from schemas.faults import rejection_from

FURTHEST: Final = timedelta(days=3653)
"""How far a due date may lie from its event's time: ten years."""

PUBLISHED: Final[dict[str, tuple[type[Typed], ...]]] = {
    topics.CUSTOMER_EVENTS: customer_events.EVENTS,
    topics.OUTREACH_COMMANDS: commands.COMMANDS,
    topics.OUTREACH_DISPATCHES: commands.DISPATCHES,
    topics.OUTREACH_LOG: facts.FACTS,
    topics.DEAD_LETTERS: machinery.DEAD_LETTERS,
}
"""Models by the topic on which they may stand."""


@dataclass(frozen=True)
class _Known:
    """Names of a model's fields, with those of the models inside them."""

    names: frozenset[str]
    inside: dict[str, "_Known"]


@dataclass(frozen=True)
class _Entry:
    """What parsing needs to know about one type and version, worked out once."""

    model: type[Typed]
    topic: str
    near: tuple[str, ...]


def _marked(field: FieldInfo, marker: type) -> bool:
    """Whether the field, or its non-null part, carries the marker."""

    def within(annotation: Any) -> bool:
        return any(
            isinstance(part, marker) or within(part)
            for part in (*getattr(annotation, "__metadata__", ()), *get_args(annotation))
        )

    return any(isinstance(mark, marker) for mark in field.metadata) or within(field.annotation)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


@cache
def _known(model: type[BaseModel]) -> _Known:
    """The names that a model knows, worked out once per model."""
    inside = {
        name: _known(found[0])
        for name, field in model.model_fields.items()
        if len(found := _models_in(field.annotation)) == 1
    }
    return _Known(frozenset(model.model_fields), inside)


def _entry(topic: str, model: type[Typed]) -> _Entry:
    near = tuple(name for name, field in model.model_fields.items() if _marked(field, NearTime))
    return _Entry(model, topic, near)


_ENTRIES: Final[dict[str, dict[int, _Entry]]] = {}
for _topic, _models in PUBLISHED.items():
    for _model in _models:
        _ENTRIES.setdefault(_model.TYPE, {})[_model.VERSION] = _entry(_topic, _model)


def model_for(topic: str | None, event_type: str, version: int = 1) -> type[Typed]:
    """The model of a type and version, if it may stand on the topic (None: on any).

    Raises Rejection: unknown_type or unknown_version.
    """
    return _find(topic, event_type, version).model


def parse_data(event: Envelope, topic: str | None = None) -> Typed:
    """The event's data as the model of its type and version, checked in full.

    `topic` restricts to the types that may stand there (None: any). Raises Rejection.
    """
    entry = _find(topic, event.type, version_of(event))
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


def un_known(event: Envelope, model: type[BaseModel]) -> list[str]:
    """Names (dotted) of the fields in the event's data that the model does not know, sorted."""
    return sorted(_unknown(event.data, _known(model), ""))


def public_part(data: Typed) -> dict[str, Any]:
    """The given fields as JSON values without those that are personal or written by a person.

    Only what the publisher gave is included, so null means deleted. This is what a fact may
    repeat of an event's data; the event's own model reads it back (all it leaves out is optional).
    """
    return data.model_dump(mode="json", exclude_unset=True, exclude=_PERSONAL[type(data)])


_PERSONAL: Final[dict[type[BaseModel], set[str]]] = {
    model: {name for name, field in model.model_fields.items() if _marked(field, Personal)}
    for models in PUBLISHED.values()
    for model in models
}


def _find(topic: str | None, event_type: str, version: int) -> _Entry:
    """What is known of a type and version on a topic (None: any). Raises Rejection."""
    versions = _ENTRIES.get(event_type)
    if versions is None:
        raise Rejection(
            "unknown_type", "Send a type that the contract names: this one is unknown.", "/type"
        )
    entry = versions.get(version)
    if entry is None:
        known = ", ".join(str(number) for number in sorted(versions))
        raise Rejection(
            "unknown_version",
            f"Send {event_type} in version {known}: version {version} is unknown.",
            "/dataschema",
        )
    if topic is not None and entry.topic != topic:
        raise Rejection(
            "unknown_type",
            f"Send {event_type} nowhere but on {entry.topic}: {topic} does not carry it.",
            "/type",
        )
    return entry


def _unknown(data: dict[str, Any], known: _Known, prefix: str) -> list[str]:
    found = [prefix + name for name in data.keys() - known.names]
    for name, inner in known.inside.items():
        value = data.get(name)
        for part in value if isinstance(value, list) else (value,):
            if isinstance(part, dict):
                found += _unknown(part, inner, f"{prefix}{name}.")
    return found
