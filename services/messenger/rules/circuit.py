"""When a provider that fails is left alone for a while, and how it is tried again. Pure.

Times are real, monotonic seconds. Closed: it is used. Open: it is not, until its rest is over.
Half open: one message at a time finds out whether it works again.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Limits:
    """failures: in a row, that open it. shortest, longest: seconds of rest."""

    failures: int
    shortest: float
    longest: float


PROVIDER = Limits(5, 5.0, 300.0)

State = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class Circuit:
    """failures: in a row. rests_until: None while it is closed. rest: the last one's seconds."""

    failures: int = 0
    rests_until: float | None = None
    rest: float = 0.0

    def state(self, now: float) -> State:
        """Whether the provider may be used at `now`."""
        if self.rests_until is None:
            return "closed"
        return "open" if now < self.rests_until else "half_open"

    def succeeded(self) -> "Circuit":
        """It works: all is forgotten."""
        return Circuit()

    def failed(self, now: float, limits: Limits = PROVIDER) -> "Circuit":
        """It failed once more. Each rest is twice as long as the one before."""
        failures = self.failures + 1
        if self.state(now) == "open" or (self.rests_until is None and failures < limits.failures):
            # What was on its way when it opened says nothing new.
            return Circuit(failures, self.rests_until, self.rest)
        rest = min(limits.longest, 2 * self.rest) if self.rest else limits.shortest
        return Circuit(failures, now + rest, rest)
