"""The SQL of visits: who comes by a link, tries to prove who they are, and stays. Never commits."""

from collections.abc import Sequence

from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from services.negotiator.tables import (
    AttemptRow,
    CaseRow,
    CustomerRow,
    InvitationRow,
    SessionRow,
)


def arrival(
    session: Session, message_id: str
) -> tuple[InvitationRow, CustomerRow | None, CaseRow | None] | None:
    """Whom a message invited and to which case, as they are now; not locked."""
    return session.exec(_ARRIVAL, params={"message_id": message_id}).one_or_none()


# Put together once: that takes longer than the question itself, and each page asks it.
_ARRIVAL = (
    select(InvitationRow, CustomerRow, CaseRow)
    .outerjoin(
        CustomerRow,
        (col(CustomerRow.tenant) == col(InvitationRow.tenant))
        & (col(CustomerRow.customer) == col(InvitationRow.customer)),
    )
    .outerjoin(
        CaseRow,
        (col(CaseRow.tenant) == col(InvitationRow.tenant))
        & (col(CaseRow.customer) == col(InvitationRow.customer))
        & (col(CaseRow.obligation_id) == col(InvitationRow.obligation_id)),
    )
    .where(col(InvitationRow.message_id) == bindparam("message_id"))
    .execution_options(populate_existing=True)
)


def attempts_of(session: Session, case_id: str) -> list[AttemptRow]:
    """All tries at verification in a case, oldest first."""
    return list(
        session.exec(
            select(AttemptRow).where(AttemptRow.case_id == case_id).order_by(col(AttemptRow.id))
        )
    )


def end_sessions(session: Session, tenant: str, customers: Sequence[str]) -> None:
    """Close every visit of whoever has these ids."""
    session.exec(
        update(SessionRow)
        .where(col(SessionRow.tenant) == tenant, col(SessionRow.customer).in_(customers))
        .values(ended=True)
    )
