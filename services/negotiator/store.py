"""The negotiator's SQL. Nothing here commits; locks are taken customers first, then bills."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import bindparam, inspect, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, SQLModel, col, delete, select

from services.negotiator.model import (
    AgreementStatus,
    Bill,
    HandoffReason,
    HandoffStatus,
    Hold,
    ObligationStatus,
)
from services.negotiator.tables import (
    AgreementRow,
    CaseRow,
    CustomerRow,
    EnrolmentRow,
    EvidenceRow,
    HandoffRow,
    HoldRow,
    ObligationRow,
)

Key = tuple[str, str]
"""A tenant, and the id of a customer or of an obligation there."""

IN_FORCE = (AgreementStatus.ACTIVE.value, AgreementStatus.COMPLETED.value)
_BILL = tuple(field.name for field in fields(Bill))
_BILL_TYPES = ("text", "bigint", "text", "text", "text", "date", "text", "bigint", "boolean")


def lock_customers(session: Session, customers: Sequence[Key]) -> dict[Key, CustomerRow]:
    """The customers' rows, made where missing, locked until the commit."""
    wanted = sorted(set(customers))
    # One that is there, as most are, wants no more; several are locked in order, or in a ring.
    found = _locked_customers(session, wanted) if len(wanted) == 1 else {}
    if len(found) == len(wanted):
        return found
    session.connection().execute(
        text(
            "INSERT INTO customer (tenant, customer, wrong_tries) SELECT t, c, 0"
            " FROM unnest(CAST(:tenants AS text[]), CAST(:ids AS text[])) AS w(t, c)"
            " ON CONFLICT DO NOTHING"
        ),
        {"tenants": [tenant for tenant, _ in wanted], "ids": [one for _, one in wanted]},
    )
    return _locked_customers(session, wanted)


