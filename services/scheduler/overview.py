"""What the console shows at a glance: counts, reasons, recent decisions."""

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from services.runtime.context import Context

_WEEK = timedelta(days=7)
_REST = 20.0
"""How many times as long as it took to count, the counts are shown again: a console that many
look at takes a twentieth of one connection, however much there is to count."""


class _Counted(NamedTuple):
    data: dict[str, Any]
    until: float
    """By the monotonic clock."""


class Overview:
    """Counts for the console, by tenant. Safe in threads."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._counted: dict[str | None, _Counted] = {}
        self._counting = threading.Lock()

    def __call__(self, tenant: str | None) -> dict[str, Any]:
        """The counts of a tenant, None: of all; at most as old as 20 times what counting takes."""
        monotonic = self._context.clock.monotonic
        with self._counting:
            known = self._counted.get(tenant)
            if known is not None and monotonic() < known.until:
                return known.data
            began = monotonic()
            with Session(self._context.engine) as session:
                data = _count(session, tenant, self._context.clock.now())
            ended = monotonic()
            self._counted[tenant] = _Counted(data, ended + _REST * (ended - began))
            return data


def _count(session: Session, tenant: str | None, now: datetime) -> dict[str, Any]:
    asked = {"tenant": tenant, "since": now - _WEEK, "now": now}
    week = _all(
        session,
        "SELECT type, coalesce(data->>'reason', '') AS reason, count(*) AS count FROM timeline"
        " WHERE tenant = coalesce(:tenant, tenant) AND at > :since AND type IN ('message.sent',"
        " 'outreach.step_deferred', 'outreach.step_suppressed', 'outreach.cancelled')"
        " GROUP BY 1, 2 ORDER BY 3 DESC",
        asked,
    )

    def of_week(type: str) -> int:
        return sum(one["count"] for one in week if one["type"] == type)

    ahead = _all(
        session,
        "SELECT count(*) AS planned, count(*) FILTER (WHERE due_at <= :now) AS late,"
        " min(due_at) FILTER (WHERE due_at > :now) AS next_at FROM step"
        " WHERE state = 'planned' AND tenant = coalesce(:tenant, tenant)",
        asked,
    )[0]
    return {
        "week": {
            "sent": of_week("message.sent"),
            "not_made": of_week("outreach.step_suppressed"),
            "put_off": of_week("outreach.step_deferred"),
        },
        **ahead,
        "enrolments": _all(
            session,
            "SELECT playbook, status, coalesce(reason, '') AS reason, count(*) AS count"
            " FROM enrolment WHERE tenant = coalesce(:tenant, tenant)"
            " GROUP BY 1, 2, 3 ORDER BY 1, 2, 4 DESC",
            asked,
        ),
        "steps": _all(
            session,
            "SELECT e.playbook, s.state, count(*) AS count FROM step s JOIN enrolment e"
            " USING (tenant, enrolment_id) WHERE s.tenant = coalesce(:tenant, s.tenant)"
            " GROUP BY 1, 2 ORDER BY 1, 2",
            asked,
        ),
        "reasons": [one for one in week if one["type"] != "message.sent"][:30],
        "recent": _all(
            session,
            "SELECT told.at, told.type, told.tenant, told.customer,"
            " coalesce(told.data->>'playbook', e.playbook) AS playbook,"
            " told.data->>'step' AS step, told.data->>'reason' AS reason,"
            " told.data->>'rule' AS rule, told.data->>'enrolment_id' AS enrolment_id"
            " FROM (SELECT at, position, type, tenant, customer, data FROM timeline"
            " WHERE tenant = coalesce(:tenant, tenant) AND type LIKE 'outreach.%'"
            " AND type <> 'outreach.step_planned' ORDER BY at DESC, position DESC LIMIT 40)"
            " AS told LEFT JOIN enrolment e ON e.tenant = told.tenant"
            " AND e.enrolment_id = told.data->>'enrolment_id'"
            " ORDER BY told.at DESC, told.position DESC",
            asked,
        ),
    }


def _all(session: Session, query: str, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in session.execute(text(query), asked).mappings()]
