"""Sends what is pending: a live connection, then check and intent, then SMTP, then the outcome.

One thread speaks with the database; as many as there are connections speak with the provider. A
message is on at most one connection, and no more messages are `intended` than the connections held
can hand over within a moment: one each where the provider takes its time, some dozens where it is
quick.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from traceback import format_tb
from typing import NamedTuple

from sqlmodel import Session

from schemas.common import CHANNELS
from schemas.topics import OUTREACH_DISPATCHES
from services.messenger import metrics, store
from services.messenger.handlers import flights, heartbeats
from services.messenger.handlers.claiming import Claiming
from services.messenger.handlers.flights import Finished
from services.messenger.handlers.intending import Ready
from services.messenger.model import CHECK_TOO_OLD, Doubtful, Letter, Rejected
from services.messenger.pacing import Pacing
from services.messenger.providers import Connection, Provider, Unavailable
from services.messenger.rules.bundling import LEAST_ROUND, next_bundle, next_round
from services.runtime import logging
from services.runtime.context import Context
from services.runtime.database import is_passing
from services.runtime.heartbeats import Heartbeats
from services.runtime.ledger import Fenced, Ownership

log = logging.get(__name__)

IDLE_SECONDS = 0.5
"""How long a round waits when nothing wakes it and nothing is to be sent."""
BUSY_SECONDS = 0.05
"""How long it waits while something is to be sent."""
BEAT_SECONDS = 0.5
"""Between two heartbeats of a lane that has something to send."""
PROBE_SECONDS = 2.0
"""Between two looks at the provider while there is nothing to send."""
RETRY_SECONDS = 0.05
"""Before a dispatch that had to wait is looked at again."""
STOP_SECONDS = 8.0
"""How long letters in flight may take once the sender is told to stop."""


class _Handed(NamedTuple):
    """A bundle is through: so many letters, in so many real seconds. Its thread is free."""

    letters: int
    seconds: float


class Sender:
    """The background part of the messenger's worker."""

    def __init__(
        self,
        context: Context,
        claiming: Claiming,
        provider: Provider,
        connections: int,
        pacing: Pacing,
        channels: Collection[str] = CHANNELS,
        *,
        vital: bool = True,
    ) -> None:
        """channels: whose dispatches it takes; no other sender of the worker does. vital: while
        its provider is down, the worker is not ready."""
        self._context = context
        self.channels = tuple(channels)
        self._vital = vital
        self._claiming = claiming
        self._provider = provider
        self._pacing = pacing
        self._free = connections
        self._pool = ThreadPoolExecutor(connections, thread_name_prefix="send")
        self._in_flight: set[str] = set()
        self._finished: SimpleQueue[Finished | _Handed] = SimpleQueue()
        self._unrecorded: list[Finished] = []
        self._bundle = 1
        self._round = LEAST_ROUND
        self._wakened = threading.Event()
        self._stopping = threading.Event()
        self._epochs: dict[int, int] = {}
        self._not_before: dict[str, float] = {}
        self._beaten: dict[int, float] = {}
        self._beats = Heartbeats()
        self._pause = BUSY_SECONDS
        self._probe_again = 0.0
        self._provider_again = 0.0
        self._provider_failures = 0

    async def run(self) -> None:
        """Send until `stop`; then end what is in flight, and record it."""
        self._down("starting")
        await asyncio.to_thread(self._loop)

    def stop(self) -> None:
        """Take nothing more. Callable from any thread."""
        self._stopping.set()
        self._wakened.set()

    def wake(self) -> None:
        """Something changed that may let a dispatch go: look at once. Callable from any thread."""
        self._wakened.set()

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self._wakened.wait(self._pause)
            self._wakened.clear()
            self._guarded()
        self.wind_up()

    def _guarded(self) -> None:
        """One round; what passes by itself is waited for."""
        try:
            self.round()
        except Fenced:
            # The lane has gone to another worker; the consumer will notice, too.
            self._epochs.clear()
        except Exception as error:
            if not is_passing(error):
                raise
            self._context.health.down("database", f"waited for: {type(error).__name__}")
            self._stopping.wait(0.5)

    def round(self) -> None:
        """Record what has ended, recover, beat, and send what may go."""
        self._record()
        owned = {own.partition: own for own in self._context.owned_lanes(OUTREACH_DISPATCHES)}
        self._recover(owned)
        with Session(self._context.engine) as session:
            waiting = store.waiting_lanes(session, list(owned), self.channels)
            known = store.lanes(session, waiting) if waiting else {}
        metrics.WAITING_LANES.labels(self._provider.name).set(len(waiting))
        self._pause = BUSY_SECONDS if waiting or self._in_flight else IDLE_SECONDS
        self._beat([owned[lane] for lane in waiting])
        fresh = [
            lane
            for lane in waiting
            if (row := known.get(lane)) is not None
            and row.fresh_at is not None
            and self._claiming.is_fresh(row.fresh_at)
        ]
        if fresh:
            self._send(owned, fresh)
        else:
            self._probe()

    def _record(self) -> None:
        try:
            while True:
                one = self._finished.get_nowait()
                if isinstance(one, Finished):
                    self._unrecorded.append(one)
                else:
                    self._free += 1
                    self._bundle = next_bundle(self._bundle, one.letters, one.seconds)
        except Empty:
            pass
        if not self._unrecorded:
            return
        self._in_flight.difference_update(one.flight.dispatch_id for one in self._unrecorded)
        # Kept until it is committed: an outcome must survive the database's absence.
        self._unrecorded = flights.record(self._context, self._unrecorded)
        metrics.IN_FLIGHT.labels(self._provider.name).set(len(self._in_flight))

    def _recover(self, owned: Mapping[int, Ownership]) -> None:
        for lane, own in owned.items():
            if self._epochs.get(lane) == own.epoch:
                continue
            carried = {*self._in_flight, *(one.flight.dispatch_id for one in self._unrecorded)}
            while flights.recover(self._context, own, self.channels, carried):
                log.warning("messages of a lost sender are unknown", lane=lane)
            self._epochs[lane] = own.epoch

    def _beat(self, lanes: Sequence[Ownership]) -> None:
        now = self._context.clock.monotonic()
        due = [own for own in lanes if now >= self._beaten.get(own.partition, now)]
        if due:
            heartbeats.beat(self._context, self._beats, due)
            self._beaten |= {own.partition: now + BEAT_SECONDS for own in due}

    def _send(self, owned: Mapping[int, Ownership], lanes: Sequence[int]) -> None:
        now = self._context.clock.monotonic()
        self._not_before = {name: at for name, at in self._not_before.items() if at > now}
        if self._free <= 0:
            return
        with Session(self._context.engine) as session:
            found = store.candidates(
                session,
                lanes,
                self.channels,
                self._not_before,
                min(self._free * self._bundle, self._round),
                self._pacing.resting() if self._pacing.limited else None,
            )
        candidates = self._pacing.fitting(found)
        connections = self._lease(min(self._free, len(candidates)))
        if not connections:
            return
        begun = self._context.clock.monotonic()
        try:
            claimed = self._claiming.claim(owned, candidates[: len(connections) * self._bundle])
        except BaseException:
            self._release(connections)
            # It may have been committed all the same: look for intents that nobody carries.
            self._epochs.clear()
            raise
        if claimed.doubtful:
            self._epochs.clear()
        took = self._context.clock.monotonic() - begun
        self._round = next_round(self._round, len(claimed.ready), took)
        self._not_before |= dict.fromkeys(claimed.waiting, now + RETRY_SECONDS)
        self._in_flight.update(ready.flight.dispatch_id for ready in claimed.ready)
        if self._pacing.limited:
            domains = {one.dispatch_id: one.domain for one in candidates}
            self._pacing.spend(domains[ready.flight.dispatch_id] for ready in claimed.ready)
        used = min(len(connections), len(claimed.ready))
        for number in range(used):
            self._free -= 1
            bundle = deque(claimed.ready[number::used])
            self._pool.submit(self._hand_over, connections.pop(), bundle)
        self._release(connections)
        metrics.IN_FLIGHT.labels(self._provider.name).set(len(self._in_flight))
        if claimed.ready or len(claimed.waiting) < len(candidates):
            self.wake()

    def _hand_over(self, connection: Connection, bundle: deque[Ready]) -> None:
        """In a thread of the pool: each letter of the bundle once."""
        begun, count = self._context.clock.monotonic(), len(bundle)
        while bundle:
            left = len(bundle)
            self._hand_over_by(connection, bundle)
            if len(bundle) == left:
                break
            if bundle:
                # What is left was not begun: it may go by another way.
                try:
                    connection = self._provider.lease()
                except Unavailable:
                    break
        for ready in bundle:
            outcome = Rejected("connection_lost:not_begun", None, retryable=True)
            self._finished.put(Finished(ready.flight, outcome, self._provider.name))
        self._finished.put(_Handed(count, self._context.clock.monotonic() - begun))
        self.wake()

    def _hand_over_by(self, connection: Connection, bundle: deque[Ready]) -> None:
        """Hand over by this connection as long as it lasts; what it did not take stays."""
        taken: deque[Ready] = deque()
        name, monotonic = self._provider.name, self._context.clock.monotonic

        def letters() -> Iterator[Letter]:
            while bundle:
                ready = bundle.popleft()
                if ready.letter.is_late(self._context.clock.real()):
                    self._finished.put(Finished(ready.flight, CHECK_TOO_OLD, name))
                else:
                    taken.append(ready)
                    yield ready.letter

        seconds = metrics.SEND_SECONDS.labels(name)
        begun = monotonic()
        try:
            for outcome in connection.send(letters()):
                ready = taken.popleft()
                self._pacing.heard(ready.letter.recipient, outcome)
                self._finished.put(Finished(ready.flight, outcome, name))
                ended = monotonic()
                seconds.observe(ended - begun)
                begun = ended
        except Exception as error:
            # Only where it failed, never what it says: the text may name an address.
            log.error(
                "a provider raised",
                provider=name,
                error=type(error).__name__,
                trace=format_tb(error.__traceback__),
            )
            for ready in taken:
                doubt = Doubtful(f"provider_raised:{type(error).__name__}")
                self._finished.put(Finished(ready.flight, doubt, name))
        self._provider.release(connection)

    def _lease(self, count: int) -> list[Connection]:
        """Up to `count` connections that have just answered; fewer where the provider is down."""
        leased: list[Connection] = []
        if self._context.clock.monotonic() < self._provider_again:
            return leased
        try:
            while len(leased) < count:
                leased.append(self._provider.lease())
        except Unavailable as error:
            if not leased:
                self._provider_down(error)
                return leased
        self._provider_up()
        return leased

    def _release(self, connections: Sequence[Connection]) -> None:
        for connection in connections:
            self._provider.release(connection)

    def _probe(self) -> None:
        """See whether the provider answers, so that /readyz tells before anything is to be sent."""
        now = self._context.clock.monotonic()
        if now >= self._probe_again:
            self._probe_again = now + PROBE_SECONDS
            self._release(self._lease(1))

    def _provider_down(self, error: Unavailable) -> None:
        self._provider_failures += 1
        pause = min(5.0, 0.1 * 2.0 ** min(self._provider_failures, 6))
        self._provider_again = self._context.clock.monotonic() + pause
        self._down(f"not reached: {error}")

    def _provider_up(self) -> None:
        self._provider_failures = 0
        if self._vital:
            self._context.health.up(self._provider.name)

    def _down(self, why: str) -> None:
        if self._vital:
            self._context.health.down(self._provider.name, why)

    def wind_up(self) -> None:
        """Let what is in flight end, and record it; what takes too long stays intended."""
        deadline = self._context.clock.monotonic() + STOP_SECONDS
        while (self._in_flight or self._unrecorded) and self._context.clock.monotonic() < deadline:
            self._wakened.wait(BUSY_SECONDS)
            self._wakened.clear()
            try:
                self._record()
            except Exception as error:
                if not is_passing(error):
                    raise
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._provider.close()
