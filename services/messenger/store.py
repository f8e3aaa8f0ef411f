"""The messenger's SQL about customers, obligations and orders. Nothing here commits."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from services.messenger.model import DispatchState
from services.messenger.tables import (
    CustomerRow,
    DispatchRow,
    LaneRow,
    ObligationRow,
)
from services.runtime.database import NO_ITEMS, array

Key = tuple[str, str]
"""Tenant, and the id of a customer or dispatch."""

ObligationKey = tuple[str, str, str]
"""Tenant, kind and the publisher's id."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pending dispatch, not locked. domain: of the customer's address; empty without one."""

    tenant: str
    customer: str
    dispatch_id: str
    lane: int
    domain: str = ""


class Pending(NamedTuple):
    """A pending dispatch: `data` is the order as JSON, the rest of its event what it came by."""

    tenant: str
    dispatch_id: str
    customer: str
    step_id: str
    lane: int
    event_id: str
    correlationid: str | None
    traceparent: str | None
    data: str


def lock_customers(
    session: Session, keys: Iterable[Key], *, skip_locked: bool = False
) -> dict[Key, CustomerRow]:
    """The customers' rows, made where missing, locked in order until the commit.

    With skip_locked, those that another transaction holds are left out.
    """
    tenants, customers = columns(keys)
    if tenants == NO_ITEMS:
        return {}
    arrays = {"tenants": tenants, "customers": customers}
    wanted = "unnest(CAST(:tenants AS text[]), CAST(:customers AS text[])) AS w(t, c)"
    session.connection().execute(
        text(
            f"INSERT INTO customer (tenant, customer) SELECT t, c FROM {wanted}"
            " WHERE NOT EXISTS (SELECT 1 FROM customer k WHERE k.tenant = t AND k.customer = c)"
            " ON CONFLICT DO NOTHING"
        ),
        arrays,
    )
    locked = text(
        f"SELECT customer.* FROM customer JOIN {wanted} ON tenant = w.t AND customer = w.c"
        " ORDER BY tenant, customer FOR UPDATE OF customer"
        + (" SKIP LOCKED" if skip_locked else "")
    )
    rows = session.execute(select(CustomerRow).from_statement(locked), arrays).scalars()
    return {(row.tenant, row.customer): row for row in rows}


def hold_customers(session: Session, keys: Iterable[Key]) -> None:
    """Lock customers' rows that are there, in order until the commit, without reading them."""
    tenants, customers = columns(keys)
    session.connection().execute(
        text(
            "SELECT 1 FROM customer JOIN unnest(CAST(:tenants AS text[]),"
            " CAST(:customers AS text[])) AS w(t, c) ON tenant = w.t AND customer = w.c"
            " ORDER BY tenant, customer FOR UPDATE OF customer"
        ),
        {"tenants": tenants, "customers": customers},
    )


def former(session: Session, keys: Iterable[Key]) -> dict[Key, list[CustomerRow]]:
    """By customer, the ids they went by before, directly or over others; not locked."""
    tenants, customers = columns(keys)
    arrays = {"tenants": tenants, "customers": customers}
    pairs = session.connection().execute(_FORMER, arrays).all()
    if not pairs:
        return {}
    wanted = [(tenant, customer) for tenant, customer, _ in pairs]
    query = select(CustomerRow).where(
        tuple_(col(CustomerRow.tenant), col(CustomerRow.customer)).in_(wanted)
    )
    rows = {(row.tenant, row.customer): row for row in session.exec(query)}
    found: dict[Key, list[CustomerRow]] = {}
    for tenant, customer, stays in sorted(pairs):
        if customer != stays:
            found.setdefault((tenant, stays), []).append(rows[tenant, customer])
    return found


_FORMER = text(
    "WITH RECURSIVE past(tenant, customer, stays) AS ("
    "SELECT k.tenant, k.customer, k.merged_into FROM customer k"
    " JOIN unnest(CAST(:tenants AS text[]), CAST(:customers AS text[])) AS w(t, c)"
    " ON k.tenant = w.t AND k.merged_into = w.c UNION"
    " SELECT k.tenant, k.customer, past.stays FROM customer k"
    " JOIN past ON k.tenant = past.tenant AND k.merged_into = past.customer)"
    " SELECT tenant, customer, stays FROM past"
)


