"""The SQL of the processing rule: watermarks and inbox (design section 4)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


class Fenced(Exception):
    """Another worker owns the partition now: this transaction must not commit."""


class WrongCluster(Exception):
    """The database remembers another cluster's offsets; going on would skip events."""


@dataclass(slots=True)
class Ownership:
    """One partition this worker owns: the epoch it raised, and the next offset to apply.

    `passed`: the offset after the records that were passed over since; the database need not
    know, for they may be passed over again. `caught_up_at`: the last real instant at which all
    records that the broker then had were applied, as far as is known; `mark`: the next such
    instant, and the offset that must be reached for it.
    """

    topic: str
    partition: int
    epoch: int
    next_offset: int
    passed: int = 0
    caught_up_at: datetime | None = None
    mark: tuple[datetime, int] | None = None

    def progress(self, fetched_at: datetime, end: int, reached: int) -> None:
        """Take in that the broker said at a real instant where the partition ends, and how far
        it is applied by now."""
        if self.mark is None:
            self.mark = (fetched_at, end)
        at, wanted = self.mark
        if reached >= wanted:
            self.caught_up_at, self.mark = at, None


def take_over(
    session: Session, topic: str, partition: int, cluster_id: str, topic_id: str
) -> Ownership:
    """Raise the partition's epoch, which shuts out its former owner. Raises WrongCluster."""
    row = session.execute(
        text(
            "INSERT INTO watermark (topic, partition, cluster_id, topic_id, epoch, next_offset)"
            " VALUES (:topic, :partition, :cluster_id, :topic_id, 1, 0)"
            " ON CONFLICT (topic, partition) DO UPDATE SET epoch = watermark.epoch + 1"
            " RETURNING epoch, next_offset, cluster_id, topic_id"
        ),
        {
            "topic": topic,
            "partition": partition,
            "cluster_id": cluster_id,
            "topic_id": topic_id,
        },
    ).one()
    if (row.cluster_id, row.topic_id) != (cluster_id, topic_id):
        raise WrongCluster(
            f"{topic}/{partition}: this database was filled from cluster {row.cluster_id}, topic "
            f"{row.topic_id}; the broker says cluster {cluster_id}, topic {topic_id}. Point the "
            "service at its own broker, or at an empty database."
        )
    return Ownership(topic, partition, row.epoch, row.next_offset)


def evict_blockers(session: Session, pid: int) -> int:
    """End the sessions of this role that block the session `pid`; how many there were.

    Among them is one whose client froze in the middle of a COPY: no time-out of the server's
    ends that.
    """
    blocking = text("SELECT count(pg_terminate_backend(b)) FROM unnest(pg_blocking_pids(:pid)) b")
    return int(session.execute(blocking, {"pid": pid}).scalar_one())


def session_pid(session: Session) -> int:
    """The server's process that serves this session."""
    return int(session.execute(text("SELECT pg_backend_pid()")).scalar_one())


def advance(session: Session, moves: Sequence[tuple[Ownership, int]]) -> None:
    """Move watermarks of owned partitions of one topic, each to its next offset.

    Raises Fenced if one of them is owned no more.
    """
    moved = session.execute(
        text(
            "UPDATE watermark SET next_offset = m.next FROM unnest(CAST(:partitions AS int[]),"
            " CAST(:epochs AS bigint[]), CAST(:expected AS bigint[]), CAST(:next AS bigint[]))"
            " AS m(p, e, x, next) WHERE topic = :topic AND partition = p AND epoch = e"
            " AND next_offset = x"
        ),
        {
            "topic": moves[0][0].topic,
            "partitions": [own.partition for own, _ in moves],
            "epochs": [own.epoch for own, _ in moves],
            "expected": [own.next_offset for own, _ in moves],
            "next": [following for _, following in moves],
        },
    )
    if moved.rowcount != len(moves):  # type: ignore[attr-defined]
        raise Fenced(", ".join(f"{own.topic}/{own.partition}" for own, _ in moves))


def next_offset(session: Session, own: Ownership) -> int | None:
    """Where the partition stands, if it is still owned in this epoch; else None."""
    return session.execute(
        text(
            "SELECT next_offset FROM watermark WHERE topic = :topic AND partition = :partition"
            " AND epoch = :epoch"
        ),
        {"topic": own.topic, "partition": own.partition, "epoch": own.epoch},
    ).scalar()


def confirm(session: Session, topic: str, partition: int, epoch: int) -> None:
    """Hold the partition's ownership for the rest of this transaction, or raise Fenced."""
    held = session.execute(
        text(
            "SELECT 1 FROM watermark WHERE topic = :topic AND partition = :partition"
            " AND epoch = :epoch FOR SHARE"
        ),
        {"topic": topic, "partition": partition, "epoch": epoch},
    ).first()
    if held is None:
        raise Fenced(f"{topic}/{partition}")


def confirm_all(session: Session, topic: str, epochs: Mapping[int, int]) -> None:
    """As `confirm`, for several partitions, each with the epoch in which it is owned."""
    held = session.execute(
        text(
            "SELECT partition FROM watermark JOIN unnest(CAST(:partitions AS int[]),"
            " CAST(:epochs AS bigint[])) AS own(p, e) ON partition = own.p AND epoch = own.e"
            " WHERE topic = :topic ORDER BY partition FOR SHARE OF watermark"
        ),
        {"topic": topic, "partitions": list(epochs), "epochs": list(epochs.values())},
    )
    missing = epochs.keys() - set(held.scalars())
    if missing:
        raise Fenced(f"{topic}/{min(missing)}")


def positions(session: Session) -> dict[str, int]:
    """The last offset applied of each partition, as `topic/partition`."""
    rows = session.execute(
        text("SELECT topic, partition, next_offset FROM watermark WHERE next_offset > 0")
    )
    return {f"{row.topic}/{row.partition}": row.next_offset - 1 for row in rows}


def first_seen(session: Session, ids: Iterable[str], at: datetime) -> set[str]:
    """Enter identities into the inbox; those that were not there yet."""
    # Sorted, so that two workers with the same ids never wait for each other in a ring.
    rows = session.execute(
        text(
            "INSERT INTO inbox (id, at)"
            " SELECT unnest(CAST(string_to_array(:ids, ',') AS uuid[])), :at"
            " ON CONFLICT (id) DO NOTHING RETURNING id::text"
        ),
        {"ids": ",".join(sorted(set(ids))), "at": at},
    )
    return set(rows.scalars())


def forget(session: Session, ids: Sequence[str]) -> None:
    """Take identities out of the inbox again: their messages were refused after all."""
    if ids:
        session.execute(
            text("DELETE FROM inbox WHERE id = ANY(CAST(:ids AS uuid[]))"), {"ids": list(ids)}
        )


def knows(session: Session, identity: str) -> datetime | None:
    """When the inbox took this identity in (real time), or None."""
    return session.execute(
        text("SELECT at FROM inbox WHERE id = CAST(:id AS uuid)"), {"id": identity}
    ).scalar()


def prune_inbox(session: Session, before: datetime) -> None:
    """Drop identities older than any replay that is still accepted."""
    session.execute(text("DELETE FROM inbox WHERE at < :before"), {"before": before})
