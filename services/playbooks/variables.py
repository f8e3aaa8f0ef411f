"""What conditions and templates may ask for, by name and kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from pydantic import BaseModel

from schemas import customer_events, facts
from schemas.common import HoldKind, Personal, Tone
from schemas.world import COUNTRIES, CURRENCIES
from services.playbooks.tags import TAGS
from services.playbooks.types import (
    DATE,
    FLAG,
    FRACTION,
    MONEY,
    NUMBER,
    TEXT,
    TEXTS,
    Kind,
    Type,
    list_of,
    map_of,
    words,
)


@dataclass(frozen=True)
class Field:
    """A field of an event. `always`: every such event has a value for it."""

    type: Type
    always: bool


_UNKNOWN: Mapping[Kind, Any] = {Kind.TEXT: "", Kind.FLAG: False, Kind.LIST: [], Kind.MAP: {}}
_BY_NAME: Mapping[str, Type] = {"currency": words(*CURRENCIES), "country": words(*COUNTRIES)}


def _type(annotation: Any) -> Type | None:
    """The type of a contract's field; None for what conditions can't use."""
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        personal = any(isinstance(mark, Personal) for mark in inside[1:])
        return None if personal else _type(inside[0])
    if origin in (Union, UnionType):
        types = [_type(part) for part in inside if part is not type(None)]
        if len({one and one.kind for one in types}) > 1:
            return None
        return types[0] if len(types) == 1 else _together(types)
    if origin is tuple:
        item = _type(inside[0])
        return list_of(item) if item and item.kind is Kind.TEXT else None
    if origin is Literal:
        return words(*inside)
    known: Mapping[Any, Type] = {str: TEXT, date: DATE, bool: FLAG, int: NUMBER, float: FRACTION}
    return known.get(annotation)


def _together(types: Sequence[Type | None]) -> Type | None:
    """What is one of several types of one kind: `Channel | Literal["*"]` is five words."""
    said = [one.words for one in types if one]
    together = None if None in said else frozenset().union(*(one or () for one in said))
    return types[0] and replace(types[0], words=together)


def _fields(model: type[BaseModel]) -> dict[str, Field]:
    """A contract's fields, less the personal ones: no fact repeats them, so none may decide."""
    found: dict[str, Field] = {}
    for name, info in model.model_fields.items():
        type_ = _type(info.annotation)
        if type_ and not any(isinstance(mark, Personal) for mark in info.metadata):
            type_ = MONEY if name.endswith("_minor") else _BY_NAME.get(name, type_)
            found[name] = Field(type_, info.is_required() or info.default is not None)
    return found


EVENT_FIELDS: Mapping[str, Mapping[str, Field]] = {
    model.TYPE: _fields(model) for model in (*customer_events.EVENTS, *facts.FACTS)
}
"""Fields of events and facts that conditions may use, by event type. Instants
are left out, since as text they would compare wrongly across offsets."""

CUSTOMER_FIELDS: Mapping[str, Type] = {
    "age": NUMBER,
    "age_known": FLAG,
    "gender": TEXT,
    "occupation": TEXT,
    "tier": TEXT,
    "interests": TEXTS,
    "country": words(*COUNTRIES),
    "locale": TEXT,
    "holds": list_of(words(*get_args(HoldKind))),
    "tags": map_of(TAGS),
}
"""What segments may know of the customer. `age` is in whole years; `holds` are kinds of hold."""

DERIVED_FIELDS: Mapping[str, Type] = {
    "trigger": TEXT,
    "floor_minor": MONEY,
    "divisible": FLAG,
}
"""What is worked out: the trigger event's type; the playbook's floor in its currency; whether
the amount makes at least two of the instalments that the playbook's offers allow."""

CHOICE_FIELDS: Mapping[str, Type] = {"segment": TEXT, "tone": words(*get_args(Tone))}
"""What steps' conditions know besides: the segment chosen."""


class Traits(msgspec.Struct, frozen=True):
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


def event_types(event_type: str) -> dict[str, Type]:
    """The types of an event's fields, by name; none for an unknown event."""
    return {name: field.type for name, field in EVENT_FIELDS.get(event_type, {}).items()}


def event_values(event_type: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Values of an event's fields for conditions. `data`: as JSON has it; dates are text."""
    unknown = _unknown_values(event_type)
    given = {name: data[name] for name in data if name in unknown and data[name] is not None}
    return {**unknown, **given, "trigger": event_type}


@cache
def _unknown_values(event_type: str) -> dict[str, Any]:
    """What stands for each field where it is not known."""
    fields = EVENT_FIELDS.get(event_type, {})
    return {name: _UNKNOWN.get(field.type.kind) for name, field in fields.items()}


def customer_values(traits: Traits) -> dict[str, Any]:
    """Values of the customer's traits for conditions: those of `CUSTOMER_FIELDS`."""
    return {
        "age": traits.age,
        "age_known": traits.age is not None,
        "gender": traits.gender or "",
        "occupation": traits.occupation or "",
        "tier": traits.tier or "",
        "interests": list(traits.interests),
        "country": traits.country or "",
        "locale": traits.locale or "",
        "holds": list(traits.holds),
        "tags": traits.tags or {},
    }
