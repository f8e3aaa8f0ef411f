"""The messenger's SQL about suppressions. Nothing here commits."""

from collections.abc import Iterable, Sequence

from sqlalchemy import literal, or_, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from services.messenger.model import Suppression
from services.messenger.store import Key, columns
from services.messenger.tables import SuppressionRow


def suppressions(
    session: Session, addressees: Iterable[tuple[str, str, str]]
) -> dict[Key, list[Suppression]]:
    """By (tenant, customer): what suppresses the customer, or the address whoever has it.

    addressees: tenant, customer, and the address's hash or an empty text.
    """
    tenants, customers, hashes = columns(addressees, 3)
    found = session.connection().execute(
        text(
            "WITH w AS (SELECT * FROM unnest(CAST(:tenants AS text[]),"
            " CAST(:customers AS text[]), CAST(:hashes AS text[])) AS given(t, c, h))"
            " SELECT t, c, channel, purpose, reason, expires_at FROM suppression JOIN w"
            " ON tenant = t AND (customer = c OR customer = '') AND address_hash = ''"
            " UNION ALL"
            " SELECT t, c, channel, purpose, reason, expires_at FROM suppression JOIN w"
            " ON tenant = t AND address_hash = h AND address_hash <> ''"
            # Whom an address does not belong to says nothing of whom it does.
            " AND (reason <> 'wrong_person' OR customer = c)"
        ),
        {"tenants": tenants, "customers": customers, "hashes": hashes},
    )
    by_customer: dict[Key, list[Suppression]] = {}
    for tenant, customer, *suppression in found:
        by_customer.setdefault((tenant, customer), []).append(Suppression(*suppression))
    return by_customer


_KEYS = ("tenant", "customer", "channel", "purpose", "reason", "address_hash")


def suppress(session: Session, row: SuppressionRow) -> bool:
    """Add a suppression, or renew its expiry; True if it was not there."""
    values = row.model_dump()
    statement = (
        insert(SuppressionRow)
        .values(values)
        .on_conflict_do_update(index_elements=_KEYS, set_={"expires_at": values["expires_at"]})
        .returning(text("xmax = 0"))
    )
    return bool(session.execute(statement).scalar_one())


def suppress_longer(session: Session, row: SuppressionRow) -> bool:
    """Add a suppression, or lengthen the one that is there, but never shorten it; whether that
    changed anything.
    """
    made = insert(SuppressionRow).values(row.model_dump())
    ends, stands_until = made.excluded["expires_at"], col(SuppressionRow.expires_at)
    statement = made.on_conflict_do_update(
        index_elements=_KEYS,
        set_={"expires_at": ends},
        where=stands_until.is_not(None) & or_(ends.is_(None), ends > stands_until),
    ).returning(literal(True))
    return session.execute(statement).first() is not None


def list_suppressions(
    session: Session, tenant: str, after: Sequence[str], limit: int
) -> list[SuppressionRow]:
    """A tenant's suppressions in the order of their keys, those after a key, not locked."""
    key = [
        col(getattr(SuppressionRow, name))
        for name in ("customer", "channel", "purpose", "reason", "address_hash")
    ]
    query = select(SuppressionRow).where(SuppressionRow.tenant == tenant)
    if len(after) == len(key):
        query = query.where(tuple_(*key) > tuple_(*after))
    rows = list(session.exec(query.order_by(*key).limit(limit)))
    for row in rows:
        session.expunge(row)
    return rows


def lift_suppressions(
    session: Session,
    tenant: str,
    customer: str,
    channel: str,
    purpose: str,
    reason: str,
    *,
    of_addresses: bool = True,
) -> bool:
    """Drop what the customer takes back, under whichever id; True if there was something.

    of_addresses: also what is about one address, and not whichever the customer has.
    """
    statement = text(
        "WITH RECURSIVE named(customer) AS (SELECT CAST(:customer AS text) UNION"
        " SELECT k.customer FROM customer k JOIN named"
        " ON k.tenant = :tenant AND k.merged_into = named.customer)"
        " DELETE FROM suppression WHERE tenant = :tenant"
        " AND customer IN (SELECT customer FROM named)"
        " AND channel = :channel AND purpose = :purpose AND reason = :reason"
        " AND (:of_addresses OR address_hash = '')"
    )
    gone = session.connection().execute(
        statement,
        {
            "tenant": tenant,
            "customer": customer,
            "channel": channel,
            "purpose": purpose,
            "reason": reason,
            "of_addresses": of_addresses,
        },
    )
    return gone.rowcount > 0
