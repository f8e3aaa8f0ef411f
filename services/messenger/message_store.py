"""The messenger's SQL about messages and what came back. Nothing here commits."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from psycopg.types.json import Jsonb
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    DateTime,
    Integer,
    LargeBinary,
    Text,
    inspect,
    text,
)
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import AutoString, Session, col, select

from services.messenger.model import DispatchState
from services.messenger.tables import ChoiceRow, MessageRow, PeopleContactRow, ReplyRow
from services.policy.counting import by_people
from services.policy.model import Contact
from services.runtime.database import array, driver

COUNTED = (DispatchState.INTENDED, DispatchState.SENT, DispatchState.UNKNOWN)
"""States of a message that reached the customer, or may have."""


_CUSTOMERS = (
    "unnest(CAST(:tenants AS text[]), CAST(:customers AS text[])) AS w(t, c)"
    " ON tenant = t AND customer = c"
)


class End(NamedTuple):
    """How one message ended."""

    tenant: str
    customer: str
    message_id: str
    epoch: int
    state: DispatchState
    reason: str | None
    provider: str | None


def contacts(
    session: Session, customers: Iterable[tuple[str, str]], since: datetime
) -> dict[tuple[str, str], tuple[Contact, ...]]:
    """By (tenant, customer): contacts after `since` (business time).

    What was sent, or may have been, and what the publisher's own people did.
    """
    wanted = sorted(set(customers))
    arrays = {
        "tenants": array(tenant for tenant, _ in wanted),
        "customers": array(customer for _, customer in wanted),
        "since": since,
    }
    sent = session.connection().execute(
        text(
            "SELECT tenant, customer, checked_at, purpose, channel, obligation_ids FROM message"
            f" JOIN {_CUSTOMERS} WHERE checked_at > :since AND state = ANY(:counted)"
        ),
        {**arrays, "counted": [state.value for state in COUNTED]},
    )
    made = session.connection().execute(
        text(
            "SELECT tenant, customer, channel, outcome, at, obligation_id FROM people_contact"
            f" JOIN {_CUSTOMERS} WHERE at > :since"
        ),
        arrays,
    )
    by_customer: dict[tuple[str, str], tuple[Contact, ...]] = {}
    for tenant, customer, at, purpose, channel, about in sent:
        contact = Contact(at, purpose, channel, tuple(about))
        by_customer[tenant, customer] = (*by_customer.get((tenant, customer), ()), contact)
    for tenant, customer, *told in made:
        contact = by_people(*told)
        by_customer[tenant, customer] = (*by_customer.get((tenant, customer), ()), contact)
    return by_customer


def note_people(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Record contacts by the publisher's people, each by the fields of `PeopleContactRow`."""
    if rows:
        session.execute(pg.insert(PeopleContactRow).on_conflict_do_nothing(), list(rows))


