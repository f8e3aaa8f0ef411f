"""What holds ask of a contact, by the packs in force: one table for scheduler and messenger. Pure.

A hold that no rule speaks of is silence: what nobody foresaw is not risked.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from services.policy.model import Approach, HoldRule, Pack, Zones
from services.policy.places import in_force

_STRICTNESS = {"gentler": 0, "person_only": 1, "redirect": 2, "stop": 3}
_UNFORESEEN = "holds"
"""Rule of a hold that no pack speaks of."""


class Hold(Protocol):
    """A typed reason that stops or changes contact, with the last words on it."""

    @property
    def kind(self) -> str:
        """Kind by the contract of `customer.hold_placed`."""

    @property
    def obligation_id(self) -> str | None:
        """The obligation it is about; None: the whole customer."""

    @property
    def at(self) -> datetime | None:
        """When it was placed last; None: only lifted so far."""

    @property
    def until(self) -> datetime | None:
        """When it ends by itself, as it was placed; None: not said."""

    @property
    def lifted_at(self) -> datetime | None:
        """When the publisher lifted it last; what was placed after that is not lifted."""

    @property
    def freed_at(self) -> datetime | None:
        """When an operator lifted it last; what was placed after that is not lifted."""


class Words(NamedTuple):
    """The last words on a hold: each the newest of its kind, in whatever order they are told."""

    at: datetime | None = None
    until: datetime | None = None
    lifted_at: datetime | None = None
    freed_at: datetime | None = None

    def placed(self, at: datetime, until: datetime | None) -> "Words":
        """After it was placed; told late, it changes only what is older.

        Placed and lifted at one instant, it is as the last of the two that was told has it.
        """
        if self.at is not None and self.at > at:
            return self

        def but_then(lift: datetime | None) -> datetime | None:
            return None if lift == at else lift

        return Words(at, until, but_then(self.lifted_at), but_then(self.freed_at))

    def lifted(self, at: datetime, by_operator: bool) -> "Words":
        """After it was lifted, by the publisher or by an operator."""
        if by_operator:
            return self._replace(freed_at=max(filter(None, (self.freed_at, at))))
        return self._replace(lifted_at=max(filter(None, (self.lifted_at, at))))


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a standing hold asks. rule is `pack/rule`. until: when it ends by itself, if it does.

    to: whom a person turns to instead of the customer. resumes: what was planned goes on after it.
    """

    kind: str
    effect: str
    rule: str
    rule_version: int
    until: datetime | None = None
    to: str | None = None
    resumes: bool = True

    @property
    def silent(self) -> bool:
        """Whether the machine says nothing."""
        return self.effect != "gentler"

    @property
    def asks_person(self) -> bool:
        """Whether a person is to see to what the machine must not."""
        return self.effect in ("person_only", "redirect")

    @property
    def reason(self) -> str:
        """Why a contact is not made."""
        return f"hold:{self.kind}"


def ruling(
    holds: Sequence[Hold], approach: Approach, zones: Zones, packs: Sequence[Pack], now: datetime
) -> Ruling | None:
    """What the strictest of the standing holds asks of this contact; None: nothing.

    packs: those that apply at the place.
    """
    found = rulings(holds, approach, zones, packs, now) if holds else ()
    return max(found, key=lambda one: (_STRICTNESS[one.effect], not one.resumes), default=None)


def rulings(
    holds: Iterable[Hold], approach: Approach, zones: Zones, packs: Sequence[Pack], now: datetime
) -> Iterator[Ruling]:
    """What each standing hold asks of this contact."""
    for hold in holds:
        rules = _rules(hold.kind, zones, packs, now)
        until = _until(hold, rules)
        if not _stands(hold, rules, until, now) or not _about(hold, rules, approach.obligation_ids):
            continue
        if not rules:
            yield Ruling(hold.kind, "stop", _UNFORESEEN, 1, until)
            continue
        covering = [(p, rule) for p, rule in rules if rule.covers(approach)]
        if covering:
            pack, rule = max(covering, key=lambda one: _STRICTNESS[one[1].effect])
            yield Ruling(
                hold.kind,
                rule.effect,
                f"{pack.name}/{rule.name}",
                pack.version,
                until,
                rule.to,
                all(one.resumes for _, one in covering),
            )


def standing(
    holds: Iterable[Hold],
    obligation_ids: Collection[str],
    zones: Zones,
    packs: Sequence[Pack],
    now: datetime,
) -> Iterator[Hold]:
    """The holds that stand about these obligations, whatever they ask."""
    for hold in holds:
        rules = _rules(hold.kind, zones, packs, now)
        stands = _stands(hold, rules, _until(hold, rules), now)
        if stands and _about(hold, rules, obligation_ids):
            yield hold


def freed(hold: Hold) -> bool:
    """Whether an operator has lifted it, since it was placed."""
    return _after(hold.freed_at, hold.at)


def kept_by_operator(
    kind: str, zones: Zones, packs: Sequence[Pack], now: datetime
) -> tuple[str, int] | None:
    """The rule (`pack/rule`, version) by which only an operator lifts this kind, if any."""
    for pack, rule in _rules(kind, zones, packs, now):
        if rule.by_operator:
            return f"{pack.name}/{rule.name}", pack.version
    return None


def _rules(
    kind: str, zones: Zones, packs: Sequence[Pack], now: datetime
) -> list[tuple[Pack, HoldRule]]:
    return [
        (pack, rule)
        for pack in packs
        for rule in pack.holds
        if kind in rule.kinds and in_force(rule, now, zones)
    ]


def _until(hold: Hold, rules: Sequence[tuple[Pack, HoldRule]]) -> datetime | None:
    """When it ends by itself; what only an operator lifts does not."""
    if any(rule.by_operator for _, rule in rules):
        return None
    stays = [rule.stays for _, rule in rules if rule.stays is not None]
    if hold.until is not None or hold.at is None or not stays:
        return hold.until
    return hold.at + max(stays)


def _stands(
    hold: Hold,
    rules: Sequence[tuple[Pack, HoldRule]],
    until: datetime | None,
    now: datetime,
) -> bool:
    if hold.at is None or freed(hold) or (until is not None and now >= until):
        return False
    lifted = _after(hold.lifted_at, hold.at)
    return not lifted or any(rule.by_operator for _, rule in rules)


def _after(lift: datetime | None, placed: datetime | None) -> bool:
    return lift is not None and (placed is None or lift >= placed)


def _about(
    hold: Hold, rules: Sequence[tuple[Pack, HoldRule]], obligation_ids: Collection[str]
) -> bool:
    return (
        hold.obligation_id is None
        or hold.obligation_id in obligation_ids
        or any(rule.of_person for _, rule in rules)
    )
