"""The SQL of the processing rule: watermarks, inbox, outbox, parked rows (design section 4)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.runtime.database import driver


class Fenced(Exception):
    """Another worker owns the partition now: this transaction must not commit."""


class WrongCluster(Exception):
    """The database remembers another cluster's offsets; going on would skip events."""


Message = tuple[str, bytes]
"""A message's key and value."""

PAGE_BYTES = 7_600
"""Most that the messages of one outbox row may weigh together: then the row fills a page of
PostgreSQL, and is not stored apart. A message that alone weighs more has a row to itself."""

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(list[Message]).decode


class OutboxLane(NamedTuple):
    """Messages to publish to a lane of `topic`, in this order, and the rows that hold them."""

    lane: int
    topic: str
    ids: Sequence[int]
    messages: Sequence[Message]


class ParkedRow(NamedTuple):
    """One message that waits for another topic."""

    partition: int
    offset: int
    key: str
    value: bytes
    at: datetime
    """Real time since which it waits."""


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


def add_to_outbox(session: Session, rows: Sequence[tuple[int, str, str, bytes]]) -> None:
    """Queue (lane, topic, key, value) for publishing; those of a lane and topic in this order."""
    if not rows:
        return
    with (
        driver(session).cursor() as cursor,
        cursor.copy("COPY outbox (lane, topic, count, messages) FROM STDIN (FORMAT binary)") as to,
    ):
        to.set_types(("int4", "text", "int4", "bytea"))
        for lane, topic, messages in _paged(rows):
            to.write_row((lane, topic, len(messages), _pack(messages)))


def newest_in_outbox(session: Session, topic: str, lanes: Sequence[int]) -> dict[int, int]:
    """By lane, the newest row that waits to be published on the topic."""
    if not lanes:
        return {}
    rows = session.execute(
        text(
            "SELECT lane, max(id) FROM outbox WHERE topic = :topic AND lane = ANY(:lanes)"
            " GROUP BY lane"
        ),
        {"topic": topic, "lanes": list(lanes)},
    )
    return {row.lane: row.max for row in rows}


def still_in_outbox(session: Session, ids: Sequence[int]) -> set[int]:
    """Those of the rows that are not published yet."""
    if not ids:
        return set()
    return set(
        session.execute(
            text("SELECT id FROM outbox WHERE id = ANY(:ids)"), {"ids": list(ids)}
        ).scalars()
    )


def newest_waiting(session: Session, topic: str) -> int:
    """The newest row that waits to be published on the topic, in whichever lane; 0: there is none.

    Of what was committed before nothing waits any more once none up to it does.
    """
    found = session.execute(text("SELECT max(id) FROM outbox WHERE topic = :t"), {"t": topic})
    return int(found.scalar() or 0)


def waits_up_to(session: Session, topic: str, newest: int) -> bool:
    """Whether any row up to this one still waits to be published on the topic."""
    found = session.execute(
        text("SELECT 1 FROM outbox WHERE topic = :topic AND id <= :newest LIMIT 1"),
        {"topic": topic, "newest": newest},
    )
    return found.first() is not None


def _paged(
    rows: Iterable[tuple[int, str, str, bytes]],
) -> Iterator[tuple[int, str, list[Message]]]:
    """The messages by lane and topic, as many together as go on a page."""
    pages: dict[tuple[int, str], tuple[list[Message], int]] = {}
    for lane, topic, key, value in rows:
        weight = len(value) + len(key)
        page, weighs = pages.get((lane, topic), ([], 0))
        if page and weighs + weight > PAGE_BYTES:
            yield lane, topic, page
            page, weighs = [], 0
        page.append((key, value))
        pages[lane, topic] = page, weighs + weight
    for (lane, topic), (page, _) in pages.items():
        yield lane, topic, page


def unpack(messages: bytes) -> list[Message]:
    """What an outbox row holds."""
    return _unpack(messages)


