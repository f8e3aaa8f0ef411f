"""Faults of a playbook that its schema can't see: names, types, and what can never happen."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from schemas.customer_events import EVENTS
from schemas.playbook import PlaybookDocument
from services.playbooks.check_exits import check_exits
from services.playbooks.check_steps import AGREED, TALKS, check_steps
from services.playbooks.conditions import (
    STEERING_ATTRIBUTES,
    ConditionError,
    compile_condition,
)
from services.playbooks.samples import never_holds
from services.playbooks.type_check import syntax_fault, type_fault
from services.playbooks.type_words import nearest
from services.playbooks.types import Type, words
from services.playbooks.variables import (
    CUSTOMER_FIELDS,
    DERIVED_FIELDS,
    EVENT_FIELDS,
    event_types,
)
from services.yaml_lines import Fault, LinedFile

Path = tuple[str | int, ...]
_TRIGGERING = frozenset({*(event.TYPE for event in EVENTS), AGREED, *TALKS})


def check_document(file: LinedFile, document: PlaybookDocument, folder: str) -> list[Fault]:
    """All that is wrong with playbook.yaml by itself."""
    faults: list[Fault] = []
    if document.name != folder:
        faults.append(
            file.fault(["name"], f"name: is {document.name!r}, but its folder is {folder!r}")
        )
    faults += _events(file, document)
    broken: set[Path] = set()
    for path, fault in _conditions(file, document):
        faults.append(fault)
        broken.add(path[:2])
    faults += _names(file, "segments", [s.name for s in document.segments])
    faults += _names(file, "steps", [s.name for s in document.steps])
    faults += _unreachable(file, document)
    faults += check_steps(file, document, broken)
    faults += check_exits(file, document, broken)
    return faults


def shared_fields(document: PlaybookDocument) -> dict[str, Type]:
    """The fields that each of the playbook's trigger events has."""
    every = [event_types(trigger.event) for trigger in document.triggers]
    return {name: type_ for name, type_ in every[0].items() if all(name in f for f in every)}


def step_fields(document: PlaybookDocument) -> dict[str, Type]:
    """What the steps' conditions may ask for."""
    return {
        **shared_fields(document),
        **_derived(document),
        "segment": words(*(segment.name for segment in document.segments)),
        "tone": words(*(segment.tone for segment in document.segments)),
    }


def _derived(document: PlaybookDocument) -> dict[str, Type]:
    return {**DERIVED_FIELDS, "trigger": words(*(one.event for one in document.triggers))}


def _events(file: LinedFile, document: PlaybookDocument) -> Iterable[Fault]:
    for index, trigger in enumerate(document.triggers):
        if trigger.event not in _TRIGGERING:
            why = _no_event(trigger.event, _TRIGGERING)
            yield file.fault(["triggers", index, "event"], f"event: {why}")
    for index, rule in enumerate(document.exits):
        if rule.on not in EVENT_FIELDS:
            yield file.fault(["exits", index, "on"], f"on: {_no_event(rule.on, EVENT_FIELDS)}")


def _no_event(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, sorted(known), n=1)
    remedy = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(sorted(known))}"
    if name in EVENT_FIELDS:
        return f"{name!r} is a fact, which starts nothing; name a customer event: {remedy}"
    return f"no event or fact {name!r}; {remedy}"


def _conditions(file: LinedFile, document: PlaybookDocument) -> Iterable[tuple[Path, Fault]]:
    """Each fault of a condition, with the condition's path."""
    derived = _derived(document)
    of_segments = {**shared_fields(document), **derived, **CUSTOMER_FIELDS}
    asked: list[tuple[Path, str | None, Mapping[str, Type]]] = [
        *(
            (("triggers", index), one.when, {**event_types(one.event), **derived})
            for index, one in enumerate(document.triggers)
            if one.event in EVENT_FIELDS
        ),
        *((("segments", i), one.when, of_segments) for i, one in enumerate(document.segments)),
        *((("steps", i), one.when, step_fields(document)) for i, one in enumerate(document.steps)),
        *(
            (("exits", index), one.when, event_types(one.on))
            for index, one in enumerate(document.exits)
            if one.on in EVENT_FIELDS
        ),
    ]
    for path, source, fields in asked:
        for complaint in () if source is None else _complaints(source, fields):
            yield path, file.fault((*path, "when"), f"when: {complaint}")


def _complaints(source: str, fields: Mapping[str, Type]) -> Iterable[str]:
    try:
        condition = compile_condition(source)
    except ConditionError as error:
        yield f"not CEL: {syntax_fault(source) or error}; mend what stands there"
        return
    unknown = [name for name in condition.variables if name not in fields]
    for name in unknown:
        if name in CUSTOMER_FIELDS and name.removesuffix("_known") in STEERING_ATTRIBUTES:
            yield f"{name!r} may steer segments only; ask for the segment instead"
        else:
            yield f"no variable {name!r} here; {nearest(name, fields)}"
    if unknown:
        return
    if complaint := type_fault(source, fields):
        yield complaint
    elif never_holds(condition, fields):
        yield "holds for no value at all; loosen it or remove it"


def _names(file: LinedFile, part: str, names: Sequence[str]) -> Iterable[Fault]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield file.fault([part, index, "name"], f"name: {name!r} stands twice; rename one")


def _unreachable(file: LinedFile, document: PlaybookDocument) -> Iterable[Fault]:
    """Segments that are never chosen, since one above them always is."""
    for index, segment in enumerate(document.segments):
        for above in document.segments[:index]:
            if above.when.strip() in ("true", segment.when.strip()):
                why = (
                    f"can never be chosen: {above.name!r} above it always holds when it does; "
                    "move it up, or remove it"
                )
                yield file.fault(["segments", index], f"segment {segment.name!r} {why}")
                break
