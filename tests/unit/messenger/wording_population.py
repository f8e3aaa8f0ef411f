"""A made-up population whose answers to wordings are known, and a bandit let loose on it."""

import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from services.messenger.rules.wording import Day, draw, propensities, tally
from services.messenger.rules.wording_guard import Harm, Withdrawal, withdrawals

START = date(2026, 1, 5)
WINDOW = 14
"""Days in which an outcome counts."""


@dataclass(frozen=True)
class Population:
    """Who is written to: shares that come to a good end by segment, times what a wording adds.

    The good end comes some days late. A fifth click besides, whatever the wording. harm: share of
    complaints and opt-outs by wording, 1 % where not given.
    """

    segments: Mapping[str, float]
    effects: Mapping[str, float]
    harm: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Course:
    """How it went. regret, uniform: outcomes lost against always the best wording."""

    regret: float = 0.0
    uniform: float = 0.0
    withdrawn: list[Withdrawal] = field(default_factory=list)


def live(of: Population, seed: int, *, days: int = 50, a_day: int = 100) -> Course:
    """Write `days` times `a_day` messages, learning each night."""
    return _Life(of, seed).run(days, a_day)


class _Life:
    def __init__(self, of: Population, seed: int) -> None:
        self.of, self.chance, self.course = of, random.Random(seed), Course()
        self.best = max(of.effects.values())
        self.middle = sum(of.effects.values()) / len(of.effects)
        # By segment, wording and day: sent, rewarded, clicked.
        self.cells: dict[tuple[str, str, int], list[int]] = defaultdict(lambda: [0, 0, 0])
        self.late: dict[int, list[tuple[str, str, int]]] = defaultdict(list)
        self.harms = {s: {w: [0, 0] for w in of.effects} for s in of.segments}
        self.standing = set(of.effects)

    def run(self, days: int, a_day: int) -> Course:
        for today in range(days):
            for cell in self.late.pop(today, []):
                self.cells[cell][1] += 1
            self.guard()
            plans = {segment: self.plan(segment, today) for segment in self.of.segments}
            for _ in range(a_day):
                segment = self.chance.choice(list(self.of.segments))
                wording = draw(plans[segment], self.chance.random()).wording
                self.send(segment, wording, today)
        return self.course

    def plan(self, segment: str, today: int) -> dict[str, float]:
        days: dict[str, dict[str, list[Day]]] = defaultdict(lambda: defaultdict(list))
        for (where, wording, day), counted in self.cells.items():
            days[where][wording].append(Day(START + timedelta(day), *counted))
        known = {
            where: {
                wording: tally(own, START + timedelta(today), WINDOW)
                for wording, own in by_wording.items()
            }
            for where, by_wording in days.items()
        }
        return propensities(known, segment, self.standing)

    def guard(self) -> None:
        harms = {
            segment: {wording: Harm(*counted) for wording, counted in own.items()}
            for segment, own in self.harms.items()
        }
        for found in withdrawals(harms, self.standing):
            self.standing.discard(found.wording)
            self.course.withdrawn.append(found)

    def send(self, segment: str, wording: str, today: int) -> None:
        base, effect = self.of.segments[segment], self.of.effects[wording]
        self.course.regret += base * (self.best - effect)
        self.course.uniform += base * (self.best - self.middle)
        cell = self.cells[segment, wording, today]
        cell[0] += 1
        harmed = self.harms[segment][wording]
        harmed[0] += 1
        harmed[1] += self.chance.random() < self.of.harm.get(wording, 0.01)
        if self.chance.random() < base * effect:
            after = 1 + int(self.chance.expovariate(1 / 4))
            if after < WINDOW:
                self.late[today + after].append((segment, wording, today))
        elif self.chance.random() < 0.2:
            cell[2] += 1
