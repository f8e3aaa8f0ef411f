"""Which of several wordings a message gets: Thompson sampling with what segments share. Pure.

The wordings of one template in one tone stand for choice, segment by segment. What is believed of
a wording in a segment begins with what the segment usually does, times what the wording usually
adds in the other segments, and gives way to what is seen. A wording's probability is that of being
the best, by that belief, with a floor for each so that learning never ends. The draw itself is
chance handed in.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.messenger.rules.betas import Beta, chances_to_be_best

FLOOR: Final = 0.05
"""Least probability of each wording that stands for choice; at most half a fair share."""

CLICK_WORTH: Final = 0.1
"""What a person's click counts, of an outcome, on the first day; it fades as the window closes."""

_COMMON_RATE: Final = Beta(0.5, 9.5)
"""What is believed of any template before anything is seen: one in twenty comes to a good end."""
_SEGMENT_PRIOR: Final = 20.0
"""Messages' worth of the template's rate that a segment's own rate begins with."""
_EFFECT_PRIOR: Final = 5.0
"""Outcomes' worth of `no difference` that a wording's effect elsewhere begins with."""
_LEAST_STRENGTH: Final = 4.0
_MOST_STRENGTH: Final = 40.0
"""Messages' worth of belief that other segments can give at the most."""
_HIGHEST_MEAN: Final = 0.95


@dataclass(frozen=True, slots=True)
class Day:
    """What became, so far, of one day's messages with one wording in one segment.

    rewarded: those with an outcome in their window. clicked: those that a person followed a link
    of, without an outcome so far. Each message counts once.
    """

    sent_on: date
    sent: int
    rewarded: int
    clicked: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Messages' worth of evidence, and how much of it was success."""

    trials: float = 0.0
    successes: float = 0.0


@dataclass(frozen=True, slots=True)
class Chosen:
    """A wording that was drawn, and with which probability each could have been."""

    wording: str
    propensities: Mapping[str, float]

    @property
    def propensity(self) -> float:
        """The probability of the one that was drawn."""
        return self.propensities[self.wording]


Tallies = Mapping[str, Mapping[str, Tally]]
"""Of one template in one tone: by segment, then by wording."""


def tally(days: Iterable[Day], today: date, window_days: int) -> Tally:
    """Days as evidence: a message whose outcome may still come is only a part of a trial.

    The part grows evenly with the days that its window has been open. What is missing of it, a
    click stands in for, at a discount.
    """
    trials = successes = 0.0
    for day in days:
        seen = min(1.0, max(0, (today - day.sent_on).days) / window_days)
        early = CLICK_WORTH * (1.0 - seen)
        trials += day.sent * (seen + early)
        successes += day.rewarded + early * day.clicked
    return Tally(max(trials, successes), successes)


def propensities(
    tallies: Tallies, segment: str, standing: Iterable[str], floor: float = FLOOR
) -> dict[str, float]:
    """The probability of each wording that stands for choice, for a message in the segment."""
    wordings = sorted(standing)
    chances = chances_to_be_best([belief(tallies, segment, wording) for wording in wordings])
    least = min(floor, 0.5 / len(wordings))
    free = 1.0 - least * len(wordings)
    return {
        wording: least + free * chance for wording, chance in zip(wordings, chances, strict=True)
    }


def draw(among: Mapping[str, float], chance: float) -> Chosen:
    """The wording on which `chance`, at least 0 and below 1, falls."""
    passed = 0.0
    wordings = sorted(among)
    for wording in wordings:
        passed += among[wording]
        if chance < passed:
            return Chosen(wording, among)
    return Chosen(wordings[-1], among)


def belief(tallies: Tallies, segment: str, wording: str) -> Beta:
    """What is believed of a wording in a segment: the shared beginning, and what was seen there."""
    expected, strength = _beginning(tallies, segment, wording)
    seen = tallies.get(segment, {}).get(wording, Tally())
    return Beta(
        expected * strength + seen.successes,
        (1.0 - expected) * strength + seen.trials - seen.successes,
    )


def _beginning(tallies: Tallies, segment: str, wording: str) -> tuple[float, float]:
    """The share that is expected before the segment's own evidence on the wording, and how firmly.

    The effect elsewhere is what was seen of the wording there against what those segments' own
    rates let expect (indirect standardisation): a segment that pays more lends no wording its luck.
    """
    common = _rate(tallies.values())
    elsewhere = {name: own for name, own in tallies.items() if name != segment}
    seen = [own.get(wording, Tally()) for own in elsewhere.values()]
    expected = sum(
        one.trials * _base(own, common) for own, one in zip(elsewhere.values(), seen, strict=True)
    )
    successes = sum(one.successes for one in seen)
    effect = (successes + _EFFECT_PRIOR) / (expected + _EFFECT_PRIOR)
    mean = min(_HIGHEST_MEAN, _base(tallies.get(segment, {}), common) * effect)
    told = sum(one.trials for one in seen)
    # Half a success at least: a belief that all but excludes success is one that nobody holds.
    strength = max(_LEAST_STRENGTH, min(_MOST_STRENGTH, told), 0.5 / mean)
    return mean, strength


def _rate(segments: Iterable[Mapping[str, Tally]]) -> float:
    all_ = [one for own in segments for one in own.values()]
    successes = sum(one.successes for one in all_) + _COMMON_RATE.a
    return successes / (sum(one.trials for one in all_) + _COMMON_RATE.a + _COMMON_RATE.b)


def _base(own: Mapping[str, Tally], common: float) -> float:
    """What a segment usually does, whatever the wording; shrunk to the template's rate."""
    successes = sum(one.successes for one in own.values())
    trials = sum(one.trials for one in own.values())
    return (successes + _SEGMENT_PRIOR * common) / (trials + _SEGMENT_PRIOR)
