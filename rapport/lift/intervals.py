"""How sure a share, and the difference of two shares, can be said.

Score intervals, which stay within 0 and 1 and keep their word with few cases. Sources:
E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212; R. G. Newcombe, Statistics in Medicine 17
(1998) 857-872 (one share, method 3) and 873-890 (two shares, method 10). No correction for
continuity.
"""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Final

CONFIDENCE: Final = 0.95
Z: Final = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`, both included."""

    low: float
    high: float


def wilson(reached: int, of: int) -> Interval:
    """The 95 % interval of a share: `reached` out of `of`, which is above 0."""
    share, z2 = reached / of, Z * Z
    centre = share + z2 / (2 * of)
    reach = Z * sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    low, high = (centre - reach) / (1 + z2 / of), (centre + reach) / (1 + z2 / of)
    # At the ends the formula gives 0 and 1 but for the last bits.
    return Interval(0.0 if reached == 0 else low, 1.0 if reached == of else high)


def newcombe(reached: int, of: int, other_reached: int, other_of: int) -> Interval:
    """The 95 % interval of the first share less the second, of independent groups."""
    first, second = reached / of, other_reached / other_of
    one, other = wilson(reached, of), wilson(other_reached, other_of)
    difference = first - second
    return Interval(
        difference - sqrt((first - one.low) ** 2 + (other.high - second) ** 2),
        difference + sqrt((one.high - first) ** 2 + (second - other.low) ** 2),
    )
