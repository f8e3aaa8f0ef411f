"""The SQL of customers' hours: how many answers each segment and tenant gave at which.

A row for each lane, so that lanes which are worked on at once don't wait for each other. Nothing
here commits.
"""

from collections import Counter
from collections.abc import Iterable

import msgspec
from sqlalchemy import text
from sqlmodel import Session

from services.runtime.partitioning import lane
from services.scheduler.model import Book, Enrolment, Pool
from services.scheduler.rules.habits import pools_of

MOST = 2000
"""Answers of a pool in one lane; with more, all are halved: what lies back counts less."""

_GIVEN = (
    "jsonb_to_recordset(CAST(:rows AS jsonb)) AS"
    " given(tenant text, playbook text, segment text, lane int, hour int, count int)"
)
_ADD = text(
    "INSERT INTO answered_hour (tenant, playbook, segment, lane, hour, count)"
    f" SELECT tenant, playbook, segment, lane, hour, count FROM {_GIVEN}"
    " ON CONFLICT (tenant, playbook, segment, lane, hour)"
    " DO UPDATE SET count = answered_hour.count + excluded.count"
)
_HALVE = text(
    "UPDATE answered_hour AS old SET count = old.count / 2 FROM ("
    " SELECT a.tenant, a.playbook, a.segment, a.lane FROM answered_hour AS a"
    f" JOIN (SELECT DISTINCT tenant, playbook, segment, lane FROM {_GIVEN}) AS touched"
    " USING (tenant, playbook, segment, lane) GROUP BY 1, 2, 3, 4 HAVING sum(a.count) > :most"
    ") AS full_ones WHERE (old.tenant, old.playbook, old.segment, old.lane) ="
    " (full_ones.tenant, full_ones.playbook, full_ones.segment, full_ones.lane)"
)
_READ = text(
    "SELECT tenant, playbook, segment, hour, sum(count) AS answers FROM answered_hour JOIN"
    f" (SELECT DISTINCT tenant, playbook, segment FROM {_GIVEN}) AS wanted"
    " USING (tenant, playbook, segment) GROUP BY 1, 2, 3, 4"
)


def load(session: Session, book: Book, enrolments: Iterable[Enrolment]) -> None:
    """Load whose answers help to choose the hours of these enrolments' steps, if any may move."""
    if book.learning is None:
        return
    wanted = {
        pool
        for one in enrolments
        if any(plan.own_hour for plan in one.plans)
        for pool in pools_of(one)
        if pool not in book.pools
    }
    if not wanted:
        return
    book.pools.update((pool, {}) for pool in wanted)
    for row in session.execute(_READ, _rows([pool._asdict() for pool in sorted(wanted)])):
        book.pools[Pool(row.tenant, row.playbook, row.segment)][row.hour] = int(row.answers)


def save(session: Session, book: Book) -> None:
    """Add the answers that were counted. The last thing of a transaction: others may wait."""
    counted = Counter((one.pool, lane(one.customer), one.hour) for one in book.answers)
    book.answers.clear()
    if not counted:
        return
    rows = _rows(
        [
            {**pool._asdict(), "lane": own, "hour": hour, "count": count}
            for (pool, own, hour), count in sorted(counted.items())
        ]
    )
    session.execute(_ADD, rows)
    session.execute(_HALVE, {**rows, "most": MOST})


def _rows(rows: list[dict[str, object]]) -> dict[str, str]:
    return {"rows": msgspec.json.encode(rows).decode()}
