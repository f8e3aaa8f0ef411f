"""The SQL of the outbox: messages that wait to be published, packed by the page."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.runtime.database import driver
from services.runtime.ledger import Ownership

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


def add(session: Session, rows: Sequence[tuple[int, str, str, bytes]]) -> None:
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


def newest(session: Session, topic: str, lanes: Sequence[int]) -> dict[int, int]:
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


def still_waiting(session: Session, ids: Sequence[int]) -> set[int]:
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


def batch(
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


def remove(session: Session, ids: Sequence[int]) -> None:
    """Drop rows the broker has acknowledged."""
    if ids:
        session.execute(
            text("DELETE FROM outbox WHERE id = ANY(CAST(string_to_array(:ids, ',') AS bigint[]))"),
            {"ids": ",".join(map(str, ids))},
        )
