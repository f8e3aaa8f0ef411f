"""Hand-offs to people: asked for, taken, resolved."""

from dataclasses import dataclass
from datetime import datetime

from schemas.envelope import Cause, Envelope
from schemas.facts import (
    HandoffAssigned,
    HandoffNeeds,
    HandoffReleased,
    HandoffRequested,
    HandoffResolved,
)
from services.negotiator import store
from services.negotiator.handlers import identity
from services.negotiator.model import HandoffReason, HandoffStatus
from services.negotiator.tables import CaseRow, HandoffRow
from services.runtime.ids import derive
from services.runtime.unit_of_work import UnitOfWork


class Taken(Exception):
    """Someone else holds this hand-off, or has resolved it."""


def request(
    work: UnitOfWork, case: CaseRow, reason: HandoffReason, cause: Cause | None = None
) -> HandoffRow:
    """Ask for a person; asking again for the same reason changes nothing while one is open.

    The case's customer must be locked.
    """
    same = [row for row in store.handoffs_of(work.session, case.case_id) if row.reason == reason]
    unresolved = [row for row in same if row.status != HandoffStatus.RESOLVED]
    if unresolved:
        return unresolved[0]
    row = HandoffRow(
        tenant=case.tenant,
        customer=case.customer,
        handoff_id=derive("handoff", case.case_id, reason, len(same)),
        case_id=case.case_id,
        obligation_id=case.obligation_id,
        reason=reason,
        status=HandoffStatus.OPEN,
        requested_at=work.now,
    )
    work.session.add(row)
    work.session.flush()
    work.fact(
        "handoff.requested",
        HandoffRequested(
            handoff_id=row.handoff_id,
            case_id=case.case_id,
            obligation_id=case.obligation_id,
            reason=reason.value,
        ),
        subject=case.customer,
        tenant=case.tenant,
        cause=cause,
        key=(row.handoff_id,),
    )
    return row


def hear(work: UnitOfWork, event: Envelope, told: HandoffRequested) -> None:
    """Bring another service's hand-off to the desk, such as a customer's reply.

    The customer must be locked.
    """
    work.session.add(
        HandoffRow(
            tenant=event.tenant,
            customer=event.subject,
            handoff_id=told.handoff_id,
            case_id=told.case_id,
            obligation_id=told.obligation_id or "",
            reason=told.reason,
            status=HandoffStatus.OPEN,
            requested_at=event.time,
            needs=told.needs.model_dump(exclude_none=True) if told.needs else None,
            due_by=told.due_by,
        )
    )
    work.session.flush()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A hand-off that follows from a fact. obligation_id: empty where it is about none."""

    obligation_id: str
    reason: str
    needs: HandoffNeeds
    due_by: datetime | None = None


def open_for(work: UnitOfWork, event: Envelope, wanted: Wanted) -> None:
    """Ask for a person as the fact `event` says, unless one is at work on the same obligation.

    The customer must be locked.
    """
    tenant, customer, about = event.tenant, event.subject, wanted.obligation_id
    if store.has_open_handoff(work.session, tenant, customer, about):
        return
    row = HandoffRow(
        tenant=tenant,
        customer=customer,
        handoff_id=derive("handoff", event.id),
        case_id=derive("case", tenant, customer, about),
        obligation_id=about,
        reason=wanted.reason,
        status=HandoffStatus.OPEN,
        requested_at=work.now,
        needs=wanted.needs.model_dump(exclude_none=True),
        due_by=wanted.due_by,
    )
    work.session.add(row)
    work.session.flush()
    work.fact(
        HandoffRequested.TYPE,
        HandoffRequested(
            handoff_id=row.handoff_id,
            case_id=row.case_id,
            obligation_id=about or None,
            reason=wanted.reason,
            needs=wanted.needs,
            due_by=wanted.due_by,
        ),
        subject=customer,
        tenant=tenant,
        cause=event,
        key=(row.handoff_id,),
    )


def assign(work: UnitOfWork, handoff_id: str, to: str, tenant: str | None) -> None:
    """Give the hand-off to a person; two never hold it. Raises LookupError or Taken.

    `to` is the name of the person's token; `tenant` the one it is bound to.
    """
    row = lock(work, handoff_id, tenant)
    if row.status == HandoffStatus.ASSIGNED and row.assigned_to == to:
        return
    if row.status != HandoffStatus.OPEN:
        raise Taken
    row.status, row.assigned_to, row.assigned_at = HandoffStatus.ASSIGNED, to, work.now
    work.fact(
        "handoff.assigned",
        HandoffAssigned(handoff_id=handoff_id, to=to),
        subject=row.customer,
        tenant=row.tenant,
        key=(handoff_id, to, work.now.isoformat()),
    )


def release(
    work: UnitOfWork, handoff_id: str, by: str, tenant: str | None, others: bool = False
) -> None:
    """Lay down a hand-off, so that it waits for anybody again; `others`: someone else's, too.

    Raises LookupError or Taken.
    """
    row = lock(work, handoff_id, tenant)
    if row.status == HandoffStatus.OPEN:
        return
    held_by = row.assigned_to or ""
    if row.status != HandoffStatus.ASSIGNED or not (others or held_by == by):
        raise Taken
    row.status, row.assigned_to, row.assigned_at = HandoffStatus.OPEN, None, None
    work.fact(
        HandoffReleased.TYPE,
        HandoffReleased(handoff_id=handoff_id, held_by=held_by, by=by),
        subject=row.customer,
        tenant=row.tenant,
        key=(handoff_id, held_by, work.now.isoformat()),
    )


def resolve(work: UnitOfWork, handoff_id: str, by: str, outcome: str, tenant: str | None) -> None:
    """End a hand-off that `by` holds. Raises LookupError or Taken.

    Knowing the person (`identity_confirmed`) gives them their tries and links back; knowing that
    someone else has the address (`wrong_person`) shuts every link and stops all messages there.
    """
    row = lock(work, handoff_id, tenant)
    if row.status == HandoffStatus.RESOLVED and row.assigned_to == by and row.outcome == outcome:
        return
    if row.status != HandoffStatus.ASSIGNED or row.assigned_to != by:
        raise Taken
    row.status, row.outcome, row.resolved_at = HandoffStatus.RESOLVED, outcome, work.now
    customer = store.lock_customers(work.session, [(row.tenant, row.customer)])
    if row.reason == HandoffReason.TERMS:
        _talk_again(work, row)
    settle = {"identity_confirmed": identity.confirm, "wrong_person": identity.deny}.get(outcome)
    if settle is not None:
        settle(work, customer[row.tenant, row.customer], "desk", handoff_id)
    work.fact(
        "handoff.resolved",
        HandoffResolved(handoff_id=handoff_id, outcome=outcome),
        subject=row.customer,
        tenant=row.tenant,
        key=(handoff_id,),
    )


def _talk_again(work: UnitOfWork, row: HandoffRow) -> None:
    """A person has answered: the customer may propose again."""
    case = store.case_by_id(work.session, row.case_id)
    if case is not None:
        case.proposals = 0


def lock(work: UnitOfWork, handoff_id: str, tenant: str | None) -> HandoffRow:
    """The hand-off as it is once its customer is locked. Raises LookupError."""
    seen = store.handoff_by_id(work.session, handoff_id)
    if seen is None or tenant not in (None, seen.tenant):
        raise LookupError(handoff_id)
    store.lock_customers(work.session, [(seen.tenant, seen.customer)])
    row = store.handoff_by_id(work.session, handoff_id)
    assert row is not None
    return row
