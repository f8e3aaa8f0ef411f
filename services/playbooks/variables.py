"""What conditions and templates may ask for, by name and kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from schemas import customer_events, facts
from schemas.common import Personal


class Kind(StrEnum):
    """What a variable holds; it decides what stands for it where it is not known."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    LIST = "list"
    MAP = "map"


@dataclass(frozen=True)
class Field:
    """A field of an event. `always`: every such event has a value for it."""

    kind: Kind
    always: bool


_UNKNOWN: Mapping[Kind, Any] = {Kind.TEXT: "", Kind.FLAG: False, Kind.LIST: [], Kind.MAP: {}}


def _kind(annotation: Any) -> Kind | None:
    """The kind of a contract's field; None for what conditions can't use."""
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        personal = any(isinstance(mark, Personal) for mark in inside[1:])
        return None if personal else _kind(inside[0])
    if origin in (Union, UnionType):
        kinds = {_kind(part) for part in inside if part is not type(None)}
        return kinds.pop() if len(kinds) == 1 else None
    if origin is tuple:
        return Kind.LIST if _kind(inside[0]) is Kind.TEXT else None
    if origin is Literal or annotation in (str, date):
        return Kind.TEXT
    if annotation is bool:
        return Kind.FLAG
    return Kind.NUMBER if annotation in (int, float) else None


def _fields(model: type[BaseModel]) -> dict[str, Field]:
    """A contract's fields, less the personal ones: no fact repeats them, so none may decide."""
    found: dict[str, Field] = {}
    for name, info in model.model_fields.items():
        kind = _kind(info.annotation)
        if kind and not any(isinstance(mark, Personal) for mark in info.metadata):
            found[name] = Field(kind, info.is_required() or info.default is not None)
    return found


EVENT_FIELDS: Mapping[str, Mapping[str, Field]] = {
    model.TYPE: _fields(model) for model in (*customer_events.EVENTS, *facts.FACTS)
}
"""Fields of events and facts that conditions may use, by event type. Dates are text;
instants are left out, since as text they would compare wrongly across offsets."""

CUSTOMER_FIELDS: Mapping[str, Kind] = {
    "age": Kind.NUMBER,
    "age_known": Kind.FLAG,
    "gender": Kind.TEXT,
    "occupation": Kind.TEXT,
    "tier": Kind.TEXT,
    "interests": Kind.LIST,
    "country": Kind.TEXT,
    "locale": Kind.TEXT,
    "holds": Kind.LIST,
    "tags": Kind.MAP,
}
"""What segments may know of the customer. `age` is in whole years; `holds` are kinds of hold."""

DERIVED_FIELDS: Mapping[str, Kind] = {
    "trigger": Kind.TEXT,
    "floor_minor": Kind.NUMBER,
    "divisible": Kind.FLAG,
}
"""What is worked out: the trigger event's type; the playbook's floor in its currency; whether
the amount makes at least two of the instalments that the playbook's offers allow."""

CHOICE_FIELDS: Mapping[str, Kind] = {"segment": Kind.TEXT, "tone": Kind.TEXT}
"""What steps' conditions know besides: the segment chosen."""


@dataclass(frozen=True)
class Traits:
    """What segments may know of a customer. Whatever is unknown stays at its default."""

    age: int | None = None
    gender: str | None = None
    occupation: str | None = None
    tier: str | None = None
    interests: Sequence[str] = ()
    country: str | None = None
    locale: str | None = None
    holds: Sequence[str] = ()
    tags: Mapping[str, Any] | None = None


def event_kinds(event_type: str) -> dict[str, Kind]:
    """The kinds of an event's fields, by name; none for an unknown type."""
    return {name: field.kind for name, field in EVENT_FIELDS.get(event_type, {}).items()}


def event_values(event_type: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Values of an event's fields for conditions. `data`: as JSON has it; dates are text."""
    fields = EVENT_FIELDS.get(event_type, {})
    values = {name: known(field.kind, data.get(name)) for name, field in fields.items()}
    return {**values, "trigger": event_type}


def customer_values(traits: Traits) -> dict[str, Any]:
    """Values of the customer's traits for conditions."""
    values: dict[str, Any] = {
        name: known(kind, getattr(traits, name, None)) for name, kind in CUSTOMER_FIELDS.items()
    }
    return {**values, "age_known": traits.age is not None}


def known(kind: Kind, value: Any) -> Any:
    """`value`, or what stands for the unknown: "" , [], {} or False; None for a number."""
    if value is None:
        return _UNKNOWN.get(kind)
    return list(value) if kind is Kind.LIST else value
