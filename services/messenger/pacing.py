"""Keeps a worker's mail to each receiving domain within its limits; no domain waits for another.

A domain that refuses us again and again is left alone for a while: whoever goes on knocking there
is blocked for longer.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from services.messenger import metrics
from services.messenger.model import Accepted, Outcome
from services.messenger.rules import pacing as rules
from services.messenger.rules.circuit import Circuit
from services.messenger.signatures import domain_of
from services.messenger.store import Candidate
from services.runtime.clock import Clock

MOST_DOMAINS = 10_000
"""Domains remembered; one that is forgotten begins anew with a full second's worth."""


class Pacing:
    """One worker's buckets, used by one thread; `heard` and `blocked` by any."""

    def __init__(
        self, limits: Mapping[str, float], clock: Clock, new_since: date | None, warm_up_days: int
    ) -> None:
        """limits: as of `rules.pacing.parse`, for this worker alone."""
        self._limits = limits
        self._clock = clock
        self._new_since = new_since
        self._warm_up_days = warm_up_days
        self._buckets: dict[str, rules.Bucket] = {}
        self._blocking: dict[str, Circuit] = {}
        self._lock = threading.Lock()

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return bool(self._limits or self._blocking)

    def resting(self) -> list[str]:
        """Domains to which nothing may go now."""
        known = {*self._buckets, *self._refusing()}
        return [domain for domain in known if self._left(domain) < 1]

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

    def heard(self, recipient: str, outcome: Outcome) -> None:
        """What the relay made of a letter to this address."""
        if rules.is_block(outcome):
            self.blocked(domain_of(recipient))
        elif self._blocking and isinstance(outcome, Accepted):
            with self._lock:
                self._blocking.pop(domain_of(recipient), None)
            self._tell()

    def blocked(self, domain: str) -> None:
        """The domain refused us, for its policy's sake."""
        now = self._clock.monotonic()
        with self._lock:
            if len(self._blocking) >= MOST_DOMAINS:
                self._blocking.clear()
            known = self._blocking.get(domain, Circuit())
            self._blocking[domain] = known.failed(now, rules.BLOCKS)
        self._tell()

    def _tell(self) -> None:
        metrics.DOMAINS_RESTING.set(len(self._refusing()))

    def _refusing(self) -> list[str]:
        """Domains that are left alone, or tried again with one letter."""
        now = self._clock.monotonic()
        with self._lock:
            return [d for d, one in self._blocking.items() if one.state(now) != "closed"]

    def _left(self, domain: str) -> float:
        """How many letters may go to the domain now."""
        with self._lock:
            blocking = self._blocking.get(domain)
        state = blocking.state(self._clock.monotonic()) if blocking else "closed"
        if state != "closed":
            return 0.0 if state == "open" else min(1.0, self._by_rate(domain))
        return self._by_rate(domain)

    def _by_rate(self, domain: str) -> float:
        share = rules.warmth(self._new_since, self._warm_up_days, self._clock.real().date())
        rate = rules.rate(self._limits, domain, share)
        if rate is None:
            return float("inf")
        if domain not in self._buckets and len(self._buckets) >= MOST_DOMAINS:
            self._buckets.clear()
        bucket = rules.refilled(self._buckets.get(domain), rate, self._clock.monotonic())
        self._buckets[domain] = bucket
        return bucket.tokens
