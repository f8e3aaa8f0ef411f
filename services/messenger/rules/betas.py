"""How sure it is which of several shares is the highest: beta distributions by quadrature. Pure.

Exact up to rounding and the same on every machine, so that a logged probability is the one that
was used, which draws from the distributions would only approach.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

_POINTS = 400
_FEWEST_POINTS = 40
_NOTHING = 1e-12
_REACH = 8.0
_FARTHEST = 40.0


@dataclass(frozen=True, slots=True)
class Beta:
    """What is believed of a share: `a` successes against `b` failures, both above 0."""

    a: float
    b: float

    @property
    def mean(self) -> float:
        """The share that is expected."""
        return self.a / (self.a + self.b)


def chances_to_be_best(shares: Sequence[Beta]) -> list[float]:
    """For each share the probability that it is the highest; they add up to 1.

    Integrates each density against the others' distribution functions, over the logit of the
    share: there no density has a pole, and a grid that is dense around each can be laid.
    """
    if len(shares) == 1:
        return [1.0]
    grid = _grid(shares)
    below = [_distribution(share, grid) for share in shares]
    chances = []
    for one, own in enumerate(below):
        total = 0.0
        for cell in range(1, len(grid)):
            mass = own[cell] - own[cell - 1]
            if mass > _NOTHING:
                others = 1.0
                for other, theirs in enumerate(below):
                    if other != one:
                        others *= (theirs[cell] + theirs[cell - 1]) / 2
                total += mass * others
        chances.append(total)
    whole = sum(chances)
    return [chance / whole for chance in chances]


def chance_above(share: Beta, bound: float) -> float:
    """The probability that the share lies above `bound`, which lies between 0 and 1."""
    edge = log(bound / (1.0 - bound))
    grid = sorted({*_grid([share]), edge})
    return 1.0 - _distribution(share, grid)[grid.index(edge)]


def _grid(shares: Sequence[Beta]) -> list[float]:
    """Logits, dense where any of the shares is likely to lie."""
    each = max(_FEWEST_POINTS, _POINTS // len(shares))
    points: set[float] = set()
    for share in shares:
        centre, width = log(share.a / share.b), sqrt(1 / share.a + 1 / share.b)
        low = centre - min(_FARTHEST, max(_REACH * width, _REACH / share.a))
        high = centre + min(_FARTHEST, max(_REACH * width, _REACH / share.b))
        points.update(low + (high - low) * step / each for step in range(each + 1))
    return sorted(points)


def _distribution(share: Beta, grid: Sequence[float]) -> list[float]:
    """The distribution function on the grid, by trapezia; 1 at the grid's end."""
    heights = [_log_density(share, logit) for logit in grid]
    top = max(heights)
    density = [exp(height - top) for height in heights]
    sums = [0.0]
    for cell in range(1, len(grid)):
        width = grid[cell] - grid[cell - 1]
        sums.append(sums[-1] + width * (density[cell] + density[cell - 1]) / 2)
    return [value / sums[-1] for value in sums]


def _log_density(share: Beta, logit: float) -> float:
    """Of the logit, but for a constant: a·ln x + b·ln(1-x)."""
    # ln(1 + e^t) without overflow.
    soft = logit + log(1 + exp(-logit)) if logit > 0 else log(1 + exp(logit))
    return share.a * (logit - soft) - share.b * soft