def _locked_customers(session: Session, wanted: Sequence[Key]) -> dict[Key, CustomerRow]:
    rows = session.exec(
        select(CustomerRow)
        .where(tuple_(col(CustomerRow.tenant), col(CustomerRow.customer)).in_(wanted))
        .order_by(col(CustomerRow.tenant), col(CustomerRow.customer))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {(row.tenant, row.customer): row for row in rows}


def lock_bills(session: Session, obligations: Sequence[Key]) -> dict[Key, Bill]:
    """The bills, made where missing, locked until the commit."""
    wanted = sorted(set(obligations))
    found = _locked_bills(session, wanted) if len(wanted) == 1 else {}
    if len(found) == len(wanted):
        return found
    session.connection().execute(
        text(
            "INSERT INTO obligation (tenant, obligation_id, status, remaining_minor)"
            " SELECT t, o, 'open', 0"
            " FROM unnest(CAST(:tenants AS text[]), CAST(:ids AS text[])) AS w(t, o)"
            " ON CONFLICT DO NOTHING"
        ),
        {"tenants": [tenant for tenant, _ in wanted], "ids": [one for _, one in wanted]},
    )
    return _locked_bills(session, wanted)


def _locked_bills(session: Session, wanted: Sequence[Key]) -> dict[Key, Bill]:
    rows = session.exec(
        select(ObligationRow)
        .where(tuple_(col(ObligationRow.tenant), col(ObligationRow.obligation_id)).in_(wanted))
        .order_by(col(ObligationRow.tenant), col(ObligationRow.obligation_id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {(row.tenant, row.obligation_id): as_bill(row) for row in rows}


def as_bill(row: ObligationRow) -> Bill:
    """The row as the rules see it."""
    return Bill(
        **{name: getattr(row, name) for name in _BILL} | {"status": ObligationStatus(row.status)}
    )


def save_bills(session: Session, bills: Mapping[Key, Bill]) -> None:
    """Write bills that `lock_bills` gave."""
    if not bills:
        return
    keys = sorted(bills)
    columns = {name: [getattr(bills[key], name) for key in keys] for name in _BILL}
    given = ", ".join(
        f"CAST(:{name} AS {kind}[])" for name, kind in zip(_BILL, _BILL_TYPES, strict=True)
    )
    session.connection().execute(
        text(
            f"UPDATE obligation AS o SET {', '.join(f'{name} = w.{name}' for name in _BILL)}"
            f" FROM unnest(CAST(:tenants AS text[]), CAST(:ids AS text[]), {given})"
            f" AS w(t, i, {', '.join(_BILL)}) WHERE o.tenant = w.t AND o.obligation_id = w.i"
        ),
        {"tenants": [tenant for tenant, _ in keys], "ids": [one for _, one in keys]} | columns,
    )


def upsert(session: Session, table: type[SQLModel], rows: Sequence[SQLModel]) -> None:
    """Write rows of one table, over what stands under their keys; of one key the last counts."""
    if not rows:
        return
    keys = [column.name for column in inspect(table).primary_key]
    values = {tuple(getattr(row, key) for key in keys): row.model_dump() for row in rows}
    given = insert(table).values(list(values.values()))
    rest = {name: given.excluded[name] for name in type(rows[0]).model_fields if name not in keys}
    session.connection().execute(given.on_conflict_do_update(index_elements=keys, set_=rest))


def find_bill(session: Session, tenant: str, obligation_id: str) -> Bill | None:
    """One bill, not locked."""
    row = session.get(ObligationRow, (tenant, obligation_id))
    return as_bill(row) if row else None


def survivor(session: Session, tenant: str, customer: str) -> str:
    """Under which id the customer lives on after merges."""
    seen = {customer}
    while True:
        row = session.get(CustomerRow, (tenant, customer))
        if row is None or row.merged_into is None or row.merged_into in seen:
            return customer
        customer = row.merged_into
        seen.add(customer)


def replace_evidence(
    session: Session, tenant: str, customer: str, salt: str, hashes: Mapping[str, str]
) -> None:
    """What may be asked of the customer from now on: hashes by kind, all salted with `salt`."""
    session.exec(
        delete(EvidenceRow).where(
            col(EvidenceRow.tenant) == tenant, col(EvidenceRow.customer) == customer
        )
    )
    session.add_all(
        EvidenceRow(tenant=tenant, customer=customer, kind=kind, salt=salt, hash=value)
        for kind, value in hashes.items()
    )


def find_evidence(session: Session, tenant: str, customer: str) -> dict[str, EvidenceRow]:
    """What may be asked of the customer, by kind."""
    rows = session.exec(
        select(EvidenceRow).where(EvidenceRow.tenant == tenant, EvidenceRow.customer == customer)
    )
    return {row.kind: row for row in rows}


def find_holds(session: Session, tenant: str, customer: str) -> list[Hold]:
    """The customer's holds, those that have run out included."""
    rows = session.exec(_HOLDS, params={"tenant": tenant, "customer": customer})
    return [Hold(row.kind, row.obligation_id or None, row.until) for row in rows]


_HOLDS = select(HoldRow).where(
    col(HoldRow.tenant) == bindparam("tenant"), col(HoldRow.customer) == bindparam("customer")
)


def find_enrolment(
    session: Session, tenant: str, customer: str, enrolment_id: str
) -> EnrolmentRow | None:
    """The enrolment from which an invitation came."""
    return session.get(EnrolmentRow, (tenant, customer, enrolment_id))


def find_case(session: Session, tenant: str, customer: str, obligation_id: str) -> CaseRow | None:
    """The customer's case about an obligation."""
    return session.exec(
        select(CaseRow).where(
            CaseRow.tenant == tenant,
            CaseRow.customer == customer,
            CaseRow.obligation_id == obligation_id,
        )
    ).one_or_none()


def case_by_id(session: Session, case_id: str) -> CaseRow | None:
    """A case of whatever tenant."""
    return session.exec(select(CaseRow).where(CaseRow.case_id == case_id)).one_or_none()


def agreements_in_force(session: Session, obligations: Sequence[Key]) -> dict[Key, AgreementRow]:
    """The agreement in force about each obligation that has one; its bill must be locked."""
    if not obligations:
        return {}
    rows = session.exec(
        select(AgreementRow)
        .where(
            tuple_(col(AgreementRow.tenant), col(AgreementRow.obligation_id)).in_(obligations),
            col(AgreementRow.status).in_(IN_FORCE),
        )
        .execution_options(populate_existing=True)
    )
    return {(row.tenant, row.obligation_id): row for row in rows}


def agreements_about(session: Session, key: Key) -> list[AgreementRow]:
    """All agreements about an obligation, oldest first."""
    return list(session.exec(_AGREEMENTS, params={"tenant": key[0], "about": key[1]}))


# Statements that each page of the portal asks are put together once.
_AGREEMENTS = (
    select(AgreementRow)
    .where(
        col(AgreementRow.tenant) == bindparam("tenant"),
        col(AgreementRow.obligation_id) == bindparam("about"),
    )
    .order_by(col(AgreementRow.made_at))
    .execution_options(populate_existing=True)
)


def agreements_to_look_at(session: Session, now: datetime, limit: int) -> list[AgreementRow]:
    """Agreements to be looked at by `now`, locked; those that others hold are left for later."""
    return list(
        session.exec(
            select(AgreementRow)
            .where(col(AgreementRow.look_at) <= now)
            .order_by(col(AgreementRow.look_at))
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )


def agreement_by_request(session: Session, tenant: str, request_id: str) -> AgreementRow | None:
    """The agreement whose booking was requested so; not locked."""
    return session.exec(
        select(AgreementRow).where(
            AgreementRow.tenant == tenant, AgreementRow.request_id == request_id
        )
    ).one_or_none()


def agreements_of(session: Session, case_id: str) -> list[AgreementRow]:
    """All agreements of a case, oldest first."""
    return list(
        session.exec(
            select(AgreementRow)
            .where(AgreementRow.case_id == case_id)
            .order_by(col(AgreementRow.made_at))
        )
    )


def handoffs_of(session: Session, case_id: str) -> list[HandoffRow]:
    """All hand-offs of a case, oldest first."""
    return list(
        session.exec(
            select(HandoffRow)
            .where(HandoffRow.case_id == case_id)
            .order_by(col(HandoffRow.requested_at))
        )
    )


def unresolved_reasons(session: Session, case_id: str) -> set[str]:
    """Why people still have to do with the case."""
    return set(session.exec(_REASONS, params={"case_id": case_id}))


_REASONS = select(HandoffRow.reason).where(
    col(HandoffRow.case_id) == bindparam("case_id"),
    HandoffRow.status != HandoffStatus.RESOLVED.value,
)


def has_open_handoff(session: Session, tenant: str, customer: str, obligation_id: str) -> bool:
    """Whether a person has to do with the customer about this obligation; they are locked."""
    found = session.exec(
        select(HandoffRow.handoff_id)
        .where(
            HandoffRow.tenant == tenant,
            HandoffRow.customer == customer,
            HandoffRow.obligation_id == obligation_id,
            HandoffRow.status != HandoffStatus.RESOLVED.value,
        )
        .limit(1)
    )
    return found.first() is not None


def obligations_awaiting(
    session: Session, tenant: str, customer: str, reason: HandoffReason
) -> set[str]:
    """About which obligations of the customer a person is still asked for that reason."""
    rows = session.exec(
        select(HandoffRow.obligation_id).where(
            HandoffRow.tenant == tenant,
            HandoffRow.customer == customer,
            HandoffRow.reason == reason.value,
            col(HandoffRow.status) != HandoffStatus.RESOLVED.value,
        )
    )
    return set(rows)


def handoff_by_id(session: Session, handoff_id: str) -> HandoffRow | None:
    """A hand-off as it is now."""
    return session.exec(
        select(HandoffRow)
        .where(HandoffRow.handoff_id == handoff_id)
        .execution_options(populate_existing=True)
    ).one_or_none()


def unresolved_handoffs(
    session: Session, tenant: str | None, limit: int
) -> list[tuple[HandoffRow, str | None]]:
    """What waits for a person, oldest first, each with the customer's language."""
    wanted = (
        select(HandoffRow, CustomerRow.locale)
        .join(
            CustomerRow,
            (col(CustomerRow.tenant) == col(HandoffRow.tenant))
            & (col(CustomerRow.customer) == col(HandoffRow.customer)),
        )
        .where(col(HandoffRow.status) != HandoffStatus.RESOLVED.value)
        .order_by(col(HandoffRow.requested_at))
        .limit(limit)
    )
    if tenant is not None:
        wanted = wanted.where(HandoffRow.tenant == tenant)
    return list(session.exec(wanted))


def enrolment_with_authority(
    session: Session, tenant: str, customer: str, obligation_id: str
) -> str | None:
    """An enrolment of the customer about the bill under which terms may be offered."""
    return session.exec(
        select(EnrolmentRow.enrolment_id)
        .where(
            EnrolmentRow.tenant == tenant,
            EnrolmentRow.customer == customer,
            EnrolmentRow.obligation_id == obligation_id,
            text("authority IS NOT NULL AND authority <> 'null'"),
        )
        .order_by(col(EnrolmentRow.enrolment_id))
        .limit(1)
    ).first()
