"""One transaction of a service: its state, and the messages that leave because of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from pydantic import BaseModel
from sqlmodel import Session

from schemas.envelope import Cause, Envelope, encode, write
from schemas.errors import Rejection
from schemas.topics import OUTREACH_LOG
from services.runtime import ledger, outbox_rows
from services.runtime.ids import derive
from services.runtime.messages import Incoming
from services.runtime.partitioning import PARTITIONS, lane


class Link(NamedTuple):
    """An emitted message's place in the chain of causes."""

    id: str
    correlationid: str | None
    traceparent: str | None


class UnitOfWork:
    """What a handler works with; committed as a whole, or not at all.

    `now` is the business instant of the decision. Messages given to `emit` and `fact` are rows of
    this transaction and are published after it, in order, at least once.
    """

    def __init__(self, session: Session, service: str, now: datetime, real_now: datetime) -> None:
        self.session = session
        self.service = service
        self.now = now
        self.real_now = real_now
        self.parked: list[tuple[Incoming, str]] = []
        self.rejected: list[tuple[Incoming, Rejection]] = []
        self._outbox: list[tuple[int, str, str, bytes]] = []

    def emit(self, topic: str, envelope: Envelope) -> None:
        """Publish `envelope` on `topic` after the commit, keyed by its subject."""
        self._queue(topic, envelope.subject, encode(envelope))

    def fact(
        self,
        type: str,
        data: BaseModel | msgspec.Struct | Mapping[str, Any],
        *,
        subject: str,
        tenant: str = "default",
        cause: Cause | None = None,
        key: tuple[str | int, ...],
    ) -> Link:
        """Write a fact to the log; `key` is what makes it this one fact and no other.

        What comes back may be the `cause` of what follows from it.
        """
        identity = derive(self.service, type, tenant, *key)
        return self.say(
            OUTREACH_LOG, type, data, id=identity, subject=subject, tenant=tenant, cause=cause
        )

    def say(
        self,
        topic: str,
        type: str,
        data: BaseModel | msgspec.Struct | Mapping[str, Any],
        *,
        id: str,
        subject: str,
        tenant: str,
        cause: Cause | None,
    ) -> Link:
        """Publish a message of this service's own on `topic` after the commit."""
        value = write(
            type,
            data,
            id=id,
            source=f"/rapport/{self.service}",
            tenant=tenant,
            subject=subject,
            time=self.now,
            cause=cause,
        )
        self._queue(topic, subject, value)
        first = id if cause is None else cause.correlationid or cause.id
        return Link(id, first, cause.traceparent if cause is not None else None)

    def tell_all(
        self,
        type: str,
        data: BaseModel,
        *,
        tenant: str = "default",
        key: tuple[str | int, ...],
    ) -> None:
        """Write a fact to every lane of the log: it concerns whatever any of them is about.

        Each lane's copy has its own id and the subject `lane:N`.
        """
        for number in range(PARTITIONS):
            subject = f"lane:{number}"
            value = write(
                type,
                data,
                id=derive(self.service, type, tenant, *key, number),
                source=f"/rapport/{self.service}",
                tenant=tenant,
                subject=subject,
                time=self.now,
                cause=None,
            )
            # By its lane: the partitioner would put such a key anywhere.
            self._outbox.append((number, OUTREACH_LOG, subject, value))

    def _queue(self, topic: str, key: str, value: bytes) -> None:
        """The one way out; where nothing is published, another takes its place."""
        self._outbox.append((lane(key), topic, key, value))

    def park(self, incoming: Incoming, reason: str) -> None:
        """Decide on this message later: it waits for another topic. Handlers see it again.

        What follows it in the batch with the same key must be parked with it; what comes in later
        batches waits behind it by itself.
        """
        self.parked.append((incoming, reason))

    def reject(self, incoming: Incoming, rejection: Rejection) -> None:
        """Refuse this message after all: to dead.letters, without a trace in the inbox."""
        self.rejected.append((incoming, rejection))

    def positions(self) -> dict[str, int]:
        """The last offset this service has applied of each partition, this batch included."""
        return ledger.positions(self.session)

    @property
    def emitted(self) -> bool:
        """Whether anything waits to be published."""
        return bool(self._outbox)

    def flush(self) -> None:
        """Turn what was emitted into outbox rows. Called once, just before the commit."""
        self.session.flush()
        outbox_rows.add(self.session, self._outbox)


@contextmanager
def unit(session: Session, service: str, now: datetime, real_now: datetime) -> Iterator[UnitOfWork]:
    """A unit of work over `session`: commits at the end, rolls back on any exception."""
    with session:
        work = UnitOfWork(session, service, now, real_now)
        yield work
        work.flush()
        session.commit()
