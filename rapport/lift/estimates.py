"""What a rule of choosing would have brought, from choices that another rule made and logged.

Inverse propensity scoring: D. G. Horvitz and D. J. Thompson, J. Am. Stat. Assoc. 47 (1952) 663-685.
Self-normalised: A. Swaminathan and T. Joachims, NeurIPS 2015. Doubly robust: M. Dudik, J. Langford
and L. Li, ICML 2011. Intervals are normal, from the estimates' linear parts; observations of one
cluster (a customer) count as one where errors are concerned.
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import sqrt

from rapport.lift.intervals import Interval, Z


@dataclass(frozen=True, slots=True)
class Choice:
    """One logged choice.

    propensity: with which it was made; target: with which the other rule would have made it.
    expected: what a model expects of this choice, and expected_target of the other rule's choices
    here on the whole; for the doubly robust estimate alone.
    """

    reward: float
    propensity: float
    target: float
    cluster: Hashable
    expected: float = 0.0
    expected_target: float = 0.0

    @property
    def weight(self) -> float:
        """How much more often the other rule would have chosen it."""
        return self.target / self.propensity


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean reward, or a difference of two, with its 95 % interval."""

    value: float
    interval: Interval


def observed(choices: Sequence[Choice]) -> Estimate:
    """What was brought by the rule that chose."""
    mean = sum(one.reward for one in choices) / len(choices)
    return _estimate(mean, choices, [one.reward - mean for one in choices])


def ips(choices: Sequence[Choice]) -> Estimate:
    """Inverse propensity scoring: without bias, and unsure where weights are large."""
    values = [one.weight * one.reward for one in choices]
    mean = sum(values) / len(choices)
    return _estimate(mean, choices, [value - mean for value in values])


def snips(choices: Sequence[Choice]) -> Estimate:
    """Self-normalised: a weighted mean; a little bias for much less noise."""
    mean, parts = _self_normalised(choices)
    return _estimate(mean, choices, parts)


def doubly_robust(choices: Sequence[Choice]) -> Estimate:
    """A model's expectation, put right by what was seen: right if the model or propensities are."""
    values = [one.expected_target + one.weight * (one.reward - one.expected) for one in choices]
    mean = sum(values) / len(choices)
    return _estimate(mean, choices, [value - mean for value in values])


def gain(choices: Sequence[Choice]) -> Estimate:
    """What was brought, less what the other rule would have brought (self-normalised)."""
    own = sum(one.reward for one in choices) / len(choices)
    other, parts = _self_normalised(choices)
    both = [one.reward - own - part for one, part in zip(choices, parts, strict=True)]
    return _estimate(own - other, choices, both)


def _self_normalised(choices: Sequence[Choice]) -> tuple[float, list[float]]:
    """The estimate, and each choice's part in its error."""
    whole = sum(one.weight for one in choices)
    mean = sum(one.weight * one.reward for one in choices) / whole
    scale = len(choices) / whole
    return mean, [scale * one.weight * (one.reward - mean) for one in choices]


def _estimate(value: float, choices: Sequence[Choice], parts: Sequence[float]) -> Estimate:
    clusters: dict[Hashable, float] = defaultdict(float)
    for one, part in zip(choices, parts, strict=True):
        clusters[one.cluster] += part
    reach = Z * sqrt(sum(part * part for part in clusters.values())) / len(choices)
    return Estimate(value, Interval(value - reach, value + reach))
