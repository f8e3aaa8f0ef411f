"""Finds type errors in a condition by trying it on values of the right kinds.

CEL checks types as it evaluates, so a wrong one would show only for the customer who meets it.
The values tried are the literals in the condition itself, and those beside them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Any

from services.playbooks.conditions import Condition
from services.playbooks.variables import Kind

_TRIALS = 512
_TEXT = re.compile(r'"([^"\\]*)"|\'([^\'\\]*)\'')
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")
_KNOWN_FUNCTIONS = frozenset(
    {"contains", "startsWith", "endsWith", "matches", "size", "int", "double", "string"}
)


_COMPARING = frozenset(
    {"_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "_&&_", "_||_", "!_", "_?_:_", "@in", "size"}
)
"""With these alone, what holds at all holds for one of the samples."""


def type_fault(condition: Condition, fields: Mapping[str, Kind]) -> str | None:
    """What is wrong with the condition's types, or None. Its variables are all in `fields`."""
    named = [name for name in condition.functions if name[0] not in "@_!-"]
    unknown = sorted(set(named) - _KNOWN_FUNCTIONS)
    if unknown:
        return f"no function {unknown[0]!r}; there are {', '.join(sorted(_KNOWN_FUNCTIONS))}"
    held = decided = 0
    for values in islice(_samples(condition, fields), _TRIALS):
        try:
            outcome = condition.program.execute(values)
        except (TypeError, RuntimeError, ValueError) as error:
            return f"{_brief(error)} (with {_shown(values)})"
        except KeyError:
            continue  # a tag the customer lacks: undecided, so it doesn't hold
        if not isinstance(outcome, bool):
            return f"gives {outcome!r}, where true or false is wanted (with {_shown(values)})"
        decided, held = decided + 1, held + outcome
    if decided and not held and decided < _TRIALS and condition.functions <= _COMPARING:
        return "holds for no value at all; is it compared with another type?"
    return None


def _samples(condition: Condition, fields: Mapping[str, Kind]) -> Iterator[dict[str, Any]]:
    literals = [a or b for a, b in _TEXT.findall(condition.source)]
    texts = ["", *literals, *(text + "~" for text in literals)]
    named = [float(number) for number in _NUMBER.findall(condition.source)]
    numbers = sorted({0.5, 1e6, *(n + d for n in named for d in (-0.5, 0, 0.5))})
    choices: dict[Kind, Sequence[Any]] = {
        Kind.TEXT: texts,
        Kind.NUMBER: [int(n) if n == int(n) else n for n in numbers],
        Kind.FLAG: [False, True],
        Kind.LIST: [[], literals or ["x", "y"], [*literals, "x", "y"]],
        Kind.MAP: [{}],
    }
    names = condition.variables
    for values in product(*(choices[fields[name]] for name in names)):
        yield dict(zip(names, values, strict=True))


def _brief(error: Exception) -> str:
    text = str(error).split(". ")[0]
    return text[:1].lower() + text[1:]


def _shown(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value!r}" for name, value in values.items()) or "no variable"
