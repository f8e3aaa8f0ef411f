"""What the policies in force make of playbooks: who may not steer where, and steps never allowed.

The playbooks' own faults are found where they are loaded (`services.playbooks.load`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from rapport.validate_words import ANY_ROLE, indiscreet, prohibited, undisclosed
from schemas.playbook import Step
from services.messenger import tenants
from services.messenger.lint import layout_faults, tenant_faults
from services.playbooks.check_steps import begins, lasting
from services.playbooks.conditions import attributes_of
from services.playbooks.model import Playbook
from services.policy.model import Approach, Hours, Pack, Steering
from services.yaml_lines import Fault, LinedFile

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`faults` refuse the playbook; `notes` say where a segment is refused and what stands in."""

    faults: Sequence[Fault]
    notes: Sequence[Fault]


def of_every_letter(tenants_dir: Path) -> Verdict:
    """What is wrong with the frame of all letters, and with the colours of those in whose name they
    go. Raises TenantFaults.
    """
    unreadable, darkened = tenant_faults(tenants_dir, tenants.load(tenants_dir))
    return Verdict([*layout_faults(), *unreadable], darkened)


def against_policies(
    playbook: Playbook, lined: LinedFile, packs: Sequence[Pack], now: datetime
) -> Verdict:
    """Judge a sound playbook by all packs. `lined`: its playbook.yaml."""
    faults = [
        *_never_allowed(lined, playbook, packs),
        *undisclosed(playbook, packs, now),
        *prohibited(lined, playbook, packs, now),
        *indiscreet(lined, playbook, packs, now),
    ]
    notes: list[Fault] = []
    for pack in packs:
        for rule in pack.forbidden:
            if rule.in_force_on(now.date()):
                found = _steered(lined, playbook, pack, rule, packs)
                faults += found.faults
                notes += found.notes
    return Verdict(faults, notes)


def _steered(
    lined: LinedFile, playbook: Playbook, pack: Pack, rule: Steering, packs: Sequence[Pack]
) -> Verdict:
    """The segments that a rule passes over, and who stands in for each."""
    faults: list[Fault] = []
    notes: list[Fault] = []
    segments = playbook.document.segments
    forbidden = [attributes_of(segment.when) & rule.attributes for segment in segments]
    for index, used in enumerate(forbidden):
        if not used:
            continue
        names = " and ".join(sorted(used))
        said = (
            f"segment {segments[index].name!r}: {where(pack, rule, packs)} {names} may not steer "
            f"{playbook.document.purpose} (rule {pack.name}/{rule.name} v{pack.version}: "
            f"{rule.citation}); it is passed over there"
        )
        below = [
            s for s, f in zip(segments[index + 1 :], forbidden[index + 1 :], strict=True) if not f
        ]
        if below:
            instead = f"{below[0].name!r} ({below[0].tone}) stands in"
            notes.append(lined.fault(["segments", index, "when"], f"{said}, and {instead}"))
        else:
            remedy = f"add a segment below it whose condition does not ask for {names}"
            faults.append(lined.fault(["segments", index, "when"], f"{said}; {remedy}"))
    return Verdict(faults, notes)


def where(pack: Pack, rule: Steering, packs: Sequence[Pack]) -> str:
    """The places of a pack in words; for a rule that yields, those with a permit excepted."""
    if not pack.everywhere:
        return f"in {', '.join(sorted(pack.countries | pack.regions | pack.cities))}"
    permitting = sorted(
        place
        for other in packs
        if rule.yields
        and any(one.loosens and one.attributes & rule.attributes for one in other.permits)
        for place in other.countries | other.regions
    )
    return f"everywhere but {', '.join(permitting)}" if permitting else "everywhere"


def _never_allowed(lined: LinedFile, playbook: Playbook, packs: Sequence[Pack]) -> Iterable[Fault]:
    """Steps whose whole window lies outside the hours that every place has."""
    such = Approach(playbook.document.purpose, "email", ANY_ROLE)
    everywhere = [
        (pack, rule)
        for pack in packs
        if pack.everywhere
        for rule in pack.hours
        if rule.covers(such) and rule.daily and rule.since is None and rule.until is None
    ]
    for index, step in enumerate(playbook.document.steps):
        for pack, rule in everywhere:
            if not _meets(step, rule):
                why = (
                    f"can never run: from {step.at or '00:00'} for {step.valid_for} it never meets "
                    f"the hours {_clock(rule.opens)} to {_clock(rule.closes)} "
                    f"({pack.name}/{rule.name} v{pack.version}); move `at` or lengthen valid_for"
                )
                yield lined.fault(["steps", index, "valid_for"], f"step {step.name!r} {why}")
                break


def _meets(step: Step, rule: Hours) -> bool:
    """Whether the step's window and the daily hours have an instant in common."""
    if step.by == "person":
        return True  # nobody is contacted yet
    if step.at is None and step.anchor != "due" and step.days == 0:
        return True  # it begins with the event, at whatever hour that comes
    start = begins(step) % _DAY
    end = start + lasting(step)
    opens, closes = timedelta(minutes=rule.opens), timedelta(minutes=rule.closes)
    return any(start < closes + day and end > opens + day for day in (timedelta(), _DAY))


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
