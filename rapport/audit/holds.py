"""Holds as the log tells them, and what the packs in the log say that each does."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rapport.audit.log import Fact, Log, Position
from rapport.audit.merging import Merged, Who
from rapport.audit.packs import InForce, covers, in_force_at
from schemas.common import Typed
from schemas.facts import EventApplied, HoldLifted, MessageIntended
from schemas.policy_holds import HoldRule

_EVENTS = ("customer.hold_placed", "customer.hold_lifted")


@dataclass(frozen=True, slots=True)
class Said:
    """One word on a hold: placed, or lifted by the publisher or by an operator.

    who: of whom it was said, by the id of then.
    """

    who: Who
    kind: str
    obligation: str | None
    placed: bool
    by_operator: bool
    at: datetime
    until: datetime | None
    fact: Fact[Typed]
    positions: tuple[Position, ...]

    def known(self, through: Mapping[str, int]) -> bool:
        """Whether a reader that had applied `through` had applied it."""
        return any(position.within(through) for position in self.positions)

    @property
    def rank(self) -> tuple[datetime, int]:
        """Which word is the later one."""
        return self.at, self.fact.order


@dataclass(frozen=True, slots=True)
class Standing:
    """A hold that stands, with what the packs say that it does to one contact."""

    said: Said
    silent: bool
    pack: InForce | None


class Holds:
    """All words on holds, by tenant and customer."""

    def __init__(self, log: Log, merged: Merged) -> None:
        self._merged = merged
        self._of: dict[tuple[str, str], list[Said]] = defaultdict(list)
        self._about: dict[tuple[str, str], list[Said]] = defaultdict(list)
        """By tenant and obligation: what is said of one bill, whichever party it is told of."""
        for event in log.of(EventApplied):
            if event.data.event_type in _EVENTS:
                self._add(event.who, _of_event(event))
        for lift in log.of(HoldLifted):
            kind, about = lift.data.kind, lift.data.obligation_id
            at = lift.data.at or lift.time
            said = Said(lift.who, kind, about, False, True, at, None, lift, (lift.position,))
            self._add(lift.who, said)

    def _add(self, who: tuple[str, str], said: Said) -> None:
        self._of[who].append(said)
        if said.obligation is not None:
            self._about[who[0], said.obligation].append(said)

    def _of_message(
        self, intended: Fact[MessageIntended], ids: Sequence[tuple[str, str]], joint: bool
    ) -> list[Said]:
        """What was said of the customer, under each of their ids, and of what they answer for."""
        found = [said for who in ids for said in self._of.get(who, ())]
        for obligation in intended.data.obligation_ids if joint else ():
            others = self._about.get((intended.tenant, obligation), ())
            found += [said for said in others if said not in found]
        return found

    def too_late(self, intended: Fact[MessageIntended]) -> int:
        """Holds placed before the message, of which the messenger could not know."""
        through = intended.data.applied_through
        return sum(
            one.placed and not one.known(through) and one.fact.order < intended.order
            for one in self._of.get(intended.who, ())
        )

    def standing(
        self,
        intended: Fact[MessageIntended],
        packs: Sequence[InForce],
        roles: frozenset[str],
        ids: Sequence[tuple[str, str]],
        joint: bool,
    ) -> Iterator[Standing]:
        """The holds that the messenger knew and that concern the message.

        ids: the customer's. joint: others may answer for the same, and be told of its holds.
        """
        through = intended.data.applied_through
        heard: dict[tuple[str, str | None], list[Said]] = defaultdict(list)
        for one in self._of_message(intended, ids, joint):
            # What permits again counts as soon as it is told at all.
            if one.known(through) or (not one.placed and one.fact.order < intended.order):
                heard[one.kind, one.obligation].append(one)
        for (kind, about), words in heard.items():
            rules = _rules(kind, packs, intended.data)
            stories = [self._under(who, words, ids) for who in ids]
            if joint and about is not None:
                stories.append(words)
            found: list[Said] = []
            for story in stories:
                placed = _placed(story, rules, intended.data.checked_at)
                if placed is None or placed in found:
                    continue
                found.append(placed)
                if _concerns(placed, rules, intended.data):
                    yield from _effect(placed, rules, intended.data, roles)

    def _under(self, who: Who, words: Sequence[Said], ids: Sequence[tuple[str, str]]) -> list[Said]:
        """What counts for the hold that was placed under one of a customer's ids.

        Lifted under another of them, it is lifted only where the two were one by then.
        """
        return [
            word
            for word in words
            if word.who == who
            or not (word.placed or word.who in ids)
            or (not word.placed and self._merged.one_by(word.who, who, word.at))
        ]


def _of_event(event: Fact[EventApplied]) -> Said:
    applied, data = event.data, event.data.data
    at = applied.position
    return Said(
        who=event.who,
        kind=data["kind"],
        obligation=data.get("obligation_id"),
        placed=applied.event_type == "customer.hold_placed",
        by_operator=False,
        at=applied.event_time,
        until=_instant(data.get("until")),
        fact=event,
        positions=(event.position, Position(at.topic, at.partition, at.offset)),
    )


def _rules(
    kind: str, packs: Sequence[InForce], data: MessageIntended
) -> list[tuple[InForce, HoldRule]]:
    return [
        (found, rule)
        for found in packs
        for rule in found.pack.holds
        if kind in rule.kinds and in_force_at(rule, data.checked_at, data.zones)
    ]


def _placed(
    words: Sequence[Said], rules: Sequence[tuple[InForce, HoldRule]], at: datetime
) -> Said | None:
    """The word that placed the hold, if it stands at that instant."""
    last = max((one for one in words if one.placed), key=lambda one: one.rank, default=None)
    if last is None:
        return None
    final = any(rule.lifted_by == "operator" for _, rule in rules)
    if any(_lifts(one, last, final) for one in words if not one.placed):
        return None
    days = [rule.days for _, rule in rules if rule.days]
    until = last.until or (last.at + timedelta(days=max(days)) if days else None)
    return last if final or until is None or at < until else None


def _lifts(word: Said, placed: Said, final: bool) -> bool:
    """Whether a word lifts the hold. final: only an operator's does, whenever it was told after."""
    if word.by_operator:
        return word.rank > placed.rank or word.fact.order > placed.fact.order
    return not final and word.rank > placed.rank


def _concerns(said: Said, rules: Sequence[tuple[InForce, HoldRule]], data: MessageIntended) -> bool:
    personal = any(rule.scope == "customer" for _, rule in rules)
    return said.obligation is None or personal or said.obligation in data.obligation_ids


def _effect(
    said: Said,
    rules: Sequence[tuple[InForce, HoldRule]],
    data: MessageIntended,
    roles: frozenset[str],
) -> Iterator[Standing]:
    """What it does; a kind of which no pack speaks is silence."""
    if not rules:
        yield Standing(said, True, None)
        return
    for found, rule in rules:
        if covers(rule, data.purpose, data.channel, roles):
            yield Standing(said, rule.effect != "gentler", found)


def _instant(text: Any) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if isinstance(text, str) else None
