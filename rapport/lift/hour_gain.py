"""What the learned hour has brought, against the playbook's own."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from rapport.audit.log import Fact, Log
from rapport.lift.compare import Comparison, compare, share
from rapport.lift.outcomes import Outcomes, outcomes_of
from rapport.lift.units import Unit
from schemas.facts import (
    HourChosen,
    MessageClicked,
    MessageIntended,
    OutreachEnrolled,
    OutreachStepPlanned,
)

WINDOW: Final = timedelta(days=14)
"""How long from the step's day on a click or a good end counts for its hour."""
CLICKED: Final = "clicked"
ENDED_WELL: Final = "paid, renewed, completed or active"
SIDES: Final = ("the learned hour", "the playbook's hour")


@dataclass(frozen=True, slots=True)
class HourGain:
    """One outcome of those for whom another hour than the playbook's was learned.

    comparison: those who were written to at the learned hour (`outreach`) against those who were
    drawn by lot to keep the playbook's (`holdout`). by: how many customers' hour was learned from
    whose answers (own, segment, general).
    """

    tenant: str
    playbook: str
    outcome: str
    comparison: Comparison
    by: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        """For programs; null for what can't be said."""
        told = self.comparison.as_dict()
        return {
            "tenant": self.tenant,
            "playbook": self.playbook,
            "outcome": self.outcome,
            "learned": told["outreach"],
            "control": told["holdout"],
            "difference": told["difference"],
            "interval": told["interval"],
            "why_not": told["why_not"],
            "by": dict(self.by),
        }


@dataclass(frozen=True, slots=True)
class _Case:
    """A customer's first step in a playbook for which another hour than its own was learned."""

    unit: Unit
    hour: HourChosen
    clicked: bool
    ended_well: bool


def hour_gains(log: Log, until: datetime) -> list[HourGain]:
    """By tenant and playbook. Everybody counts for whom it was planned, reached or not: who pays
    in the hours between would otherwise count for one side alone."""
    by_playbook: dict[tuple[str, str], list[_Case]] = defaultdict(list)
    for case in _cases(log, until):
        by_playbook[case.unit.tenant, case.unit.playbook].append(case)
    return [
        gain for (tenant, playbook), cases in sorted(by_playbook.items())
        for gain in _gains(tenant, playbook, cases)
    ]  # fmt: skip


def _gains(tenant: str, playbook: str, cases: list[_Case]) -> Iterator[HourGain]:
    by = Counter[str](case.hour.by for case in cases)
    for outcome, reached in (
        (CLICKED, [case.clicked for case in cases]),
        (ENDED_WELL, [case.ended_well for case in cases]),
    ):
        sides: dict[str, list[bool]] = {"learned": [], "control": []}
        for case, yes in zip(cases, reached, strict=True):
            sides[case.hour.arm].append(yes)
        compared = compare(share(sides["learned"]), share(sides["control"]), SIDES)
        yield HourGain(tenant, playbook, outcome, compared, by)


def _cases(log: Log, until: datetime) -> Iterator[_Case]:
    enrolled = {fact.data.enrolment_id: fact for fact in log.of(OutreachEnrolled)}
    outcomes, clicks = Outcomes(log), _clicks(log)
    seen: set[tuple[str, str, str]] = set()
    for fact in log.of(OutreachStepPlanned):
        hour, begun = fact.data.hour, enrolled.get(fact.data.enrolment_id)
        if hour is None or hour.wanted == hour.usual or begun is None:
            continue
        unit = _unit(begun, _day_of(fact.data))
        key = (unit.tenant, unit.customer, unit.playbook)
        if key in seen:
            continue
        seen.add(key)
        end = unit.began + WINDOW
        if end <= until:
            outcome = outcomes_of(unit.family)[0]
            clicked = any(unit.began <= at < end for at in clicks.get(fact.data.step_id, ()))
            yield _Case(unit, hour, clicked, outcomes.reached(unit, outcome, end))


def _day_of(planned: OutreachStepPlanned) -> datetime:
    """The beginning of the step's day: the same for both sides, whatever hour was chosen."""
    local = planned.due_at.astimezone(ZoneInfo(planned.zones[0]))
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def _unit(begun: Fact[OutreachEnrolled], began: datetime) -> Unit:
    data = begun.data
    return Unit(
        *begun.who,
        playbook=data.playbook,
        segment=data.segment,
        tone=data.tone,
        arm="outreach",
        family=data.obligation.kind,
        obligation_id=data.obligation.obligation_id,
        began=began,
    )


def _clicks(log: Log) -> dict[str, list[datetime]]:
    """When people followed a link, by each step that the message was about."""
    about: dict[str, Iterable[str]] = {
        fact.data.message_id: (fact.data.step_id, *fact.data.joined)
        for fact in log.of(MessageIntended)
    }
    found: dict[str, list[datetime]] = defaultdict(list)
    for fact in log.of(MessageClicked):
        if not fact.data.machine:
            for step_id in about.get(fact.data.message_id, ()):
                found[step_id].append(fact.time)
    return found