def outbox_batch(
    session: Session,
    lead_topic: str,
    owned: Sequence[Ownership],
    limit: int,
    but: Sequence[int] = (),
) -> list[OutboxLane]:
    """The oldest rows, at most `limit`, of the lanes this worker still owns, in order, those with
    the oldest first; not those whose ids are in `but`."""
    with driver(session).cursor(binary=True) as cursor:
        # The lanes come as one array: joined, the whole backlog would be sorted for each batch.
        # One answer a lane: row by row, the driver waits for the interpreter at each few of them.
        # Sorted here: there, sorting would move the messages, too.
        cursor.execute(
            "SELECT lane, topic, array_agg(id), array_agg(messages) FROM ("
            " SELECT id, lane, topic, messages FROM outbox WHERE lane = ANY(ARRAY("
            " SELECT partition FROM unnest(%s::int[], %s::bigint[]) AS own(l, e)"
            " JOIN watermark w ON w.partition = own.l AND w.epoch = own.e WHERE w.topic = %s))"
            " AND id <> ALL(%s::bigint[]) ORDER BY id LIMIT %s) AS oldest"
            " GROUP BY lane, topic ORDER BY min(id)",
            (
                [own.partition for own in owned],
                [own.epoch for own in owned],
                lead_topic,
                list(but),
                limit,
            ),
        )
        return [
            OutboxLane(
                lane,
                topic,
                sorted(ids),
                [one for _, page in sorted(zip(ids, pages, strict=True)) for one in _unpack(page)],
            )
            for lane, topic, ids, pages in cursor
        ]


def remove_from_outbox(session: Session, ids: Sequence[int]) -> None:
    """Drop rows the broker has acknowledged."""
    if ids:
        session.execute(
            text("DELETE FROM outbox WHERE id = ANY(CAST(string_to_array(:ids, ',') AS bigint[]))"),
            {"ids": ",".join(map(str, ids))},
        )


def park(
    session: Session, topic: str, rows: Sequence[tuple[int, int, str, bytes, str]], at: datetime
) -> None:
    """Keep (partition, offset, key, value, reason) until another topic has caught up."""
    for partition, offset, key, value, reason in rows:
        session.execute(
            text(
                "INSERT INTO parked (topic, partition, position, key, value, reason, at)"
                " VALUES (:topic, :partition, :position, :key, :value, :reason, :at)"
                " ON CONFLICT DO NOTHING"
            ),
            {
                "topic": topic,
                "partition": partition,
                "position": offset,
                "key": key,
                "value": value,
                "reason": reason,
                "at": at,
            },
        )


def parked_keys(
    session: Session, topic: str, partitions: Sequence[int]
) -> dict[tuple[int, str], int]:
    """By partition, keys with parked messages, and how many: what follows must wait behind them."""
    rows = session.execute(
        text(
            "SELECT partition, key, count(*) AS waiting FROM parked WHERE topic = :topic"
            " AND partition = ANY(:partitions) GROUP BY partition, key"
        ),
        {"topic": topic, "partitions": list(partitions)},
    )
    return {(row.partition, row.key): row.waiting for row in rows}


def parked_batch(session: Session, own: Ownership, limit: int, after: int) -> list[ParkedRow]:
    """The oldest parked message of each key of an owned partition, those behind `after` first."""
    rows = session.execute(
        text(
            "SELECT partition, position, key, value, at FROM parked JOIN (SELECT key, min(position)"
            " AS position FROM parked WHERE topic = :topic AND partition = :partition GROUP BY key)"
            " AS oldest USING (key, position) WHERE topic = :topic AND partition = :partition"
            " ORDER BY position <= :after, position LIMIT :limit"
        ),
        {"topic": own.topic, "partition": own.partition, "limit": limit, "after": after},
    )
    return [ParkedRow(*row) for row in rows]


def unpark(session: Session, own: Ownership, offsets: Sequence[int]) -> None:
    """Drop parked messages that were decided."""
    session.execute(
        text(
            "DELETE FROM parked WHERE topic = :topic AND partition = :partition"
            " AND position = ANY(:offsets)"
        ),
        {"topic": own.topic, "partition": own.partition, "offsets": list(offsets)},
    )


def count_parked(session: Session) -> dict[tuple[str, int], int]:
    """How many messages wait, by topic and partition."""
    rows = session.execute(
        text("SELECT topic, partition, count(*) FROM parked GROUP BY topic, partition")
    )
    return {(topic, partition): waiting for topic, partition, waiting in rows}
