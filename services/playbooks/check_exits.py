"""Exit rules that contradict each other, end nothing, or end what they begin."""

from collections.abc import Container, Iterable

from schemas.playbook import PlaybookDocument
from services.playbooks.conditions import Condition, compile_condition
from services.playbooks.samples import both_hold, shown
from services.playbooks.variables import DERIVED_FIELDS, event_types
from services.yaml_lines import Fault, LinedFile

Path = tuple[str | int, ...]

UNHEARD = frozenset(
    {
        "customer.segmented",
        "customer.held_out",
        "event.applied",
        "log.heartbeat",
        "message.opened",
        "policy.in_force",
        "policy.refused",
        "authority.in_force",
        "affordability.stated",
        "dead.letter",
    }
)
"""Facts that end nothing. Neither do the scheduler's own (`outreach.`)."""


def check_exits(
    file: LinedFile, document: PlaybookDocument, broken: Container[Path]
) -> Iterable[Fault]:
    """Name each exit rule at fault. `broken`: paths of parts whose conditions are faulty."""
    yield from _kept(file, document)
    for index, rule in enumerate(document.exits):
        if ("exits", index) in broken:
            continue
        if rule.on in UNHEARD or rule.on.startswith("outreach."):
            why = f"{rule.on} ends nothing; name the event or fact behind it"
            yield file.fault(["exits", index, "on"], f"on: {why}")
        else:
            yield from _conflicts(file, document, index, broken)
            yield from _cycles(file, document, index, broken)


def _kept(file: LinedFile, document: PlaybookDocument) -> Iterable[Fault]:
    steps = {step.name for step in document.steps}
    for index, rule in enumerate(document.exits):
        for name in sorted(set(rule.keep) - steps):
            why = f"no step {name!r}; there are {', '.join(sorted(steps))}"
            yield file.fault(["exits", index, "keep"], f"keep: {why}")
        if steps <= set(rule.keep):
            why = "keeps every step, so nothing ends; leave out those that shall end"
            yield file.fault(["exits", index, "keep"], f"keep: {why}")


def _conflicts(
    file: LinedFile, document: PlaybookDocument, index: int, broken: Container[Path]
) -> Iterable[Fault]:
    rule, fields = document.exits[index], event_types(document.exits[index].on)
    for position, other in enumerate(document.exits[:index]):
        if other.on != rule.on or ("exits", position) in broken:
            continue
        if other.when in (None, rule.when):
            why = f"the rule above it on {rule.on} already holds whenever this one does"
            yield file.fault(["exits", index], f"exit {rule.reason!r}: {why}; remove one")
        elif (other.reason, other.keep) != (rule.reason, rule.keep):
            example = both_hold(_compiled(other.when), _compiled(rule.when), fields)
            if example is not None:
                why = f"{other.reason!r} above it holds as well for {shown(example)}"
                remedy = "let their conditions exclude each other"
                yield file.fault(["exits", index], f"exit {rule.reason!r}: {why}; {remedy}")


def _cycles(
    file: LinedFile, document: PlaybookDocument, index: int, broken: Container[Path]
) -> Iterable[Fault]:
    rule = document.exits[index]
    fields = {**event_types(rule.on), **DERIVED_FIELDS}
    for position, trigger in enumerate(document.triggers):
        if trigger.event != rule.on or ("triggers", position) in broken:
            continue
        example = both_hold(_compiled(trigger.when), _compiled(rule.when), fields)
        if example is not None:
            when = f" ({shown(example)})" if example else ""
            why = f"{rule.on} both starts and ends it, for ever{when}"
            remedy = "give one of them a `when` that excludes the other"
            yield file.fault(["exits", index, "on"], f"on: {why}; {remedy}")


def _compiled(when: str | None) -> Condition | None:
    return None if when is None else compile_condition(when)
