"""Keeps a worker's mail to each receiving domain within its limits; no domain waits for another."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from services.messenger.rules import pacing as rules
from services.messenger.store import Candidate
from services.runtime.clock import Clock

MOST_DOMAINS = 10_000
"""Domains remembered; one that is forgotten begins anew with a full second's worth."""


class Pacing:
    """One worker's buckets. Not safe to share between threads."""

    def __init__(
        self, limits: Mapping[str, float], clock: Clock, new_since: date | None, warm_up_days: int
    ) -> None:
        """limits: as of `rules.pacing.parse`, for this worker alone."""
        self._limits = limits
        self._clock = clock
        self._new_since = new_since
        self._warm_up_days = warm_up_days
        self._buckets: dict[str, rules.Bucket] = {}

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return bool(self._limits)

    def resting(self) -> list[str]:
        """Domains to which nothing may go now."""
        return [domain for domain in list(self._buckets) if self._left(domain) < 1]

    def fitting(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Those of the candidates whose domains have room for them, in order."""
        if not self.limited:
            return list(candidates)
        taken: Counter[str] = Counter()
        fitting = []
        for one in candidates:
            taken[one.domain] += 1
            if taken[one.domain] <= self._left(one.domain):
                fitting.append(one)
        return fitting

    def spend(self, domains: Iterable[str]) -> None:
        """So much is on its way, by domain."""
        for domain, letters in Counter(domains).items():
            if domain in self._buckets:
                self._buckets[domain] = rules.spent(self._buckets[domain], letters)

    def _left(self, domain: str) -> float:
        """How many letters may go to the domain now."""
        share = rules.warmth(self._new_since, self._warm_up_days, self._clock.real().date())
        rate = rules.rate(self._limits, domain, share)
        if rate is None:
            return float("inf")
        if domain not in self._buckets and len(self._buckets) >= MOST_DOMAINS:
            self._buckets.clear()
        bucket = rules.refilled(self._buckets.get(domain), rate, self._clock.monotonic())
        self._buckets[domain] = bucket
        return bucket.tokens
