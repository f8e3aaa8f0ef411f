"""The SQL of parked messages: those that wait for another topic to catch up."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.runtime.ledger import Ownership


class ParkedRow(NamedTuple):
    """One message that waits for another topic."""

    partition: int
    offset: int
    key: str
    value: bytes
    at: datetime
    """Real time since which it waits."""


def add(
    session: Session, topic: str, rows: Sequence[tuple[int, int, str, bytes, str]], at: datetime
) -> None:
    """Keep (partition, offset, key, value, reason) until another topic has caught up."""
    if not rows:
        return
    partitions, offsets, keys, values, reasons = zip(*rows, strict=True)
    session.execute(
        text(
            "INSERT INTO parked (topic, partition, position, key, value, reason, at)"
            " SELECT :topic, row.*, :at FROM unnest(CAST(:partitions AS int[]),"
            " CAST(:offsets AS bigint[]), CAST(:keys AS text[]), CAST(:values AS bytea[]),"
            " CAST(:reasons AS text[])) AS row ON CONFLICT DO NOTHING"
        ),
        {
            "topic": topic,
            "partitions": list(partitions),
            "offsets": list(offsets),
            "keys": list(keys),
            "values": list(values),
            "reasons": list(reasons),
            "at": at,
        },
    )


def keys(session: Session, topic: str, partitions: Sequence[int]) -> dict[tuple[int, str], int]:
    """By partition, keys with parked messages, and how many: what follows must wait behind them."""
    rows = session.execute(
        text(
            "SELECT partition, key, count(*) AS waiting FROM parked WHERE topic = :topic"
            " AND partition = ANY(:partitions) GROUP BY partition, key"
        ),
        {"topic": topic, "partitions": list(partitions)},
    )
    return {(row.partition, row.key): row.waiting for row in rows}


def batch(session: Session, own: Ownership, limit: int, after: int) -> list[ParkedRow]:
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


def remove(session: Session, own: Ownership, offsets: Sequence[int]) -> None:
    """Drop parked messages that were decided."""
    session.execute(
        text(
            "DELETE FROM parked WHERE topic = :topic AND partition = :partition"
            " AND position = ANY(:offsets)"
        ),
        {"topic": own.topic, "partition": own.partition, "offsets": list(offsets)},
    )


def count(session: Session, places: Sequence[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """How many messages wait, by topic and partition, where any do of these."""
    rows = session.execute(
        text(
            "SELECT topic, partition, count(*) FROM parked JOIN unnest(CAST(:topics AS text[]),"
            " CAST(:partitions AS int[])) AS own(topic, partition) USING (topic, partition)"
            " GROUP BY topic, partition"
        ),
        {
            "topics": [topic for topic, _ in places],
            "partitions": [partition for _, partition in places],
        },
    )
    return {(topic, partition): waiting for topic, partition, waiting in rows}