def stays_for(session: Session, tenant: str, customer: str) -> str:
    """The id that stands for the customer in the end, which may be their own."""
    seen = {customer}
    while (row := session.get(CustomerRow, (tenant, customer))) and row.merged_into:
        if row.merged_into in seen:
            break
        customer = row.merged_into
        seen.add(customer)
    return customer


def lock_obligations(
    session: Session, keys: Iterable[ObligationKey]
) -> dict[ObligationKey, ObligationRow]:
    """The obligations' rows, made where missing, locked in order until the commit."""
    arrays = _obligation_arrays(keys)
    if arrays["ids"] == NO_ITEMS:
        return {}
    session.connection().execute(
        text(
            "INSERT INTO obligation (tenant, kind, obligation_id, state, agreed, kept)"
            f" SELECT t, k, o, 'open', false, 0 FROM {_OBLIGATIONS} ON CONFLICT DO NOTHING"
        ),
        arrays,
    )
    statement = text(
        f"SELECT obligation.* FROM obligation JOIN {_OBLIGATIONS}"
        " ON tenant = w.t AND kind = w.k AND obligation_id = w.o"
        " ORDER BY 1, 2, 3 FOR UPDATE OF obligation"
    )
    rows = session.execute(select(ObligationRow).from_statement(statement), arrays).scalars()
    return {(row.tenant, row.kind, row.obligation_id): row for row in rows}


def obligations(session: Session, keys: Iterable[ObligationKey]) -> dict[ObligationKey, Row[Any]]:
    """The obligations that are known, with the fields of `ObligationRow`, not locked."""
    statement = text(
        f"SELECT obligation.* FROM obligation JOIN {_OBLIGATIONS}"
        " ON tenant = w.t AND kind = w.k AND obligation_id = w.o"
    )
    found = session.connection().execute(statement, _obligation_arrays(keys))
    return {(row.tenant, row.kind, row.obligation_id): row for row in found}


_OBLIGATIONS = (
    "unnest(CAST(:tenants AS text[]), CAST(:kinds AS text[]), CAST(:ids AS text[])) AS w(t, k, o)"
)


def _obligation_arrays(keys: Iterable[ObligationKey]) -> dict[str, str]:
    tenants, kinds, ids = columns(keys, 3)
    return {"tenants": tenants, "kinds": kinds, "ids": ids}


def cancel_steps(session: Session, steps: Iterable[tuple[str, str, str]]) -> None:
    """Remember (tenant, customer, step) that must not be sent, whenever its dispatch comes."""
    tenants, customers, names = columns(steps, 3)
    session.connection().execute(
        text(
            "INSERT INTO cancelled_step (tenant, customer, step_id)"
            " SELECT * FROM unnest(CAST(:tenants AS text[]), CAST(:customers AS text[]),"
            " CAST(:steps AS text[])) ON CONFLICT DO NOTHING"
        ),
        {"tenants": tenants, "customers": customers, "steps": names},
    )


