"""Conditions in CEL: compiled once, evaluated once an event.

Converting values for CEL costs more than any rule does, so the segments of a playbook become
one expression that yields the index of the first that holds, and only the variables which it
uses are handed over.

**What is unknown matches nothing.** A number or date that is not known (an age, say) is not
handed over at all; a comparison with it is then undecided, as NULL is in SQL: `age < 28` and
`age != 28` both fail to hold, while `age < 28 || tier == "gold"` holds for gold. Unknown text
is "", an unknown list is [], an unknown flag is false.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from services.playbooks import cel_engine as cel
from services.playbooks.model import DERIVED, Playbook
from services.playbooks.tags import TAG_ATTRIBUTES, asked_in

STEERING_ATTRIBUTES = frozenset(
    {"age", "gender", "occupation", "tier", "interests", "country", "locale"}
)
"""What a segment may know of the person (rather than of the matter), and a policy may forbid."""

PERMITTED_BY_DEFAULT = STEERING_ATTRIBUTES - {"age", "gender"}
"""The careful default: age and gender steer nothing until a policy in force permits them."""

_BOUND = re.compile(r"\.(?:all|exists|exists_one|filter|map)\(\s*(\w+)\s*,")
UNDECIDED = (RuntimeError, TypeError, KeyError, ValueError, OverflowError)
"""What CEL raises where something it needs is unknown."""


class ConditionError(ValueError):
    """The text is not CEL. The message says where."""


@dataclass(frozen=True)
class Condition:
    """A compiled condition. `variables`: the names it asks for."""

    source: str
    program: cel.Program
    variables: tuple[str, ...]
    functions: frozenset[str]

    def holds(self, values: Mapping[str, Any]) -> bool:
        """True where it is surely so; undecided (something it needs is unknown) is False."""
        try:
            return self.program.execute(_pick(self.variables, values)) is True
        except UNDECIDED:
            return False


@lru_cache(maxsize=4096)
def compile_condition(source: str) -> Condition:
    """Compile one condition. Raises ConditionError."""
    try:
        program = cel.compile(source)
    except ValueError as error:
        raise ConditionError(_where(str(error))) from error
    bound = set(_BOUND.findall(source))
    names = tuple(sorted(name for name in program.variables() if name not in bound))
    return Condition(source, program, names, frozenset(program.functions()))


def condition_holds(source: str | None, values: Mapping[str, Any]) -> bool:
    """Does `source` hold for `values`? An absent condition always does. Raises ConditionError."""
    return source is None or compile_condition(source).holds(values)


@dataclass(frozen=True)
class PassedOver:
    """A segment that was not tried, because the policy in force forbids an attribute it uses."""

    segment: str
    attribute: str


@dataclass(frozen=True)
class SegmentChoice:
    """The first segment that holds; `name` and `tone` are None where none does."""

    name: str | None
    tone: str | None
    passed_over: tuple[PassedOver, ...] = ()


def choose_segment(
    playbook: Playbook,
    values: Mapping[str, Any],
    permitted: frozenset[str] = PERMITTED_BY_DEFAULT,
) -> SegmentChoice:
    """Which segment a customer is in.

    `values`: from `variables.event_values` and `variables.customer_values`.
    `permitted`: the steering attributes that every policy in force at the customer's place
    lets decide. A segment that uses another is passed over, unread.
    """
    ladder = _ladder(playbook.conditions, playbook.attributes, permitted)
    chosen = _first(ladder, playbook.with_derived(values) if ladder.derives else values)
    segments = playbook.document.segments
    end = len(segments) if chosen is None else chosen
    passed_over = tuple(
        PassedOver(segments[index].name, attribute)
        for index, attribute in ladder.passed_over
        if index < end
    )
    if chosen is None:
        return SegmentChoice(None, None, passed_over)
    return SegmentChoice(segments[chosen].name, segments[chosen].tone, passed_over)


def attributes_of(condition: str) -> frozenset[str]:
    """The steering attributes that a condition asks for (`age_known` asks for age).

    A tag that repeats one counts as that one.
    """
    names = compile_condition(condition).variables
    repeated = {TAG_ATTRIBUTES[name] for name in asked_in(condition) if name in TAG_ATTRIBUTES}
    return STEERING_ATTRIBUTES & {name.removesuffix("_known") for name in names} | repeated


_FEW_VALUES = STEERING_ATTRIBUTES | {"age_known", "holds"}
"""What has so few values together that most customers' answers are known already."""
_MOST_ANSWERS = 10_000


@dataclass(frozen=True)
class _Ladder:
    """The segments to try under one set of permissions: positions, and all as one expression.

    `derives`: it asks for something that the playbook works out for itself. `answers`: what is
    known already, by the values asked for; None: these are too many to keep.
    """

    usable: tuple[int, ...]
    conditions: tuple[Condition, ...]
    chain: Condition
    derives: bool
    passed_over: tuple[tuple[int, str], ...]
    answers: dict[tuple[Any, ...], int | None] | None


@lru_cache(maxsize=1024)
def _ladder(
    conditions: tuple[str, ...],
    attributes: tuple[frozenset[str], ...],
    permitted: frozenset[str],
) -> _Ladder:
    usable = tuple(i for i, used in enumerate(attributes) if used <= permitted)
    branches = "".join(f"({conditions[index]}\n) ? {index} : " for index in usable)
    chain = compile_condition(branches + "-1")
    return _Ladder(
        usable=usable,
        conditions=tuple(compile_condition(conditions[index]) for index in usable),
        chain=chain,
        derives=not DERIVED.isdisjoint(chain.variables),
        passed_over=tuple(
            (index, name)
            for index, used in enumerate(attributes)
            for name in sorted(used - permitted)
        ),
        answers={} if _FEW_VALUES.issuperset(chain.variables) else None,
    )


def _first(ladder: _Ladder, values: Mapping[str, Any]) -> int | None:
    """Position of the first segment that holds."""
    answers = ladder.answers
    if answers is None:
        return _ask(ladder, values)
    key = tuple(hashable(values.get(name)) for name in ladder.chain.variables)
    if key not in answers:
        if len(answers) >= _MOST_ANSWERS:
            answers.clear()
        answers[key] = _ask(ladder, values)
    return answers[key]


def hashable(value: Any) -> Any:
    """A value of a condition's variable as a key of what is known already."""
    return tuple(value) if isinstance(value, list) else value


def _ask(ladder: _Ladder, values: Mapping[str, Any]) -> int | None:
    chain = ladder.chain
    try:
        index: int = chain.program.execute(_pick(chain.variables, values))
    except UNDECIDED:
        # Something is unknown, and CEL can't catch that within one expression: one by one.
        for position, condition in zip(ladder.usable, ladder.conditions, strict=True):
            if condition.holds(values):
                return position
        return None
    return None if index < 0 else index


def _pick(names: Sequence[str], values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name in names if (value := values.get(name)) is not None}


def _where(message: str) -> str:
    """Shorten the parser's message to its position and complaint."""
    found = re.search(r"<input>:(\d+):(\d+): (.*)", message)
    if not found:
        return message.splitlines()[0]
    return f"column {found[2]}: {found[3]}"
