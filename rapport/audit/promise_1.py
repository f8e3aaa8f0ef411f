"""Promise 1: an accepted customer event takes effect exactly once; duplicates change nothing."""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

from rapport.audit.history import History
from rapport.audit.log import Fact
from rapport.audit.verdict import Outcome
from schemas.common import Typed
from schemas.facts import (
    AgreementMade,
    CustomerSegmented,
    EventApplied,
    HandoffAnswered,
    HandoffRequested,
    OutreachCancelled,
    OutreachCompleted,
    OutreachEnrolled,
)

TITLE = "An accepted customer event takes effect exactly once"

T = TypeVar("T", bound=Typed)
K = TypeVar("K", bound=Hashable)


def check(history: History) -> Outcome:
    """Look for events applied twice, and for effects without, or against, their event."""
    outcome = Outcome(1, TITLE)
    applied = history.log.of(EventApplied)
    enrolled = history.log.of(OutreachEnrolled)
    outcome.checked = {"events applied": len(applied), "enrolments": len(enrolled)}
    outcome.note("transport duplicates dropped", history.log.duplicates)
    for copy in history.log.altered:
        outcome.violate("same-id", "a fact was published again with another content", copy)
    _applied_once(applied, outcome)
    _versions(applied, outcome)
    _triggers(history, outcome)
    _enrolled_once(history, outcome)
    return outcome


def _applied_once(applied: Sequence[Fact[EventApplied]], outcome: Outcome) -> None:
    identities = _grouped(((f.tenant, f.data.event_source, f.data.event_id), f) for f in applied)
    for (tenant, source, event_id), facts in identities.items():
        if len(facts) > 1:
            what = f"event {event_id} of {source} ({tenant}) was applied {len(facts)} times"
            outcome.violate("applied-twice", what, *facts)
    positions = _grouped(
        ((f.data.position.topic, f.data.position.partition, f.data.position.offset), f)
        for f in applied
    )
    for (topic, partition, offset), facts in positions.items():
        if len({(f.tenant, f.data.event_source, f.data.event_id) for f in facts}) > 1:
            what = f"the record {topic}/{partition}@{offset} was applied as different events"
            outcome.violate("position-twice", what, *facts)


def _versions(applied: Sequence[Fact[EventApplied]], outcome: Outcome) -> None:
    """A lower version of an obligation changes nothing, and nothing else is called stale."""
    about = _grouped(
        (
            (
                f.tenant,
                f.data.event_type.partition(".")[0].replace("payment", "bill"),
                f.data.obligation_id,
            ),
            f,
        )
        for f in applied
        if f.data.obligation_id is not None and f.data.data.get("version") is not None
    )
    for (_, _, obligation), facts in about.items():
        highest = max(facts, key=_version)
        newest: dict[int, Fact[EventApplied]] = {}
        for fact in facts:
            lane, version = fact.position.partition, _version(fact)
            before = newest.get(lane)
            if before is not None and version < _version(before):
                if fact.data.effect == "applied":
                    what = f"version {version} of {obligation} took effect after {_version(before)}"
                    outcome.violate("stale-applied", what, before, fact)
            else:
                newest[lane] = fact
            if fact.data.effect == "stale_version" and version >= _version(highest):
                what = f"version {version} of {obligation} was dropped, yet none higher is known"
                outcome.violate("dropped", what, fact)


def _version(fact: Fact[EventApplied]) -> int:
    return int(fact.data.data["version"])


def _triggers(history: History, outcome: Outcome) -> None:
    """Whatever was decided upon rests on an event that took effect and may trigger."""
    events = _grouped(((f.tenant, f.data.event_id), f) for f in history.log.of(EventApplied))
    # No customer events: an agreement starts the reminders of its instalments, and a talk with a
    # person the word that an answer is there, or will come.
    log = history.log
    starting = (*log.of(AgreementMade), *log.of(HandoffRequested), *log.of(HandoffAnswered))
    agreed = {(fact.tenant, fact.id) for fact in starting}

    def judge(fact: Fact[CustomerSegmented] | Fact[OutreachEnrolled], decided: str) -> None:
        causes = events.get((fact.tenant, fact.data.trigger_event_id), [])
        if (fact.tenant, fact.data.trigger_event_id) in agreed:
            return
        if not causes:
            what = f"{decided} upon event {fact.data.trigger_event_id}, which was never applied"
            outcome.violate("no-event", what, fact)
        elif all(cause.data.effect != "applied" for cause in causes):
            what = f"{decided} upon an event that may trigger nothing ({causes[0].data.effect})"
            outcome.violate("stale-triggered", what, *causes, fact)

    for segmented in history.log.of(CustomerSegmented):
        if segmented.data.matched:
            judge(segmented, f"{segmented.data.playbook} was matched")
    for enrolled in history.log.of(OutreachEnrolled):
        judge(enrolled, f"{enrolled.data.playbook} was begun")


def _enrolled_once(history: History, outcome: Outcome) -> None:
    """One enrolment at a time for a playbook, obligation and customer; one for each trigger.

    One that continues another rests on the same trigger, and begins after the other has ended.
    """
    ends: dict[str, list[int]] = defaultdict(list)
    log = history.log
    over: list[Fact[OutreachCancelled] | Fact[OutreachCompleted]] = [
        *log.of(OutreachCancelled),
        *log.of(OutreachCompleted),
    ]
    for end in over:
        ends[end.data.enrolment_id].append(end.order)
    about = _grouped(
        ((f.who, f.data.playbook, f.data.obligation.kind, f.data.obligation.obligation_id), f)
        for f in history.log.of(OutreachEnrolled)
    )
    for (_, playbook, _, obligation), facts in about.items():
        for before, after in pairwise(facts):
            continues = after.data.continues == before.data.enrolment_id
            same_event = before.data.trigger_event_id == after.data.trigger_event_id
            if same_event and not continues:
                what = f"{playbook} was begun twice about {obligation} upon one event"
                outcome.violate("enrolled-twice", what, before, after)
            elif not _ended_between(ends[before.data.enrolment_id], before, after):
                what = f"{playbook} was begun about {obligation} while it was already running"
                outcome.violate("enrolled-twice", what, before, after)


def _ended_between(orders: Sequence[int], before: Fact[Typed], after: Fact[Typed]) -> bool:
    return any(before.order < order < after.order for order in orders)


def _grouped(pairs: Iterator[tuple[K, Fact[T]]]) -> Mapping[K, list[Fact[T]]]:
    found: dict[K, list[Fact[T]]] = defaultdict(list)
    for key, fact in pairs:
        found[key].append(fact)
    return found
