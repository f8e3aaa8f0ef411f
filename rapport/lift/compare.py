"""Outreach against the holdout: shares, their difference, and what may be said of it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from rapport.lift.intervals import Interval, newcombe, wilson

LEAST_CUSTOMERS: Final = 30
"""Fewer customers than that, and no share is shown."""
LEAST_EXPECTED: Final = 5
"""By the common share, at least so many customers of each side must be expected to reach the
outcome, and as many not to (Cochran's rule), or no difference is shown."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many customers reached an outcome."""

    reached: int
    of: int

    @property
    def rate(self) -> float | None:
        """The share, or None where there are too few to say."""
        return self.reached / self.of if self.of >= LEAST_CUSTOMERS else None

    @property
    def interval(self) -> Interval | None:
        """Its 95 % interval, or None where there are too few to say."""
        return wilson(self.reached, self.of) if self.of >= LEAST_CUSTOMERS else None

    def as_dict(self) -> dict[str, Any]:
        """For programs; null for what can't be said."""
        interval = self.interval
        return {
            "reached": self.reached,
            "customers": self.of,
            "rate": self.rate,
            "interval": asdict(interval) if interval else None,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """Outreach against a holdout. `difference` is None where `why_not` says why."""

    outreach: Share
    holdout: Share
    difference: float | None
    interval: Interval | None
    why_not: str | None

    @property
    def is_gain(self) -> bool:
        """Whether even the lower end of the interval is above nothing."""
        return self.interval is not None and self.interval.low > 0

    def as_dict(self) -> dict[str, Any]:
        """For programs; null for what can't be said."""
        return {
            "outreach": self.outreach.as_dict(),
            "holdout": self.holdout.as_dict(),
            "difference": self.difference,
            "interval": asdict(self.interval) if self.interval else None,
            "why_not": self.why_not,
        }


def compare(
    outreach: Share, holdout: Share, sides: tuple[str, str] = ("outreach", "holdout")
) -> Comparison:
    """The difference with its interval, or the reason why it can't be said.

    sides: what the two are called.
    """
    why_not = too_little(outreach, holdout, sides)
    if why_not is not None:
        return Comparison(outreach, holdout, None, None, why_not)
    difference = outreach.reached / outreach.of - holdout.reached / holdout.of
    interval = newcombe(outreach.reached, outreach.of, holdout.reached, holdout.of)
    return Comparison(outreach, holdout, difference, interval, None)


def too_little(outreach: Share, holdout: Share, sides: tuple[str, str]) -> str | None:
    """Why the data don't bear a comparison; None: they do."""
    if holdout.of == 0:
        return "nobody was held out"
    for name, side in zip(sides, (outreach, holdout), strict=True):
        if side.of < LEAST_CUSTOMERS:
            return f"too little data: {side.of} of at least {LEAST_CUSTOMERS} customers in {name}"
    common = (outreach.reached + holdout.reached) / (outreach.of + holdout.of)
    rarer, what = min((common, "with"), (1 - common, "without"))
    fewest = min(outreach.of, holdout.of)
    if rarer * fewest < LEAST_EXPECTED:
        return (
            f"too little data: {rarer * fewest:.1f} of at least {LEAST_EXPECTED} customers "
            f"expected {what} the outcome on the smaller side"
        )
    return None


def share(flags: Sequence[bool]) -> Share:
    """How many of these are true."""
    return Share(sum(flags), len(flags))