def add(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Record messages, each by the fields of `MessageRow`; all by the same ones.

    By COPY: anything else took the sender longer than finding the words.
    """
    if not rows:
        return
    session.flush()
    names = list(rows[0])
    columns = [_COLUMNS[name] for name in names]
    quoted = ", ".join(f'"{column}"' for column, _ in columns)
    documents = {name for name, (_, kind) in zip(names, columns, strict=True) if kind == "jsonb"}
    with (
        driver(session).cursor() as cursor,
        cursor.copy(f"COPY message ({quoted}) FROM STDIN (FORMAT binary)") as copy,
    ):
        copy.set_types([kind for _, kind in columns])
        for row in rows:
            copy.write_row(
                [
                    Jsonb(value, dumps=msgspec.json.encode) if name in documents else value
                    for name, value in row.items()
                ]
            )


_KINDS: Mapping[type, str] = {
    Text: "text",
    AutoString: "text",
    Integer: "int4",
    BigInteger: "int8",
    Boolean: "bool",
    DateTime: "timestamptz",
    LargeBinary: "bytea",
    ARRAY: "text[]",
    JSONB: "jsonb",
}
_COLUMNS: Mapping[str, tuple[str, str]] = {
    name: (column.name, _KINDS[type(column.type)])
    for name, column in inspect(MessageRow).columns.items()
}
"""By field: the column, and the driver's name of its type."""


def find(session: Session, message_id: str) -> MessageRow | None:
    """A message by its id, not locked."""
    return session.exec(select(MessageRow).where(MessageRow.message_id == message_id)).first()


def find_reference(session: Session, message_ids: Sequence[str]) -> MessageRow | None:
    """The first message that goes by one of these ids."""
    return session.exec(
        select(MessageRow).where(col(MessageRow.message_id).in_(list(message_ids)))
    ).first()


def stale(
    session: Session, lane: int, channels: Collection[str], carried: Collection[str], limit: int
) -> list[MessageRow]:
    """Messages of the lane still `intended` that nobody carries any more, not locked.

    An earlier owner of the lane intended them; or this one did, and the answer to its commit was
    lost: then they are not among those it has `carried` (dispatch ids).
    """
    return list(
        session.exec(
            select(MessageRow)
            .where(
                MessageRow.state == DispatchState.INTENDED.value,
                MessageRow.lane == lane,
                col(MessageRow.channel).in_(list(channels)),
                col(MessageRow.dispatch_id).not_in(list(carried)),
            )
            .limit(limit)
        )
    )


def still_intended(session: Session, dispatch_ids: Sequence[str]) -> set[str]:
    """Those of the dispatches whose message nobody has ended yet."""
    return set(
        session.exec(
            select(MessageRow.dispatch_id).where(
                MessageRow.state == DispatchState.INTENDED.value,
                col(MessageRow.dispatch_id).in_(list(dispatch_ids)),
            )
        )
    )


def end(session: Session, ends: Sequence[End], at: datetime) -> set[str]:
    """End messages that are `intended` in that epoch still; the ids of those that were."""
    found = session.connection().execute(
        text(
            "UPDATE message SET state = w.s, reason = w.r, provider = w.p, ended_at = :at"
            " FROM unnest(CAST(:tenants AS text[]), CAST(:customers AS text[]),"
            " CAST(:ids AS text[]), CAST(:epochs AS bigint[]), CAST(:states AS text[]),"
            " CAST(:reasons AS text[]), CAST(:providers AS text[])) AS w(t, c, m, e, s, r, p)"
            " WHERE tenant = w.t AND customer = w.c AND message_id = w.m"
            " AND state = 'intended' AND epoch = w.e RETURNING message_id"
        ),
        {
            "tenants": array(one.tenant for one in ends),
            "customers": array(one.customer for one in ends),
            "ids": array(one.message_id for one in ends),
            "epochs": array(str(one.epoch) for one in ends),
            "states": array(one.state.value for one in ends),
            "reasons": array(one.reason for one in ends),
            "providers": array(one.provider for one in ends),
            "at": at,
        },
    )
    return set(found.scalars())


def last_sent(
    session: Session, tenant: str, customer: str, limit: int
) -> list[tuple[datetime, str]]:
    """When the newest messages went out, or may have, and for which purpose."""
    found = session.connection().execute(
        text(
            "SELECT checked_at, purpose FROM message WHERE tenant = :tenant"
            " AND customer = :customer AND state = ANY(:counted)"
            " ORDER BY checked_at DESC LIMIT :limit"
        ),
        {
            "tenant": tenant,
            "customer": customer,
            "counted": [state.value for state in COUNTED],
            "limit": limit,
        },
    )
    return [(row.checked_at, row.purpose) for row in found]


def replies(
    session: Session, tenant: str, customer: str, limit: int
) -> list[tuple[ReplyRow, list[str]]]:
    """What the customer wrote, newest first, with the obligations that it answers."""
    rows = session.exec(
        select(ReplyRow, MessageRow.obligation_ids)
        .where(ReplyRow.tenant == tenant, ReplyRow.customer == customer)
        .where(MessageRow.tenant == tenant, MessageRow.customer == customer)
        .where(MessageRow.message_id == ReplyRow.message_id)
        .order_by(col(ReplyRow.at).desc(), col(ReplyRow.reply_id))
        .limit(limit)
    ).all()
    for reply, _ in rows:
        # It is only read, also after the transaction.
        session.expunge(reply)
    return [(reply, list(obligations)) for reply, obligations in rows]


def has_asked(session: Session, message: MessageRow, intent: str, since: datetime) -> bool:
    """Whether the message's customer said the same after `since`."""
    return (
        session.exec(
            select(ReplyRow.reply_id)
            .where(ReplyRow.tenant == message.tenant, ReplyRow.customer == message.customer)
            .where(ReplyRow.intent == intent, ReplyRow.at > since)
            .limit(1)
        ).first()
        is not None
    )


def find_choice(session: Session, message: MessageRow) -> ChoiceRow | None:
    """The choice that counts for the message's enrolment, if one was made."""
    return session.get(ChoiceRow, (message.tenant, message.customer, message.enrolment_id))


def choices(
    session: Session, enrolments: Iterable[tuple[str, str, str]]
) -> dict[tuple[str, str, str], str]:
    """By (tenant, customer, enrolment): the name of the choice that counts, where one was made."""
    wanted = list(enrolments)
    found = session.connection().execute(
        text(
            "SELECT tenant, customer, enrolment_id, choice FROM choice"
            " JOIN unnest(CAST(:tenants AS text[]), CAST(:customers AS text[]),"
            " CAST(:enrolments AS text[])) AS w(t, c, e)"
            " ON tenant = t AND customer = c AND enrolment_id = e"
        ),
        {
            "tenants": [tenant for tenant, _, _ in wanted],
            "customers": [customer for _, customer, _ in wanted],
            "enrolments": [enrolment for _, _, enrolment in wanted],
        },
    )
    return {(row.tenant, row.customer, row.enrolment_id): row.choice for row in found}


def first_call(session: Session, provider: str, call_id: str, at: datetime) -> bool:
    """Note a webhook's id; False if it was there already."""
    found = session.connection().execute(
        text(
            "INSERT INTO webhook_call (provider, call_id, at) VALUES (:provider, :id, :at)"
            " ON CONFLICT DO NOTHING RETURNING 1"
        ),
        {"provider": provider, "id": call_id, "at": at},
    )
    return found.first() is not None
