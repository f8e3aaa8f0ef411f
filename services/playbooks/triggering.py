"""Which of many playbooks an event starts, asked once for all of them.

Handing values to CEL costs more than any condition does. So the conditions of all playbooks that
listen to an event become one expression, which yields one answer for each; the values are handed
over once. What a playbook works out for itself (its floor, say) goes under a name of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.playbooks.cel_syntax import renamed
from services.playbooks.conditions import UNDECIDED, Condition, compile_condition
from services.playbooks.model import DERIVED, Playbook
from services.playbooks.plan import triggers
from services.playbooks.types import Kind
from services.playbooks.variables import EVENT_FIELDS

_MOST_GROUPS = 1024
_NEVER_MISSING = frozenset({Kind.TEXT, Kind.FLAG, Kind.LIST, Kind.MAP})


@dataclass(frozen=True)
class _Group:
    """The playbooks that listen to one type of event.

    always: positions of those that each such event starts. together: positions of those whose
    answers `asked` gives, in order. alone: positions of those that are asked one by one, since
    what they ask for may be unknown, and then one expression for all would give no answer.
    """

    always: frozenset[int]
    together: tuple[int, ...]
    asked: Condition | None
    alone: tuple[int, ...]


_GROUPS: dict[tuple[str, ...], _Group] = {}


def started_by(playbooks: Sequence[Playbook], values: Mapping[str, Any]) -> list[bool]:
    """For each playbook, whether this event brings a customer into it.

    The same as `plan.triggers` of each. `values`: `variables.event_values` of the event.
    """
    event: str = values["trigger"]
    key = (event, *(playbook.content_hash for playbook in playbooks))
    group = _GROUPS.get(key)
    if group is None:
        if len(_GROUPS) >= _MOST_GROUPS:
            _GROUPS.clear()
        group = _GROUPS[key] = _grouped(playbooks, event)
    started = [position in group.always for position in range(len(playbooks))]
    for position, holds in zip(group.together, _answers(group, playbooks, values), strict=True):
        started[position] = holds
    for position in group.alone:
        started[position] = triggers(playbooks[position], values)
    return started


def _answers(
    group: _Group, playbooks: Sequence[Playbook], values: Mapping[str, Any]
) -> Sequence[bool]:
    if group.asked is None:
        return ()
    given = dict(values)
    for position in group.together:
        own = playbooks[position].derived(values)
        given.update((f"{name}_{position}", value) for name, value in own.items())
    wanted = {name: given[name] for name in group.asked.variables if given.get(name) is not None}
    try:
        answers: list[bool] = group.asked.program.execute(wanted)
    except UNDECIDED:
        return [triggers(playbooks[position], values) for position in group.together]
    return answers


def _grouped(playbooks: Sequence[Playbook], event: str) -> _Group:
    always: set[int] = set()
    together: dict[int, str] = {}
    alone: list[int] = []
    for position, playbook in enumerate(playbooks):
        conditions = [t.when for t in playbook.document.triggers if t.event == event]
        if None in conditions:
            always.add(position)
        elif all(_is_sure(condition or "", event) for condition in conditions):
            own = {name: f"{name}_{position}" for name in DERIVED}
            asked = " || ".join(f"({renamed(one or '', own)}\n)" for one in conditions)
            together[position] = asked or "false"
        else:
            alone.append(position)
    source = f"[{', '.join(together.values())}]"
    return _Group(
        always=frozenset(always),
        together=tuple(together),
        asked=compile_condition(source) if together else None,
        alone=tuple(alone),
    )


def _is_sure(condition: str, event: str) -> bool:
    """Whether all it asks for has a value in every such event, or one that stands for unknown."""
    fields = EVENT_FIELDS.get(event, {})
    priced = all(name in fields and fields[name].always for name in ("amount_minor", "currency"))
    return all(
        name == "trigger"
        or (name in DERIVED and priced)
        or (name in fields and (fields[name].always or fields[name].type.kind in _NEVER_MISSING))
        for name in compile_condition(condition).variables
    )
