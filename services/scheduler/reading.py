"""What people may read of the scheduler's state. Plain selects; nothing is locked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, or_, tuple_
from sqlmodel import Session, col, select

from services.scheduler.tables import (
    ContactRow,
    CustomerRow,
    EnrolmentRow,
    ObligationRow,
    StepRow,
    TimelineRow,
)


def customer(session: Session, tenant: str, customer: str) -> CustomerRow | None:
    """The customer, if any event or command named them."""
    return session.get(CustomerRow, (tenant, customer))


def ids_of(known: CustomerRow) -> list[str]:
    """The customer's id, and those that gave way to it."""
    return [known.customer, *(one["id"] for one in known.state.get("former", ()))]


def obligations(
    session: Session, tenant: str, obligation_id: str, kind: str | None
) -> list[ObligationRow]:
    """The obligations of this id that any event spoke of: one a kind.

    A hold doesn't say which kind it means: what it alone names is left out beside others.
    """
    found = session.exec(
        select(ObligationRow)
        .where(
            ObligationRow.tenant == tenant,
            ObligationRow.obligation_id == obligation_id,
            col(ObligationRow.kind) == (kind or ObligationRow.kind),
        )
        .order_by(col(ObligationRow.kind))
    )
    known = [row for row in found if row.state is not None]
    return [row for row in known if row.state and "as_of" in row.state] or known


def enrolment(session: Session, tenant: str, enrolment_id: str) -> EnrolmentRow | None:
    """One enrolment."""
    return session.get(EnrolmentRow, (tenant, enrolment_id))


def enrolments_of(session: Session, tenant: str, customer: str) -> Sequence[EnrolmentRow]:
    """A customer's enrolments, newest first, at most 200."""
    return session.exec(
        select(EnrolmentRow)
        .where(EnrolmentRow.tenant == tenant, EnrolmentRow.customer == customer)
        .order_by(col(EnrolmentRow.started_at).desc())
        .limit(200)
    ).all()


def steps_of(session: Session, tenant: str, enrolments: Sequence[str]) -> Sequence[StepRow]:
    """The steps of these enrolments in their playbooks' order."""
    return session.exec(
        select(StepRow)
        .where(StepRow.tenant == tenant, col(StepRow.enrolment_id).in_(enrolments))
        .order_by(col(StepRow.enrolment_id), col(StepRow.position))
    ).all()


def contacts_of(
    session: Session, tenant: str, customer: str, since: datetime
) -> Sequence[ContactRow]:
    """The customer's contacts after `since`, oldest first."""
    return session.exec(
        select(ContactRow)
        .where(ContactRow.tenant == tenant, ContactRow.customer == customer, ContactRow.at > since)
        .order_by(col(ContactRow.at))
    ).all()


class Wanted(NamedTuple):
    """Which facts of a timeline are asked for.

    type_prefix: how their type begins. obligation: those that name it, or its enrolments. since,
    until: business time, from and before. before: go on after the fact of this instant and offset.
    """

    type_prefix: str | None = None
    obligation: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: tuple[datetime, int] | None = None


def timeline(
    session: Session, tenant: str, ids: Sequence[str], wanted: Wanted, limit: int
) -> Sequence[TimelineRow]:
    """The facts about a customer, under any of these ids, newest first."""
    query = select(TimelineRow).where(
        TimelineRow.tenant == tenant, col(TimelineRow.customer).in_(ids)
    )
    if wanted.type_prefix:
        query = query.where(col(TimelineRow.type).startswith(wanted.type_prefix, autoescape=True))
    if wanted.obligation is not None:
        query = query.where(_about(tenant, ids, wanted.obligation))
    if wanted.since is not None:
        query = query.where(col(TimelineRow.at) >= wanted.since)
    if wanted.until is not None:
        query = query.where(col(TimelineRow.at) < wanted.until)
    if wanted.before is not None:
        query = query.where(tuple_(col(TimelineRow.at), col(TimelineRow.position)) < wanted.before)
    newest_first = query.order_by(col(TimelineRow.at).desc(), col(TimelineRow.position).desc())
    return session.exec(newest_first.limit(limit)).all()


def facts_until(
    session: Session, tenant: str, ids: Sequence[str], at: datetime
) -> Sequence[TimelineRow]:
    """The newest facts about a customer up to `at`, at most 5,000, in the order of the log.

    ids: theirs. Several may stand in several lanes, between which only time orders.
    """
    newest = session.exec(
        select(TimelineRow)
        .where(
            TimelineRow.tenant == tenant,
            col(TimelineRow.customer).in_(ids),
            TimelineRow.at <= at,
        )
        .order_by(col(TimelineRow.at).desc(), col(TimelineRow.position).desc())
        .limit(5000)
    )
    if len(ids) > 1:
        return sorted(newest, key=lambda row: (row.at, row.position))
    return sorted(newest, key=lambda row: row.position)


def _about(tenant: str, ids: Sequence[str], obligation: str) -> ColumnElement[bool]:
    """The fact names the obligation, or the enrolment or step of one about it."""
    enrolments = select(EnrolmentRow.enrolment_id).where(
        EnrolmentRow.tenant == tenant,
        col(EnrolmentRow.customer).in_(ids),
        EnrolmentRow.obligation_id == obligation,
    )
    data: Any = col(TimelineRow.data)
    return or_(
        data["obligation_id"].astext == obligation,
        data["obligation"]["obligation_id"].astext == obligation,
        data["obligation_ids"].has_key(obligation),
        data["enrolment_id"].astext.in_(enrolments),
        data["step_id"].astext.in_(
            select(StepRow.step_id).where(
                StepRow.tenant == tenant, col(StepRow.enrolment_id).in_(enrolments)
            )
        ),
    )
