"""The only reader of time: business time that may run fast, and real time for machinery."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


class ClockError(ValueError):
    """A CLOCK setting that cannot be read; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Business time: at real instant `real_start` it is `start`, and runs `speed` times as fast.

    Before `real_start` the clock stands at `start`. The plain `Clock()` is real time.
    """

    start: datetime | None = None
    speed: float = 1.0
    real_start: float | None = None

    @classmethod
    def parse(cls, text: str | None) -> "Clock":
        """Read `START*SPEED@REAL` (RFC 3339 instant, factor, Unix seconds).

        Empty means real time. Without `@REAL` the clock starts running now. Raises ClockError.
        """
        if not text:
            return cls()
        head, _, real = text.partition("@")
        begin, _, factor = head.partition("*")
        try:
            start = datetime.fromisoformat(begin.replace("Z", "+00:00"))
            speed = float(factor) if factor else 1.0
            real_start = float(real) if real else time.time()
        except ValueError as error:
            raise ClockError(f"CLOCK={text}: write START*SPEED@REAL ({error})") from None
        if start.tzinfo is None or speed <= 0:
            raise ClockError(f"CLOCK={text}: START needs an offset and SPEED must be above 0")
        return cls(start.astimezone(UTC), speed, real_start)

    def text(self) -> str:
        """The setting that gives another process this same clock; empty for real time."""
        if self.start is None:
            return ""
        return f"{self.start.isoformat().replace('+00:00', 'Z')}*{self.speed:g}@{self.real_start}"

    def now(self) -> datetime:
        """The business instant, aware, in UTC."""
        if self.start is None or self.real_start is None:
            return self.real()
        elapsed = max(0.0, time.time() - self.real_start)
        return self.start + timedelta(seconds=elapsed * self.speed)

    def real(self) -> datetime:
        """The wall clock, aware, in UTC: for log lines, lag and what is kept by real age."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds of a clock that never steps: for leases, back-off and latency."""
        return time.monotonic()

    def real_seconds(self, business: timedelta) -> float:
        """How many real seconds the given stretch of business time takes."""
        return business.total_seconds() / self.speed