def cancelled(session: Session, steps: Iterable[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    """Those of the (tenant, customer, step) that were cancelled."""
    tenants, customers, names = columns(steps, 3)
    found = session.connection().execute(
        text(
            "SELECT tenant, customer, step_id FROM cancelled_step"
            " JOIN unnest(CAST(:tenants AS text[]), CAST(:customers AS text[]),"
            " CAST(:steps AS text[])) AS w(t, c, s)"
            " ON tenant = t AND customer = c AND step_id = s"
        ),
        {"tenants": tenants, "customers": customers, "steps": names},
    )
    return {tuple(row) for row in found}


def add_dispatches(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep orders as pending; one that is known already changes nothing."""
    session.execute(insert(DispatchRow).on_conflict_do_nothing(), list(rows))


def advance_lane(
    session: Session, lane: int, announced: Mapping[str, int], fresh_at: datetime | None
) -> None:
    """Note how far a lane of the log is read. Written by the lane's owner only."""
    row = session.get(LaneRow, lane) or LaneRow(lane=lane)
    row.announced = {
        name: max(announced.get(name, -1), row.announced.get(name, -1))
        for name in {*announced, *row.announced}
    }
    if fresh_at is not None and (row.fresh_at is None or fresh_at > row.fresh_at):
        row.fresh_at = fresh_at
    session.add(row)


def lanes(session: Session, wanted: Iterable[int]) -> dict[int, LaneRow]:
    """What is known of these lanes of the log."""
    found = session.exec(select(LaneRow).where(col(LaneRow.lane).in_(list(wanted))))
    return {row.lane: row for row in found}


def waiting_lanes(session: Session, owned: Sequence[int], channels: Collection[str]) -> list[int]:
    """Those of the owned lanes that have pending dispatches by these channels."""
    found = session.connection().execute(
        text(
            "SELECT l FROM unnest(CAST(:owned AS int[])) AS own(l) WHERE EXISTS"
            " (SELECT 1 FROM dispatch WHERE lane = l AND state = 'pending'"
            " AND channel = ANY(:channels))"
        ),
        {"owned": list(owned), "channels": list(channels)},
    )
    return list(found.scalars())


# From each lane and channel only as many as could be taken: however many wait, a look costs the
# same, since the index has the oldest of each at hand.
_OLDEST_OF_EACH = (
    "SELECT {columns} FROM unnest(CAST(:owned AS int[])) AS own(l)"
    " CROSS JOIN unnest(CAST(:channels AS text[])) AS by(c) CROSS JOIN LATERAL ("
    "SELECT {columns}, seq FROM {tables} WHERE state = 'pending' AND lane = l AND channel = c"
    " AND dispatch_id <> ALL(:busy){more} ORDER BY seq LIMIT :limit) AS oldest"
    " ORDER BY seq LIMIT :limit"
)
_ALL_CANDIDATES = text(
    _OLDEST_OF_EACH.format(
        columns="tenant, customer, dispatch_id, lane", tables="dispatch", more=""
    )
)
_CANDIDATES_BY_DOMAIN = text(
    _OLDEST_OF_EACH.format(
        columns="tenant, customer, dispatch_id, lane, domain",
        tables="dispatch LEFT JOIN customer USING (tenant, customer) CROSS JOIN LATERAL"
        " (SELECT lower(split_part(coalesce(email, ''), '@', 2))) AS d(domain)",
        more=" AND domain <> ALL(:resting)",
    )
)


def candidates(
    session: Session,
    owned: Sequence[int],
    channels: Collection[str],
    busy: Iterable[str],
    limit: int,
    resting: Sequence[str] | None = None,
) -> list[Candidate]:
    """The oldest pending dispatches of these lanes, at most one a customer, without locks.

    channels: only theirs. busy: ids not to be looked at now. resting: domains to which nothing
    may go now; None: nobody asks for domains.
    """
    found = session.connection().execute(
        _ALL_CANDIDATES if resting is None else _CANDIDATES_BY_DOMAIN,
        {
            "owned": list(owned),
            "channels": list(channels),
            "busy": list(busy),
            "limit": limit,
            **({} if resting is None else {"resting": list(resting)}),
        },
    )
    first: dict[Key, Candidate] = {}
    for row in found:
        first.setdefault((row.tenant, row.customer), Candidate(*row))
    return list(first.values())


def pending(session: Session, keys: Iterable[Key]) -> list[Pending]:
    """Those of the dispatches (tenant, id) that are still pending."""
    tenants, ids = columns(keys)
    statement = text(
        "SELECT tenant, dispatch_id, customer, step_id, lane, event->>'id',"
        " event->>'correlationid', event->>'traceparent', CAST(event->'data' AS text)"
        " FROM dispatch JOIN unnest(CAST(:tenants AS text[]),"
        " CAST(:ids AS text[])) AS w(t, d) ON tenant = w.t AND dispatch_id = w.d"
        " WHERE state = 'pending' ORDER BY seq"
    )
    found = session.connection().execute(statement, {"tenants": tenants, "ids": ids})
    return [Pending(*row) for row in found]


def end_dispatches(session: Session, ends: Iterable[tuple[str, str, DispatchState]]) -> None:
    """Set the states of dispatches (tenant, id)."""
    tenants, ids, states = columns(ends, 3)
    session.connection().execute(
        text(
            "UPDATE dispatch SET state = w.s FROM unnest(CAST(:tenants AS text[]),"
            " CAST(:ids AS text[]), CAST(:states AS text[])) AS w(t, d, s)"
            " WHERE tenant = w.t AND dispatch_id = w.d"
        ),
        {"tenants": tenants, "ids": ids, "states": states},
    )


def columns(keys: Iterable[tuple[str, ...]], width: int = 2) -> tuple[str, ...]:
    """Arrays, column by column, of what is sorted and distinct: sorted, so that no two transactions
    lock in a ring.
    """
    ordered = sorted(set(keys))
    return tuple(array(key[index] for key in ordered) for index in range(width))
