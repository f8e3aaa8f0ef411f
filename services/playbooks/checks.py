"""Faults of a playbook that its schema can't see: names, types, and what can never happen."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from schemas.playbook import PlaybookDocument
from services.playbooks.conditions import ConditionError, attributes_of, compile_condition
from services.playbooks.samples import type_fault
from services.playbooks.variables import (
    CHOICE_FIELDS,
    CUSTOMER_FIELDS,
    DERIVED_FIELDS,
    EVENT_FIELDS,
    Kind,
    event_kinds,
)
from services.yaml_lines import Fault, LinedFile

Path = tuple[str | int, ...]


def check_document(file: LinedFile, document: PlaybookDocument, folder: str) -> list[Fault]:
    """All that is wrong with playbook.yaml by itself."""
    faults: list[Fault] = []
    if document.name != folder:
        faults.append(
            file.fault(["name"], f"name: is {document.name!r}, but its folder is {folder!r}")
        )
    faults += _events(file, document)
    faults += _conditions(file, document)
    faults += _names(file, "segments", [s.name for s in document.segments])
    faults += _names(file, "steps", [s.name for s in document.steps])
    faults += _unreachable(file, document)
    faults += _exits(file, document)
    return faults


def shared_fields(document: PlaybookDocument) -> dict[str, Kind]:
    """The fields that each of the playbook's trigger events has."""
    every = [event_kinds(trigger.event) for trigger in document.triggers]
    return {name: kind for name, kind in every[0].items() if all(name in f for f in every)}


def _events(file: LinedFile, document: PlaybookDocument) -> Iterable[Fault]:
    for index, trigger in enumerate(document.triggers):
        if trigger.event not in EVENT_FIELDS:
            yield file.fault(["triggers", index, "event"], _no_event(trigger.event))
    for index, rule in enumerate(document.exits):
        if rule.on not in EVENT_FIELDS:
            yield file.fault(["exits", index, "on"], _no_event(rule.on))


def _no_event(name: str) -> str:
    return f"no event or fact {name!r}; there are {', '.join(sorted(EVENT_FIELDS))}"


def _conditions(file: LinedFile, document: PlaybookDocument) -> Iterable[Fault]:
    derived = dict(DERIVED_FIELDS)
    shared = shared_fields(document)
    for index, trigger in enumerate(document.triggers):
        fields = {**event_kinds(trigger.event), **derived}
        yield from _condition(file, ("triggers", index, "when"), trigger.when, fields)
    for index, segment in enumerate(document.segments):
        fields = {**shared, **derived, **CUSTOMER_FIELDS}
        yield from _condition(file, ("segments", index, "when"), segment.when, fields)
    for index, step in enumerate(document.steps):
        fields = {**shared, **derived, **CHOICE_FIELDS}
        yield from _condition(file, ("steps", index, "when"), step.when, fields)
    for index, rule in enumerate(document.exits):
        fields = event_kinds(rule.on)
        yield from _condition(file, ("exits", index, "when"), rule.when, fields)


def _condition(
    file: LinedFile, path: Path, source: str | None, fields: Mapping[str, Kind]
) -> Iterable[Fault]:
    if source is None:
        return
    try:
        condition = compile_condition(source)
    except ConditionError as error:
        yield file.fault(path, f"when: not CEL: {error}")
        return
    unknown = [name for name in condition.variables if name not in fields]
    for name in unknown:
        if name in attributes_of(source):
            why = f"{name!r} may steer segments only; ask for the segment instead"
        else:
            why = f"no variable {name!r} here; there are {', '.join(sorted(fields))}"
        yield file.fault(path, f"when: {why}")
    if not unknown and (complaint := type_fault(condition, fields)):
        yield file.fault(path, f"when: {complaint}")


def _names(file: LinedFile, part: str, names: Sequence[str]) -> Iterable[Fault]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield file.fault([part, index, "name"], f"name: {name!r} stands twice; rename one")


def _unreachable(file: LinedFile, document: PlaybookDocument) -> Iterable[Fault]:
    always = [index for index, s in enumerate(document.segments) if s.when.strip() == "true"]
    for index in range(always[0] + 1 if always else len(document.segments), len(document.segments)):
        above = document.segments[always[0]].name
        why = f"can never be chosen: {above!r} above it always holds; move it up"
        yield file.fault(["segments", index], f"segment {document.segments[index].name!r} {why}")
    for index, step in enumerate(document.steps):
        if not any(digit in step.valid_for for digit in "123456789"):
            yield file.fault(
                ["steps", index, "valid_for"], "valid_for: lasts no time, so it can never run"
            )
        if step.when and not _can_hold(step.when, document):
            yield file.fault(["steps", index, "when"], "when: never holds, so it can never run")


def _can_hold(source: str, document: PlaybookDocument) -> bool:
    """False where a condition over the segment, tone and trigger alone holds for none of them."""
    try:
        condition = compile_condition(source)
    except ConditionError:
        return True
    if not set(condition.variables) <= {"segment", "tone", "trigger"}:
        return True
    return any(
        condition.holds({"segment": segment.name, "tone": segment.tone, "trigger": trigger.event})
        for segment, trigger in product(document.segments, document.triggers)
    )


def _exits(file: LinedFile, document: PlaybookDocument) -> Iterable[Fault]:
    steps = {step.name for step in document.steps}
    for index, rule in enumerate(document.exits):
        for name in sorted(set(rule.keep) - steps):
            yield file.fault(["exits", index, "keep"], f"keep: no step {name!r}")
        if steps <= set(rule.keep):
            yield file.fault(["exits", index, "keep"], "keep: keeps every step, so nothing ends")
        for other in document.exits[:index]:
            if other.on == rule.on and other.when in (None, rule.when):
                why = f"the rule above it on {rule.on} already holds whenever this one does"
                yield file.fault(["exits", index], f"exit {rule.reason!r}: {why}; remove one")
        for trigger in document.triggers:
            if trigger.event == rule.on and rule.when in (None, trigger.when):
                why = f"{rule.on} both starts and ends it, for ever; give one of them a `when`"
                yield file.fault(["exits", index, "on"], f"on: {why}")
