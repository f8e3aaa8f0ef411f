"""Steps that can never run."""

from collections.abc import Container, Iterable
from datetime import timedelta
from itertools import product

from pydantic import TypeAdapter

from schemas.playbook import PlaybookDocument, Step
from services.playbooks.conditions import compile_condition
from services.playbooks.variables import EVENT_FIELDS
from services.yaml_lines import Fault, LinedFile

DUE_FIELDS = ("due_date", "expires_on", "valid_until")
"""Fields of trigger events that give the day from which `anchor: due` counts."""

AGREED = "agreement.made"
"""A fact that starts a playbook: then its own anchors count, and no due date of the bill."""

TALKS = frozenset({"handoff.answered", "handoff.requested"})
"""Facts that start an answer to the customer, in whose talk with a person it is sent."""

_OF_AGREEMENTS = frozenset({"instalment", "completed"})

_AFTER_DUE = frozenset({"payment.missed", "subscription.expired"})
"""Events that come when the due, or last, day is over."""

_DURATION = TypeAdapter(timedelta)
_DAY = timedelta(days=1)


def check_steps(
    file: LinedFile, document: PlaybookDocument, broken: Container[tuple[str | int, ...]]
) -> Iterable[Fault]:
    """Name each step that can never run. `broken`: paths of parts whose conditions are faulty."""
    if any(trigger.event not in EVENT_FIELDS for trigger in document.triggers):
        return
    for index, step in enumerate(document.steps):
        if ("steps", index) in broken:
            continue
        path: tuple[str | int, ...] = ("steps", index)
        triggers = _triggers_of(step, document)
        if not lasting(step):
            remedy = "give it a length, such as PT12H"
            yield file.fault([*path, "valid_for"], f"valid_for: lasts no time; {remedy}")
        elif not triggers:
            why = "never holds for any segment, tone and trigger; loosen it, or remove the step"
            yield file.fault([*path, "when"], f"when: {why}")
        elif step.anchor in _OF_AGREEMENTS and set(triggers) != {AGREED}:
            why = f"counts from an agreement; trigger it by {AGREED} alone"
            yield file.fault([*path, "anchor"], f"anchor: {why}")
        elif step.anchor == "due":
            yield from _from_due(file, index, step, triggers, document.about)
        yield from _overtaken(file, index, document)


def lasting(step: Step) -> timedelta:
    """How long after its instant the step may still run."""
    return _DURATION.validate_python(step.valid_for)


def begins(step: Step) -> timedelta:
    """From the start of day zero to the step's instant; where no time is given, the day's start."""
    hours, _, minutes = (step.at or "00:00").partition(":")
    return timedelta(days=step.days, hours=int(hours), minutes=int(minutes))


def _triggers_of(step: Step, document: PlaybookDocument) -> list[str]:
    """The triggers under which the step may be planned."""
    events = [trigger.event for trigger in document.triggers]
    if step.when is None:
        return events
    condition = compile_condition(step.when)
    if not set(condition.variables) <= {"segment", "tone", "trigger"}:
        return events
    return [
        event
        for event, segment in product(events, document.segments)
        if condition.holds({"segment": segment.name, "tone": segment.tone, "trigger": event})
    ]


def _from_due(
    file: LinedFile, index: int, step: Step, triggers: list[str], about: str
) -> Iterable[Fault]:
    """Faults of a step that counts from the due, or last, day."""
    path: tuple[str | int, ...] = ("steps", index)
    if not any(field in EVENT_FIELDS[event] for event in triggers for field in DUE_FIELDS):
        why = f"{' and '.join(sorted(set(triggers)))} gives no due date; write anchor: trigger"
        yield file.fault([*path, "anchor"], f"anchor: can never run: {why}")
    elif set(triggers) <= _AFTER_DUE and begins(step) + lasting(step) <= _DAY:
        why = f"{triggers[0]} comes when the due day is over, and the step is too; raise days"
        yield file.fault([*path, "days"], f"days: can never run: {why}")
    elif about == "benefit" and begins(step) >= _DAY:
        why = "comes after the benefit's last day; lower days"
        yield file.fault([*path, "days"], f"days: {why}")


def _overtaken(file: LinedFile, index: int, document: PlaybookDocument) -> Iterable[Fault]:
    """Of two steps at one instant only the later one goes out."""
    step = document.steps[index]
    for other in document.steps[index + 1 :]:
        if _instant(other) == _instant(step) and other.when in (None, step.when):
            why = f"can never run: {other.name!r} stands at the same instant and overtakes it"
            yield file.fault(["steps", index], f"step {step.name!r} {why}; move one of them")
            return


def _instant(step: Step) -> tuple[object, ...]:
    """What decides when it goes out by the playbook: all but its words."""
    told = step.model_dump(exclude={"name", "template", "when", "valid_for", "own_hour"})
    return tuple(sorted(told.items(), key=lambda item: item[0]))
