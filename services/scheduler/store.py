"""The scheduler's SQL for decisions: loads a `Book` under lock, saves it. Nothing here commits.

Locks are taken customers first, in order, then obligations, in order; so does every caller.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import msgspec
from sqlalchemy import text
from sqlmodel import Session

from services.scheduler.model import (
    Book,
    Customer,
    Enrolment,
    Key,
    Obligation,
    ObligationKey,
    Reserved,
    Step,
    StepState,
)
from services.scheduler.rules.merging import survivor
from services.scheduler.rules.stops import MERGED
from services.scheduler.rules.timing import WITHIN

_Row = TypeVar("_Row")

_AS_CUSTOMER = msgspec.json.Decoder(Customer)
_AS_CUSTOMERS = msgspec.json.Decoder(list[Customer])
_AS_OBLIGATIONS = msgspec.json.Decoder(list[Obligation])
_AS_ENROLMENTS = msgspec.json.Decoder(list[Enrolment])
_AS_STEPS = msgspec.json.Decoder(list[Step])
_AS_RESERVED = msgspec.json.Decoder(list[Reserved])

# One text a column, taken apart by the database: the driver would quote an array name by name.
# No id can hold the character between them (`schemas.common.PLAIN`).
_BETWEEN = "\x1f"
_KEYS = (
    "unnest(string_to_array(CAST(:tenants AS text), chr(31)),"
    " string_to_array(CAST(:ids AS text), chr(31))) AS wanted(t, i)"
)
_OBLIGATIONS = (
    "unnest(string_to_array(CAST(:tenants AS text), chr(31)),"
    " string_to_array(CAST(:kinds AS text), chr(31)),"
    " string_to_array(CAST(:ids AS text), chr(31))) AS wanted(t, k, i)"
)
_ABOUT = "tenant = t AND obligation_kind = k AND obligation_id = i"
# Rows are made JSON, as states are: the driver would take ten times as long, column by column.
_STEP_COLUMNS = (
    "tenant, step_id AS id, customer, enrolment_id, position, state, planned_at, due_at, not_after,"
    " attempt, dispatch_id, reason, plan"
)
_CONTACT_COLUMNS = (
    "tenant, customer, dispatch_id, json_build_object('at', at, 'purpose', purpose, 'channel',"
    " channel, 'obligation_ids', obligation_ids, 'reached', reached, 'by', made_by) AS contact"
)


def load(
    session: Session,
    book: Book,
    customers: Collection[Key],
    obligations: Collection[ObligationKey],
    enrolments: Collection[Key] = (),
    with_former: Collection[Key] = (),
) -> None:
    """Lock and load customers, obligations, and all that an event about them may change.

    Customers not known yet are entered, so that their row can be locked. Of enrolments: the
    active ones of these customers, all of those about these obligations, those named; all of the
    customers in with_former, and of those that stand for them, or for one of a named one.
    """
    # In order once and for all: each statement that names them sorts them, as locks need it.
    obligations = sorted(set(obligations))
    concerned = sorted({*customers, *_enrolled_on(session, obligations)})
    _enter_customers(session, concerned)
    book.load(customers=lock_customers(session, concerned))
    concerned = sorted({*concerned, *_load_survivors(session, book, concerned)})
    book.load(obligations=_lock_obligations(session, obligations))
    named = _named_enrolments(session, enrolments)
    gave_way = [(one.tenant, one.customer) for one in named if one.ended_by == MERGED]
    whole = {*with_former, *(survivor(book, key) for key in (*with_former, *gave_way))}
    found = [
        *_active_of(session, concerned),
        *_about(session, obligations),
        *named,
        *_enrolments(session, whole, "customer = i"),
    ]
    if whole:
        theirs = {one.obligation_key for one in found if (one.tenant, one.customer) in whole}
        book.load(obligations=_lock_obligations(session, theirs - book.obligations.keys()))
    # An enrolment made while we waited for the obligation brings its customer in late; two
    # transactions may now wait for each other, which the database ends and the runtime repeats.
    late = {(one.tenant, one.customer) for one in found}.difference(concerned)
    book.load(customers=lock_customers(session, late))
    book.load(enrolments=found)
    _load_rest(session, book)


class Due(NamedTuple):
    """Due steps, each with its customer; and their customers, locked."""

    steps: list[tuple[Key, str]]
    customers: dict[Key, Customer]


def take_due(session: Session, now: datetime, limit: int) -> Due:
    """The oldest due steps, at most `limit`, of customers that nobody else holds; these locked.

    One statement, so that each of several workers finds work of its own. It waits for nobody:
    the steps of customers that are locked elsewhere stay due.
    """
    rows = session.execute(
        text(
            "SELECT customer.tenant, customer.customer, step_id, customer.state::text FROM step"
            " JOIN customer ON customer.tenant = step.tenant AND customer.customer = step.customer"
            " WHERE step.state = 'planned' AND due_at <= :now ORDER BY due_at"
            f" LIMIT {limit:d} FOR UPDATE OF customer SKIP LOCKED"
        ),
        {"now": now},
    )
    found = Due([], {})
    for tenant, customer, step_id, state in rows.all():
        key = (tenant, customer)
        found.steps.append((key, step_id))
        if key not in found.customers:
            found.customers[key] = _AS_CUSTOMER.decode(state)
    return found


def load_due(
    session: Session, book: Book, now: datetime, customers: Iterable[Customer]
) -> list[str]:
    """Load what deciding about these locked customers needs; the ids of all their due steps.

    That includes what falls due in the days ahead: it may go out with the rest, or before it.
    """
    book.load(customers=customers)
    soon = _read(
        session,
        _AS_ENROLMENTS,
        # Customer by customer: in a storm, far more falls due soon than theirs.
        f"SELECT enrolment.state FROM {_KEYS} CROSS JOIN LATERAL"
        " (SELECT DISTINCT tenant, enrolment_id FROM step WHERE tenant = t AND customer = i"
        " AND state = 'planned' AND due_at <= :soon) AS soon"
        " JOIN enrolment USING (tenant, enrolment_id)",
        {**_pairs(book.customers), "soon": now + max(book.looks_ahead, WITHIN)},
    )
    book.load(enrolments=soon)
    _load_rest(session, book)
    # Caps on an obligation count all its parties: only one of them is decided on at a time.
    joint = [key for key, one in book.obligations.items() if len(one.parties) > 1]
    book.load(obligations=_lock_obligations(session, joint))
    return [
        step.id
        for step in book.steps.values()
        if step.state is StepState.PLANNED and step.due_at <= now
    ]


def falls_due(session: Session, until: datetime) -> bool:
    """Whether any step is due, or falls due until then."""
    found = session.execute(
        text("SELECT 1 FROM step WHERE state = 'planned' AND due_at <= :until LIMIT 1"),
        {"until": until},
    )
    return found.first() is not None


def lock_customers(
    session: Session, keys: Collection[Key], skip_locked: bool = False
) -> list[Customer]:
    """The known ones of these customers, locked until the end of the transaction."""
    if not keys:
        return []
    return _read(
        session,
        _AS_CUSTOMERS,
        f"SELECT state FROM customer JOIN {_KEYS} ON tenant = t AND customer = i"
        " ORDER BY tenant, customer FOR UPDATE OF customer"
        + (" SKIP LOCKED" if skip_locked else ""),
        _pairs(keys),
    )


def load_contacts(session: Session, book: Book, since: datetime) -> None:
    """Add the contacts after `since`, or still on their way, with the loaded customers.

    And with whoever else is party to the loaded obligations: caps on an obligation count them.
    Wherever steps are laid or claimed, caps are counted by them.
    """
    parties = {(one.tenant, party) for one in book.obligations.values() for party in one.parties}
    found = _read(
        session,
        _AS_RESERVED,
        f"SELECT row_to_json(one) FROM (SELECT {_CONTACT_COLUMNS} FROM contact"
        f" JOIN {_KEYS} ON tenant = t AND customer = i WHERE at > :since) AS one",
        {**_pairs({*book.customers, *parties}), "since": since},
    )
    book.load(reserved=found)


def enrolments_of_steps(session: Session, steps: Collection[Key]) -> list[Key]:
    """The enrolments that these (tenant, step) belong to."""
    if not steps:
        return []
    rows = session.execute(
        text(
            f"SELECT DISTINCT tenant, enrolment_id FROM step JOIN {_KEYS}"
            " ON tenant = t AND step_id = i"
        ),
        _pairs(steps),
    )
    return [(row.tenant, row.enrolment_id) for row in rows.all()]


def _load_survivors(session: Session, book: Book, customers: Collection[Key]) -> set[Key]:
    """Lock and load those whom these customers were merged into, directly or by others."""
    found: set[Key] = set()
    wanted = {*customers}
    while wanted:
        into = {
            (tenant, known.merged_into)
            for tenant, customer in wanted
            if (known := book.customers.get((tenant, customer))) and known.merged_into
        }
        wanted = into - book.customers.keys()
        book.load(customers=lock_customers(session, wanted))
        found |= into
    return found


def _enter_customers(session: Session, keys: Collection[Key]) -> None:
    if keys:
        session.execute(
            text(
                "INSERT INTO customer (tenant, customer, state) SELECT t, i,"
                f" json_build_object('tenant', t, 'id', i) FROM {_KEYS} ON CONFLICT DO NOTHING"
            ),
            _pairs(keys),
        )


def _lock_obligations(session: Session, keys: Collection[ObligationKey]) -> list[Obligation]:
    if not keys:
        return []
    named = _triples(keys)
    session.execute(
        text(
            "INSERT INTO obligation (tenant, kind, obligation_id)"
            f" SELECT t, k, i FROM {_OBLIGATIONS} ON CONFLICT DO NOTHING"
        ),
        named,
    )
    return _read(
        session,
        _AS_OBLIGATIONS,
        f"SELECT state FROM obligation JOIN {_OBLIGATIONS}"
        " ON tenant = t AND kind = k AND obligation_id = i"
        " ORDER BY tenant, kind, obligation_id FOR UPDATE OF obligation",
        named,
    )


def _enrolled_on(session: Session, obligations: Collection[ObligationKey]) -> set[Key]:
    if not obligations:
        return set()
    rows = session.execute(
        text(
            f"SELECT DISTINCT tenant, customer FROM enrolment JOIN {_OBLIGATIONS}"
            f" ON {_ABOUT} WHERE status = 'active'"
        ),
        _triples(obligations),
    )
    return {(row.tenant, row.customer) for row in rows.all()}


def _active_of(session: Session, customers: Collection[Key]) -> list[Enrolment]:
    return _enrolments(session, customers, "customer = i AND status = 'active'")


def _about(session: Session, obligations: Collection[ObligationKey]) -> list[Enrolment]:
    if not obligations:
        return []
    query = f"SELECT state FROM enrolment JOIN {_OBLIGATIONS} ON {_ABOUT}"
    return _read(session, _AS_ENROLMENTS, query, _triples(obligations))


def _named_enrolments(session: Session, keys: Collection[Key]) -> list[Enrolment]:
    return _enrolments(session, keys, "enrolment_id = i")


def _enrolments(session: Session, keys: Collection[Key], condition: str) -> list[Enrolment]:
    if not keys:
        return []
    query = f"SELECT state FROM enrolment JOIN {_KEYS} ON tenant = t AND {condition}"
    return _read(session, _AS_ENROLMENTS, query, _pairs(keys))


def _load_rest(session: Session, book: Book) -> None:
    """Add what the loaded enrolments need: all their steps, and their obligations unlocked."""
    if not book.enrolments:
        return
    steps = _read(
        session,
        _AS_STEPS,
        f"SELECT row_to_json(one) FROM (SELECT {_STEP_COLUMNS} FROM step"
        f" JOIN {_KEYS} ON tenant = t AND enrolment_id = i) AS one",
        _pairs((one.tenant, one.id) for one in book.enrolments.values()),
    )
    book.load(steps=steps)
    missing = {one.obligation_key for one in book.enrolments.values()}
    missing -= set(book.obligations)
    if missing:
        query = (
            f"SELECT state FROM obligation JOIN {_OBLIGATIONS}"
            " ON tenant = t AND kind = k AND obligation_id = i"
        )
        book.load(obligations=_read(session, _AS_OBLIGATIONS, query, _triples(missing)))


def _read(
    session: Session, decoder: msgspec.json.Decoder[list[_Row]], query: str, values: dict[str, Any]
) -> list[_Row]:
    """The rows of a query for one JSON value each; what is null is left out.

    They come as one text: row by row, the driver takes as long as the decoding.
    """
    whole = text(
        "SELECT (json_agg(state) FILTER (WHERE state IS NOT NULL))::text"
        f" FROM ({query}) AS found(state)"
    )
    found = session.execute(whole, values).scalar_one()
    return decoder.decode(found) if found is not None else []


def _pairs(keys: Iterable[Key]) -> dict[str, str]:
    ordered = sorted(keys)
    return {
        "tenants": _BETWEEN.join([t for t, _ in ordered]),
        "ids": _BETWEEN.join([i for _, i in ordered]),
    }


def _triples(keys: Iterable[ObligationKey]) -> dict[str, str]:
    ordered = sorted(keys)
    return {
        "tenants": _BETWEEN.join([t for t, _, _ in ordered]),
        "kinds": _BETWEEN.join([k for _, k, _ in ordered]),
        "ids": _BETWEEN.join([i for _, _, i in ordered]),
    }
