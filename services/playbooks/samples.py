"""Tries conditions on values: does one ever hold, and can two hold at once?

The values tried are those written in the conditions, and those beside them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import islice, product
from typing import Any

from services.playbooks.conditions import Condition
from services.playbooks.types import Kind, Type

_TRIALS = 512
_TEXT = re.compile(r'"([^"\\]*)"|\'([^\'\\]*)\'')
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")
_LONGEST = 50
_COMPARING = frozenset(
    {"_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "_&&_", "_||_", "!_", "_?_:_", "@in", "size"}
)
"""With these alone, what holds at all holds for one of the samples."""


def never_holds(condition: Condition, fields: Mapping[str, Type]) -> bool:
    """Whether it surely holds for no value at all. Its names and types are sound."""
    if not condition.functions <= _COMPARING:
        return False
    trials = 0
    for values in islice(_samples((condition,), fields), _TRIALS):
        trials += 1
        if condition.holds(values):
            return False
    return 0 < trials < _TRIALS and not any(fields[n].kind is Kind.MAP for n in condition.variables)


def both_hold(
    one: Condition | None, other: Condition | None, fields: Mapping[str, Type]
) -> dict[str, Any] | None:
    """Values for which both hold, or None where none is found. An absent one always holds."""
    conditions = [condition for condition in (one, other) if condition is not None]
    for values in islice(_samples(conditions, fields), _TRIALS * 4):
        if all(condition.holds(values) for condition in conditions):
            return values
    return None


def shown(values: Mapping[str, Any]) -> str:
    """Values as they are named in a complaint."""
    return ", ".join(f"{name} = {value!r}" for name, value in values.items()) or "always"


def _samples(
    conditions: Sequence[Condition], fields: Mapping[str, Type]
) -> Iterator[dict[str, Any]]:
    source = "\n".join(condition.source for condition in conditions)
    literals = [a or b for a, b in _TEXT.findall(source)]
    numbers = [float(number) for number in _NUMBER.findall(_TEXT.sub("", source))]
    names = sorted({name for condition in conditions for name in condition.variables})
    choices = [_values(fields[name], literals, numbers) for name in names]
    for values in product(*choices):
        yield dict(zip(names, values, strict=True))


def _values(type_: Type, literals: Sequence[str], numbers: Sequence[float]) -> Sequence[Any]:
    """What a variable of this type may be, as far as the conditions could tell it apart."""
    match type_.kind:
        case Kind.FLAG:
            return [False, True]
        case Kind.DATE:
            return _days(literals)
        case Kind.LIST:
            return _lists(type_.item, literals, numbers)
        case Kind.MAP:
            return [{}]
        case Kind.TEXT:
            return ["", *_texts(type_, literals), *("x" * n for n in _lengths(type_, numbers))]
    beside = (-1, 0, 1) if type_.whole else (-0.5, 0, 0.5)
    found = sorted({0.0, 1.0, 1e3, 1e6, *(n + d for n in numbers for d in beside)})
    return [int(n) if n == int(n) else n for n in found if not type_.whole or n == int(n)]


def _texts(type_: Type, literals: Sequence[str]) -> list[str]:
    """The texts named, those beside them, and two others."""
    named = list(dict.fromkeys(literals))
    if type_.words is None:
        return [*(text + more for text in named for more in ("", "~")), "x", "y"]
    known = [word for word in named if word in type_.words]
    return [*known, *sorted(type_.words - set(known))[:2]]


def _lengths(type_: Type, numbers: Sequence[float]) -> list[int]:
    """How long an open text may have to be, as far as the conditions name numbers."""
    if type_.words is not None:
        return []
    return sorted({int(n) + d for n in numbers for d in (0, 1) if 1 < n + d <= _LONGEST})


def _days(literals: Sequence[str]) -> list[str]:
    days = [date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3)]
    for text in literals:
        try:
            named = date.fromisoformat(text)
        except ValueError:
            continue
        days += [named + timedelta(days=d) for d in (-1, 0, 1)]
    return [day.isoformat() for day in sorted(set(days))]


def _lists(item: Type | None, literals: Sequence[str], numbers: Sequence[float]) -> list[list[str]]:
    texts = _texts(item or Type(Kind.TEXT), literals)
    named = [text for text in texts if text in literals]
    other = [text for text in texts if text not in named][:1]
    lengths = {int(n) + d for n in numbers for d in (0, 1) if 0 < n + d <= _LONGEST}
    return [[], *([text] for text in texts), named, [*named, *other]] + [
        (named or other or ["x"]) * length for length in sorted(lengths)
    ]
