"""What the console shows at a glance: counts, reasons, recent decisions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from services.runtime.context import Context

_WEEK = timedelta(days=7)
_REST = 20.0
"""How many times as long as it took to count, the counts are shown again: a console that many
look at takes a twentieth of one connection, however much there is to count."""
_MOST_RECENT = 40
_MOST_REASONS = 30

Counts = dict[str, Any]
Count = Callable[[str | None, datetime], Counts]
"""A tenant's counts as of an instant, None: of all."""


class _Counted(NamedTuple):
    """at: as of which instant. began, until: by the monotonic clock."""

    counts: Counts
    at: datetime
    began: float
    until: float


@dataclass(slots=True)
class _Kept:
    """What was counted last of a tenant. counting: held by whoever counts."""

    counting: Lock = field(default_factory=Lock)
    last: _Counted | None = None


class Overview:
    """Counts for the console, by tenant. Safe in threads, of which one at a time counts a tenant:
    the others show what was counted before, and wait only where nothing was."""

    def __init__(self, context: Context, count: Count) -> None:
        self._context = context
        self._count = count
        self._kept: dict[str | None, _Kept] = {}

    def __call__(self, tenant: str | None) -> Counts:
        """The counts of a tenant, None: of all; `counted_at`, `counted_ago` in real seconds.

        They are kept for 20 times as long as counting took, and shown on while they are counted.
        """
        kept = self._kept.setdefault(tenant, _Kept())
        if not self._is_fresh(kept.last) and kept.counting.acquire(blocking=kept.last is None):
            try:
                if not self._is_fresh(kept.last):
                    kept.last = self._counted(tenant)
            finally:
                kept.counting.release()
        assert kept.last is not None
        ago = round(self._context.clock.monotonic() - kept.last.began, 1)
        return {**kept.last.counts, "counted_at": kept.last.at, "counted_ago": ago}

    def _is_fresh(self, last: _Counted | None) -> bool:
        return last is not None and self._context.clock.monotonic() < last.until

    def _counted(self, tenant: str | None) -> _Counted:
        clock = self._context.clock
        at, began = clock.now(), clock.monotonic()
        counts = self._count(tenant, at)
        ended = clock.monotonic()
        return _Counted(counts, at, began, ended + _REST * (ended - began))


def counting(context: Context) -> Count:
    """Counts in the scheduler's database, as `Overview` asks for them."""

    def count(tenant: str | None, now: datetime) -> Counts:
        with Session(context.engine) as session:
            return _count(session, tenant, now)

    return count


def _count(session: Session, tenant: str | None, now: datetime) -> Counts:
    asked = {"tenant": tenant, "since": now - _WEEK, "now": now}
    week = _week(session, asked)

    def of_week(type: str) -> int:
        return sum(one["count"] for one in week if one["type"] == type)

    return {
        "week": {
            "sent": of_week("message.sent"),
            "not_made": of_week("outreach.step_suppressed"),
            "put_off": of_week("outreach.step_deferred"),
        },
        **_ahead(session, asked),
        "enrolments": _enrolments(session, asked),
        "steps": _steps(session, asked),
        "reasons": [one for one in week if one["type"] != "message.sent"][:_MOST_REASONS],
        "recent": _recent(session, asked),
    }


def _week(session: Session, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the last 7 days brought, by kind of fact and reason."""
    return _all(
        session,
        "SELECT type, coalesce(data->>'reason', '') AS reason, count(*) AS count FROM timeline"
        " WHERE tenant = coalesce(:tenant, tenant) AND at > :since AND type IN ('message.sent',"
        " 'outreach.step_deferred', 'outreach.step_suppressed', 'outreach.cancelled')"
        " GROUP BY 1, 2 ORDER BY 3 DESC",
        asked,
    )


def _ahead(session: Session, asked: Mapping[str, Any]) -> dict[str, Any]:
    """How many steps are planned, how many of them are due, and when the next one will be."""
    return _all(
        session,
        "SELECT count(*) AS planned, count(*) FILTER (WHERE due_at <= :now) AS late,"
        " min(due_at) FILTER (WHERE due_at > :now) AS next_at FROM step"
        " WHERE state = 'planned' AND tenant = coalesce(:tenant, tenant)",
        asked,
    )[0]


def _enrolments(session: Session, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """How many go on and how the others ended, by playbook."""
    return _all(
        session,
        "SELECT playbook, status, coalesce(reason, '') AS reason, count(*) AS count"
        " FROM enrolment WHERE tenant = coalesce(:tenant, tenant)"
        " GROUP BY 1, 2, 3 ORDER BY 1, 2, 4 DESC",
        asked,
    )


def _steps(session: Session, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What became of steps, by playbook."""
    return _all(
        session,
        "SELECT e.playbook, s.state, count(*) AS count FROM step s JOIN enrolment e"
        " USING (tenant, enrolment_id) WHERE s.tenant = coalesce(:tenant, s.tenant)"
        " GROUP BY 1, 2 ORDER BY 1, 2",
        asked,
    )


def _recent(session: Session, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The last decisions, newest first."""
    return _all(
        session,
        "SELECT told.at, told.type, told.tenant, told.customer,"
        " coalesce(told.data->>'playbook', e.playbook) AS playbook,"
        " told.data->>'step' AS step, told.data->>'reason' AS reason,"
        " told.data->>'rule' AS rule, told.data->>'enrolment_id' AS enrolment_id"
        " FROM (SELECT at, position, type, tenant, customer, data FROM timeline"
        " WHERE tenant = coalesce(:tenant, tenant) AND type LIKE 'outreach.%'"
        " AND type <> 'outreach.step_planned' ORDER BY at DESC, position DESC LIMIT :most)"
        " AS told LEFT JOIN enrolment e ON e.tenant = told.tenant"
        " AND e.enrolment_id = told.data->>'enrolment_id'"
        " ORDER BY told.at DESC, told.position DESC",
        {**asked, "most": _MOST_RECENT},
    )


def _all(session: Session, query: str, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in session.execute(text(query), asked).mappings()]
