"""The one processing rule, for a batch of one topic's partitions (design section 4).

decode ─▶ ONE transaction: watermark + inbox + state + outbox ─▶ commit. Nothing here talks to
Kafka: `consuming.py` brings the records, `outbox.py` publishes what they caused.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from threading import Event
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from schemas.envelope import Envelope, encode
from schemas.errors import Rejection
from schemas.topics import DEAD_LETTERS
from services.runtime import ledger, metrics, parked_rows, refusing
from services.runtime.context import Context
from services.runtime.database import is_passing
from services.runtime.incoming import identity, read, read_parked
from services.runtime.ledger import Fenced, Ownership
from services.runtime.messages import Incoming
from services.runtime.parked_rows import ParkedRow
from services.runtime.records import Record, Wanted
from services.runtime.unit_of_work import UnitOfWork

Handler = Callable[[UnitOfWork, Sequence[Incoming]], None]
Item = TypeVar("Item")

MOST_PASSED = 5000
"""Records passed over before the watermark is moved past them: so many are read again at most."""


class Batch(NamedTuple):
    """The next records of one partition, in order."""

    own: Ownership
    records: Sequence[Record]


class Processor:
    """Applies batches of one service's topics; synchronous, one call a thread."""

    def __init__(
        self,
        context: Context,
        handlers: Mapping[str, Handler],
        refuses: frozenset[str],
        wants: Mapping[str, Wanted] = MappingProxyType({}),
    ) -> None:
        """`refuses`: the topics whose unacceptable records this service puts in dead.letters;
        elsewhere it passes over them, since several services read the same topic.
        `wants`: what it needs of a topic of which it needs little; the rest is passed over
        unread."""
        self._context = context
        self._handlers = handlers
        self._refuses = refuses
        self._wants = wants
        self._swept: dict[tuple[str, int], int] = {}
        """By partition, the last parked message that was looked at."""
        self.has_parked = Event()
        """Set when a message is parked."""

    def apply(self, own: Ownership, records: Sequence[Record]) -> None:
        """Apply `records` of one partition, as `apply_all` does."""
        self.apply_all([Batch(own, records)])

    def apply_all(self, batches: Sequence[Batch]) -> None:
        """Apply batches of different partitions of one topic, in one transaction, and advance them.

        Raises Fenced where one of them is owned no more, or what may pass by itself. Where
        anything else is raised, each partition goes alone; a record at fault is found by halving
        its batch, and goes to dead.letters alone.
        """
        fresh = []
        for own, records in batches:
            unapplied = [record for record in records if record.offset >= own.next_offset]
            if unapplied:
                fresh.append(Batch(own, unapplied))
        if fresh:
            self._isolating(fresh, self._apply_together, self._apply_alone)

    def _apply_alone(self, batch: Batch, _: Exception) -> None:
        """Halve a batch that cannot be applied as a whole."""
        own = batch.own

        def do(records: Sequence[Record]) -> None:
            self._apply_together([Batch(own, records)])

        self._isolating(batch.records, do, partial(self._bury, own))

    def sweep(self, own: Ownership, limit: int = 500) -> int:
        """Feed parked messages of an owned partition to their handler again; how many went on.

        Of each key only the oldest is fed: the others wait behind it. At most `limit` of them, the
        next ones the next time. What has waited too long is refused. Raises as `apply` does.
        """
        place = own.topic, own.partition
        with self._context.unit() as work:
            rows = parked_rows.batch(work.session, own, limit, self._swept.get(place, -1))
        if not rows:
            return 0
        self._swept[place] = rows[-1].offset
        patience = timedelta(hours=self._context.settings.waiting_hours)
        since = self._context.clock.real() - patience
        gone: list[int] = []
        self._isolating(
            rows, partial(self._sweep_together, own, gone), partial(self._bury_parked, own, gone)
        )
        for row in rows:
            if row.at < since and row.offset not in gone:
                self._refuse_parked(own, gone, row, refusing.waited_too_long(patience))
                metrics.WAITED_IN_VAIN.labels(own.topic, "waited_too_long").inc()
        return len(gone)

    def _isolating(
        self,
        items: Sequence[Item],
        do: Callable[[Sequence[Item]], None],
        bury: Callable[[Item, Exception], None],
    ) -> None:
        """Do all together; where that fails, halve, until what is at fault stands alone."""
        try:
            do(items)
        except Exception as error:
            if isinstance(error, Fenced) or is_passing(error):
                raise
            if len(items) == 1:
                bury(items[0], error)
                return
            middle = len(items) // 2
            self._isolating(items[:middle], do, bury)
            self._isolating(items[middle:], do, bury)

    def _sweep_together(self, own: Ownership, gone: list[int], rows: Sequence[ParkedRow]) -> None:
        with self._context.unit() as work:
            ledger.confirm(work.session, own.topic, own.partition, own.epoch)
            waiting = [read_parked(own, row) for row in rows]
            self._handlers[own.topic](work, waiting)
            again = {incoming.offset for incoming, _ in work.parked}
            done = [row.offset for row in rows if row.offset not in again]
            parked_rows.remove(work.session, own, done)
            self._refuse(work)
        gone.extend(done)

    def _apply_together(self, batches: Sequence[Batch]) -> None:
        topic = batches[0].own.topic
        incoming: list[tuple[str, Incoming]] = []
        refused: list[tuple[Record, Rejection]] = []
        moves: list[tuple[Ownership, int]] = []
        for own, records in batches:
            before = len(incoming) + len(refused)
            for record in self._wanted(own, records):
                try:
                    message = read(record)
                except Rejection as rejection:
                    refused.append((record, rejection))
                    continue
                incoming.append((identity(message.event), message))
            following = records[-1].offset + 1
            passed_over = len(incoming) + len(refused) == before
            if passed_over and following - own.next_offset < MOST_PASSED:
                own.passed = following
            else:
                moves.append((own, following))
        if not moves:
            return
        with self._context.unit() as work:
            ledger.advance(work.session, moves)
            ids = [key for key, _ in incoming]
            unseen = ledger.first_seen(work.session, ids, work.real_now) if ids else set()
            places = [own.partition for own, _ in moves]
            blocked = parked_rows.keys(work.session, topic, places) if ids else {}
            batch: list[Incoming] = []
            for key, message in incoming:
                if key not in unseen:
                    continue
                unseen.discard(key)
                if (message.partition, message.key) in blocked:
                    self._park_behind(work, message, blocked)
                else:
                    batch.append(message)
            if batch:
                self._handlers[topic](work, batch)
            parked_rows.add(
                work.session,
                topic,
                [
                    (message.partition, message.offset, message.key, encode(message.event), why)
                    for message, why in work.parked
                ],
                work.real_now,
            )
            for record, reason in refused if topic in self._refuses else ():
                work.emit(DEAD_LETTERS, self._dead_letter(record, reason, work))
            self._refuse(work)
        if work.parked:
            self.has_parked.set()
        for own, following in moves:
            own.next_offset = following
        metrics.EVENTS.labels(topic, "applied").inc(len(batch))
        behind = sum((m.partition, m.key) in blocked for m, _ in work.parked)
        metrics.EVENTS.labels(topic, "duplicate").inc(len(incoming) - len(batch) - behind)
        metrics.EVENTS.labels(topic, "rejected").inc(len(refused) + len(work.rejected))

    def _park_behind(
        self, work: UnitOfWork, message: Incoming, blocked: dict[tuple[int, str], int]
    ) -> None:
        """Let a message wait behind others of its key, unless they are too many already."""
        most = self._context.settings.waiting_per_key
        place = message.partition, message.key
        if blocked[place] < most:
            blocked[place] += 1
            work.park(message, "behind another of the same key")
        else:
            work.reject(message, refusing.too_many(most))
            metrics.WAITED_IN_VAIN.labels(message.topic, "too_many_waiting").inc()

    def _wanted(self, own: Ownership, records: Sequence[Record]) -> Sequence[Record]:
        """Those that this service needs, or may need: they are not validated yet."""
        wanted = self._wants.get(own.topic)
        if wanted is None:
            return records
        now = self._context.clock.real()
        return [record for record in records if wanted.has(record, now)]

    def _bury(self, own: Ownership, record: Record, error: Exception) -> None:
        rejection = refusing.unforeseen(own, record.offset, error)
        with self._context.unit() as work:
            ledger.advance(work.session, [(own, record.offset + 1)])
            work.emit(DEAD_LETTERS, self._dead_letter(record, rejection, work))
        own.next_offset = record.offset + 1
        metrics.EVENTS.labels(own.topic, "rejected").inc()

    def _bury_parked(
        self, own: Ownership, gone: list[int], row: ParkedRow, error: Exception
    ) -> None:
        self._refuse_parked(own, gone, row, refusing.unforeseen(own, row.offset, error))

    def _refuse_parked(
        self, own: Ownership, gone: list[int], row: ParkedRow, rejection: Rejection
    ) -> None:
        with self._context.unit() as work:
            ledger.confirm(work.session, own.topic, own.partition, own.epoch)
            parked_rows.remove(work.session, own, [row.offset])
            work.reject(read_parked(own, row), rejection)
            self._refuse(work)
        gone.append(row.offset)
        metrics.EVENTS.labels(own.topic, "rejected").inc()

    def _refuse(self, work: UnitOfWork) -> None:
        """Send what the handler refused to dead.letters, and forget that it was seen."""
        ledger.forget(work.session, [identity(message.event) for message, _ in work.rejected])
        for message, rejection in work.rejected:
            letter = refusing.dead_letter(
                rejection,
                work,
                self._context.service,
                message.key.encode(),
                message.raw,
                refusing.place(message),
                message.headers,
            )
            work.emit(DEAD_LETTERS, letter)

    def _dead_letter(self, record: Record, rejection: Rejection, work: UnitOfWork) -> Envelope:
        return refusing.dead_letter_of(record, rejection, work, self._context.service)
