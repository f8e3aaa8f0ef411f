"""Sends what is pending: a live connection, then check and intent, then SMTP, then the outcome.

One thread speaks with the database; as many as there are connections speak with the provider. A
message is on at most one connection, and no more messages are `intended` than connections held.
"""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from traceback import format_tb

from sqlmodel import Session

from schemas.topics import OUTREACH_DISPATCHES
from services.messenger import metrics, store
from services.messenger.handlers import flights
from services.messenger.handlers.claiming import Claiming, Ready
from services.messenger.handlers.flights import Finished
from services.messenger.handlers.heartbeats import Heartbeats
from services.messenger.model import Doubtful, Outcome, Rejected
from services.messenger.providers import Connection, Provider, Unavailable
from services.runtime import logging
from services.runtime.context import Context
from services.runtime.database import is_passing
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


class Sender:
    """The background part of the messenger's worker."""

    def __init__(
        self, context: Context, claiming: Claiming, provider: Provider, connections: int
    ) -> None:
        self._context = context
        self._claiming = claiming
        self._provider = provider
        self._threads = connections
        self._pool = ThreadPoolExecutor(connections, thread_name_prefix="send")
        self._in_flight: dict[str, Future[None]] = {}
        self._finished: SimpleQueue[Finished] = SimpleQueue()
        self._unrecorded: list[Finished] = []
        self._wakened = threading.Event()
        self._stopping = threading.Event()
        self._epochs: dict[int, int] = {}
        self._not_before: dict[str, float] = {}
        self._beaten: dict[int, float] = {}
        self._heartbeats = Heartbeats(context)
        self._pause = BUSY_SECONDS
        self._probe_again = 0.0
        self._provider_again = 0.0
        self._provider_failures = 0

    async def run(self) -> None:
        """Send until `stop`; then end what is in flight, and record it."""
        self._context.health.down(self._provider.name, "starting")
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
            waiting = store.waiting_lanes(session, list(owned))
            known = store.lanes(session, waiting) if waiting else {}
        metrics.WAITING_LANES.set(len(waiting))
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
                self._unrecorded.append(self._finished.get_nowait())
        except Empty:
            pass
        if not self._unrecorded:
            return
        for one in self._unrecorded:
            self._in_flight.pop(one.flight.dispatch_id, None)
        # Kept until it is committed: an outcome must survive the database's absence.
        self._unrecorded = flights.record(self._context, self._unrecorded)
        metrics.IN_FLIGHT.set(len(self._in_flight))

    def _recover(self, owned: Mapping[int, Ownership]) -> None:
        for lane, own in owned.items():
            if self._epochs.get(lane) == own.epoch:
                continue
            carried = {*self._in_flight, *(one.flight.dispatch_id for one in self._unrecorded)}
            while flights.recover(self._context, own, carried):
                log.warning("messages of a lost sender are unknown", lane=lane)
            self._epochs[lane] = own.epoch

    def _beat(self, lanes: Sequence[Ownership]) -> None:
        now = self._context.clock.monotonic()
        due = [own for own in lanes if now >= self._beaten.get(own.partition, now)]
        if due:
            self._heartbeats.beat(due)
            self._beaten |= {own.partition: now + BEAT_SECONDS for own in due}

    def _send(self, owned: Mapping[int, Ownership], lanes: Sequence[int]) -> None:
        now = self._context.clock.monotonic()
        self._not_before = {name: at for name, at in self._not_before.items() if at > now}
        free = self._threads - len(self._in_flight)
        if free <= 0:
            return
        with Session(self._context.engine) as session:
            candidates = store.candidates(session, lanes, self._not_before, free)
        connections = self._lease(len(candidates))
        if not connections:
            return
        try:
            claimed = self._claiming.claim(owned, candidates[: len(connections)])
        except BaseException:
            self._release(connections)
            # It may have been committed all the same: look for intents that nobody carries.
            self._epochs.clear()
            raise
        if claimed.doubtful:
            self._epochs.clear()
        self._not_before |= dict.fromkeys(claimed.waiting, now + RETRY_SECONDS)
        for ready in claimed.ready:
            self._in_flight[ready.flight.dispatch_id] = self._pool.submit(
                self._hand_over, connections.pop(), ready
            )
        self._release(connections)
        metrics.IN_FLIGHT.set(len(self._in_flight))
        if claimed.ready or len(claimed.waiting) < len(candidates):
            self.wake()

    def _hand_over(self, connection: Connection, ready: Ready) -> None:
        """In a thread of the pool: one letter on one connection, once."""
        begun = self._context.clock.monotonic()
        outcome: Outcome = Rejected("check_too_old", None, retryable=True)
        if self._context.clock.real() < ready.fresh_until:
            try:
                outcome = connection.send(ready.letter)
            except Exception as error:
                # Only where it failed, never what it says: the text may name an address.
                log.error(
                    "a provider raised",
                    provider=self._provider.name,
                    error=type(error).__name__,
                    trace=format_tb(error.__traceback__),
                )
                outcome = Doubtful(f"provider_raised:{type(error).__name__}")
        taken = self._context.clock.monotonic() - begun
        metrics.SEND_SECONDS.labels(self._provider.name).observe(taken)
        self._provider.release(connection)
        self._finished.put(Finished(ready.flight, outcome, self._provider.name))
        self.wake()

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
        self._context.health.down(self._provider.name, f"not reached: {error}")

    def _provider_up(self) -> None:
        self._provider_failures = 0
        self._context.health.up(self._provider.name)

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
