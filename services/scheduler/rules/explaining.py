"""Why a customer was, or was not, contacted: told from the facts of their timeline alone. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.scheduler.rules.holds import instant

RECENT = timedelta(hours=1)
"""A contact explains an instant that it was made at most so long before."""
ENDED_MATTERS = timedelta(days=30)
"""How long an enrolment that has ended still explains why nothing is sent."""
_ENDS = {
    "message.sent": "sent",
    "message.failed": "failed",
    "message.refused": "refused",
    "message.left_out": "refused",
    "message.unknown": "unknown",
    "outreach.dispatched": "dispatched",
    "outreach.step_joined": "dispatched",
    "outreach.person_due": "handed_over",
    "outreach.step_suppressed": "suppressed",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One fact of the timeline."""

    id: str
    at: datetime
    type: str
    data: Mapping[str, Any]


@dataclass(slots=True)
class StepStory:
    """A step as the facts leave it. due_at: when it is tried, while it is still open."""

    id: str
    name: str
    outcome: str
    due_at: datetime | None
    facts: list[Told] = field(default_factory=list)

    @property
    def open(self) -> bool:
        """Whether it may still lead to a contact."""
        return self.outcome in ("planned", "deferred", "dispatched")


@dataclass(frozen=True, slots=True)
class Decision:
    """What holds of one enrolment, or of a trigger that led to none, and by which rule.

    outcome: planned, deferred, dispatched, suppressed, cancelled, completed, held_out, no_match.
    to_at: when it is tried next, where that is known.
    """

    outcome: str
    at: datetime
    playbook: str
    evidence: tuple[Told, ...]
    playbook_version: int | None = None
    enrolment_id: str | None = None
    obligation_id: str | None = None
    step: str | None = None
    step_id: str | None = None
    reason: str | None = None
    rule: str | None = None
    rule_version: int | None = None
    to_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact made, or that may have been; `intended` says what it rested on."""

    intended: Told
    outcome: str
    evidence: tuple[Told, ...]


@dataclass(slots=True)
class _Enrolment:
    begun: Told
    steps: dict[str, StepStory] = field(default_factory=dict)
    ended: Told | None = None


class Story:
    """A customer's facts up to an instant, as far as they explain contact."""

    def __init__(self, facts: Iterable[Told]) -> None:
        """facts: in the order of the log."""
        self._enrolments: dict[str, _Enrolment] = {}
        self._steps: dict[str, StepStory] = {}
        self._intended: dict[str, list[Told]] = {}
        self._triggers: list[Decision] = []
        for fact in facts:
            self._take(fact)

    def contacts(self, at: datetime) -> list[Contact]:
        """The contacts of the hour up to `at`, that instant included."""
        found = []
        for facts in self._intended.values():
            intended, last = facts[0], facts[-1]
            outcome = _ENDS.get(last.type, "intended")
            if at - RECENT < intended.at <= at and outcome not in ("failed", "refused"):
                found.append(Contact(intended, outcome, tuple(facts)))
        return found

    def decisions(self, at: datetime) -> list[Decision]:
        """What held at `at` of each matter, what is still open first, then the newest."""
        found = [
            _of_enrolment(one)
            for one in self._enrolments.values()
            if one.ended is None or at - one.ended.at <= ENDED_MATTERS
        ]
        found += [one for one in self._triggers if at - one.at <= ENDED_MATTERS]
        over = {"cancelled", "completed", "no_match"}
        return sorted(found, key=lambda one: (one.outcome in over, at - one.at))

    def _take(self, fact: Told) -> None:
        data = fact.data
        match fact.type:
            case "outreach.enrolled":
                self._enrolments[data["enrolment_id"]] = _Enrolment(fact)
            case "outreach.step_planned" | "outreach.step_deferred":
                self._move(fact)
            case "outreach.cancelled" | "outreach.completed":
                if (one := self._enrolments.get(data["enrolment_id"])) is not None:
                    one.ended = fact
            case "outreach.step_suppressed" if not data.get("step_id"):
                self._triggers.append(_of_trigger(fact, "suppressed"))
            case "customer.held_out":
                self._triggers.append(_of_trigger(fact, "held_out"))
            case "customer.segmented" if not data["matched"]:
                self._triggers.append(_of_trigger(fact, "no_match"))
            case "message.intended":
                self._intended[data["dispatch_id"]] = [fact]
            case _ if fact.type in _ENDS:
                self._end(fact)

    def _move(self, fact: Told) -> None:
        data = fact.data
        one = self._enrolments.get(data["enrolment_id"])
        if one is None:
            return
        # A choice, or what came back, opens again what was complete.
        one.ended = None
        step = self._steps.setdefault(
            data["step_id"], StepStory(data["step_id"], data["step"], "planned", None)
        )
        one.steps[step.id] = step
        deferred = fact.type == "outreach.step_deferred"
        step.outcome = "deferred" if deferred else "planned"
        step.due_at = instant(data["to_at"] if deferred else data["due_at"])
        step.facts.append(fact)

    def _end(self, fact: Told) -> None:
        data = fact.data
        if (intended := self._intended.get(data.get("dispatch_id", ""))) is not None:
            intended.append(fact)
        for step_id in (data.get("step_id"), *data.get("joined", ())):
            if (step := self._steps.get(step_id or "")) is not None:
                step.outcome, step.due_at = _ENDS[fact.type], None
                step.facts.append(fact)


def _of_enrolment(one: _Enrolment) -> Decision:
    begun, data = one.begun, one.begun.data
    opened = [step for step in one.steps.values() if step.open]
    common: dict[str, Any] = {
        "playbook": data["playbook"],
        "playbook_version": data["playbook_version"],
        "enrolment_id": data["enrolment_id"],
        "obligation_id": data["obligation"]["obligation_id"],
    }
    if one.ended is not None or not opened:
        last = one.ended or _last(one)
        done = "cancelled" if last.type == "outreach.cancelled" else "completed"
        named = last.data.get("reason")
        ruled: dict[str, Any] = {}
        told = {fact.id: fact for fact in (begun, last)}
        if named == "nothing_sent" and "reason" in (why := _last(one)).data:
            # That nothing was sent says little: why the last step was not says more.
            named = why.data["reason"]
            ruled = {"rule": why.data.get("rule"), "rule_version": why.data.get("rule_version")}
            told = {fact.id: fact for fact in (begun, why, last)}
        return Decision(
            done, last.at, evidence=tuple(told.values()), reason=named, **ruled, **common
        )
    step = min(opened, key=lambda each: (each.due_at is not None, each.due_at or begun.at))
    last = step.facts[-1]
    return Decision(
        step.outcome,
        last.at,
        evidence=(begun, *step.facts[-3:]),
        step=step.name,
        step_id=step.id,
        reason=last.data.get("reason"),
        rule=last.data.get("rule"),
        rule_version=last.data.get("rule_version"),
        to_at=step.due_at,
        **common,
    )


def _last(one: _Enrolment) -> Told:
    # Of those of one instant, the last told.
    facts = [fact for step in one.steps.values() for fact in reversed(step.facts)]
    return max(facts, key=lambda fact: fact.at, default=one.begun)


def _of_trigger(fact: Told, outcome: str) -> Decision:
    data = fact.data
    return Decision(
        outcome,
        fact.at,
        data.get("playbook") or data.get("instead_of") or "",
        (fact,),
        playbook_version=data.get("playbook_version"),
        obligation_id=data.get("obligation_id"),
        reason=data.get("reason") or data.get("holdout"),
        rule=data.get("rule"),
        rule_version=data.get("rule_version"),
    )
