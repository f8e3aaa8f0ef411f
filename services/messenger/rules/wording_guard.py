"""Which wording has to go because it does harm: more complaints and opt-outs than the others. Pure.

It is looked at again and again, so the bar is high: the harm must be credibly above the others' by
a margin, and seen a few times at least. Segments are weighed by what they usually do, so that a
wording that mostly meets the touchy is not blamed for it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from services.messenger.rules.betas import Beta, chance_above

LEAST_HARMED: Final = 5
MARGIN: Final = 1.25
"""How many times the others' harm it must credibly exceed."""
CREDIBLE: Final = 0.999
_PRIOR: Final = 0.5


@dataclass(frozen=True, slots=True)
class Harm:
    """Messages sent, and those that were complained of or answered by an opt-out."""

    sent: int
    harmed: int


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A wording that has to go. expected: harm, had it been like all; chance: how sure."""

    wording: str
    sent: int
    harmed: int
    others_sent: int
    others_harmed: int
    expected: float
    chance: float


Harms = Mapping[str, Mapping[str, Harm]]
"""Of one template in one tone: by segment, then by wording."""


def withdrawals(harms: Harms, standing: Iterable[str]) -> list[Withdrawal]:
    """The wording to be withdrawn now, if any: the surest; the last that stands never is."""
    wordings = sorted(standing)
    if len(wordings) < 2:
        return []
    judged = [_judge(harms, wording, wordings) for wording in wordings]
    found = [one for one in judged if one.chance >= CREDIBLE]
    return sorted(found, key=lambda one: -one.chance)[:1]


def _judge(harms: Harms, wording: str, standing: list[str]) -> Withdrawal:
    """Both counts as Poisson around what their segments let expect; of the ratio of two gammas the
    share of the one in both is beta.
    """
    own = others = Harm(0, 0)
    own_expected = others_expected = 0.0
    for segment in harms.values():
        seen = {name: segment[name] for name in standing if name in segment}
        sent = sum(one.sent for one in seen.values())
        harmed = sum(one.harmed for one in seen.values())
        if not sent:
            continue
        this = seen.get(wording, Harm(0, 0))
        rest = Harm(sent - this.sent, harmed - this.harmed)
        own = Harm(own.sent + this.sent, own.harmed + this.harmed)
        others = Harm(others.sent + rest.sent, others.harmed + rest.harmed)
        own_expected += this.sent * harmed / sent
        others_expected += rest.sent * harmed / sent
    if own.harmed < LEAST_HARMED or not others_expected:
        return Withdrawal(wording, own.sent, own.harmed, others.sent, others.harmed, 0.0, 0.0)
    bound = MARGIN * own_expected / (MARGIN * own_expected + others_expected)
    share = Beta(own.harmed + _PRIOR, others.harmed + _PRIOR)
    return Withdrawal(
        wording,
        own.sent,
        own.harmed,
        others.sent,
        others.harmed,
        own_expected,
        chance_above(share, bound),
    )
