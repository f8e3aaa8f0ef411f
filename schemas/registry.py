"""Which form of data belongs to a type and version, and on which topic it may stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, Final, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from schemas import commands, customer_events, facts, playbook_records, topics
from schemas.common import NearTime, Personal, Typed
from schemas.errors import Rejection
from schemas.facts import machinery

PUBLISHED: Final[dict[str, tuple[type[Typed], ...]]] = {
    topics.CUSTOMER_EVENTS: customer_events.EVENTS,
    topics.OUTREACH_COMMANDS: commands.COMMANDS,
    topics.OUTREACH_DISPATCHES: commands.DISPATCHES,
    topics.OUTREACH_LOG: facts.FACTS,
    topics.DEAD_LETTERS: machinery.DEAD_LETTERS,
    topics.PLAYBOOKS: playbook_records.RECORDS,
}
"""Models by the topic on which they may stand."""


@dataclass(frozen=True)
class Known:
    """Names of a model's fields, with those of the models inside them."""

    names: frozenset[str]
    inside: dict[str, "Known"]


@dataclass(frozen=True)
class Entry:
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
def known_fields(model: type[BaseModel]) -> Known:
    """The names that a model knows, worked out once per model."""
    inside = {
        name: known_fields(found[0])
        for name, field in model.model_fields.items()
        if len(found := _models_in(field.annotation)) == 1
    }
    return Known(frozenset(model.model_fields), inside)


def _entry(topic: str, model: type[Typed]) -> Entry:
    near = tuple(name for name, field in model.model_fields.items() if _marked(field, NearTime))
    return Entry(model, topic, near)


_ENTRIES: Final[dict[str, dict[int, Entry]]] = {}
for _topic, _models in PUBLISHED.items():
    for _model in _models:
        _ENTRIES.setdefault(_model.TYPE, {})[_model.VERSION] = _entry(_topic, _model)


def model_for(topic: str | None, event_type: str, version: int = 1) -> type[Typed]:
    """The model of a type and version, if it may stand on the topic (None: on any).

    Raises Rejection: unknown_type or unknown_version.
    """
    return find(topic, event_type, version).model


def public_part(data: Typed, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The given fields as JSON values without those that are personal or written by a person.

    given: all the given fields as JSON values, where they are worked out already.

    Only what the publisher gave is included, so null means deleted. This is what a fact may
    repeat of an event's data; the event's own model reads it back (all it leaves out is optional).
    """
    personal = _PERSONAL[type(data)]
    if given is None:
        return data.model_dump(mode="json", exclude_unset=True, exclude=personal)
    return {name: given[name] for name in given if name not in personal}


_PERSONAL: Final[dict[type[BaseModel], set[str]]] = {
    model: {name for name, field in model.model_fields.items() if _marked(field, Personal)}
    for models in PUBLISHED.values()
    for model in models
}


def find(topic: str | None, event_type: str, version: int) -> Entry:
    """What is known of a type and version on a topic (None: any). Raises Rejection."""
    versions = _ENTRIES.get(event_type)
    if versions is None:
        near = get_close_matches(event_type, _ENTRIES, n=1)
        raise Rejection(
            "unknown_type",
            f"Send a type of the contract, such as {near[0] if near else 'customer.updated'}: "
            "this one is unknown.",
            "/type",
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
