"""Who comes through a portal link, and what they find: nothing before they are verified."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from services.negotiator import desk_store, offer_store, store, visit_store
from services.negotiator.handlers.translate import terms, zone
from services.negotiator.model import (
    AgreementStatus,
    Bill,
    HandoffReason,
    OfferStatus,
    Situation,
)
from services.negotiator.rules.bills import NOTHING_KNOWN
from services.negotiator.rules.offers import is_held, refusal
from services.negotiator.rules.situations import situation
from services.negotiator.tables import (
    AgreementRow,
    CaseRow,
    CustomerRow,
    InvitationRow,
    OfferRow,
    SessionRow,
)
from services.runtime.ids import derive
from services.runtime.unit_of_work import UnitOfWork


@dataclass(slots=True)
class Visit:
    """A visit by one link. `case` is None until the visitor has done something."""

    invitation: InvitationRow
    customer: CustomerRow
    case: CaseRow | None

    @property
    def is_shut(self) -> bool:
        """Whether this link reached someone else, so that it opens nothing."""
        return self.invitation.closed or self.customer.wrong_person


@dataclass(frozen=True, slots=True)
class Found:
    """All that a verified visitor's page is made of.

    after_broken: their last plan was not kept. reasons: why people have to do with the case.
    """

    situation: Situation
    bill: Bill
    agreement: AgreementRow | None
    offers: list[OfferRow]
    after_broken: bool
    reasons: set[str]


def look(work: UnitOfWork, message_id: str) -> Visit | None:
    """The visit as it stands, nothing locked; None where the message is not known (yet)."""
    session = work.session
    found = visit_store.arrival(session, message_id)
    if found is None or _is_ahead(work, found[0]):
        return None
    invitation, customer, case = found
    if customer is not None and customer.merged_into is None:
        return Visit(invitation, customer, case)
    tenant = invitation.tenant
    name = store.survivor(session, tenant, invitation.customer)
    customer = session.get(CustomerRow, (tenant, name))
    return Visit(
        invitation,
        customer or CustomerRow(tenant=tenant, customer=name),
        store.find_case(session, tenant, name, invitation.obligation_id),
    )


def enter(work: UnitOfWork, visit: Visit) -> tuple[Visit, CaseRow]:
    """The visit with its customer locked and its case open, as they are now."""
    session, message_id = work.session, visit.invitation.message_id
    tenant, name = visit.customer.tenant, visit.customer.customer
    customer = store.lock_customers(session, [(tenant, name)])[tenant, name]
    while customer.merged_into is not None:  # merged since: wait for the one that stays
        name = customer.merged_into
        customer = store.lock_customers(session, [(tenant, name)])[tenant, name]
    # Once more under the lock: "this isn't me" in another tab shuts the link.
    found = visit_store.arrival(session, message_id)
    assert found is not None
    invitation, _, case = found
    if invitation.customer != name:
        session.expire_all()
        case = store.find_case(session, tenant, name, invitation.obligation_id)
    if case is None:
        case = CaseRow(
            tenant=tenant,
            customer=name,
            case_id=derive("case", tenant, name, invitation.obligation_id),
            obligation_id=invitation.obligation_id,
            enrolment_id=invitation.enrolment_id,
            message_id=message_id,
            opened_at=work.now,
        )
        session.add(case)
    case.message_id = message_id
    if not _cares_only(session, invitation):
        case.enrolment_id = invitation.enrolment_id
    session.flush()
    return Visit(invitation, customer, case), case


def case_about(work: UnitOfWork, visit: Visit, obligation_id: str) -> CaseRow:
    """The visitor's case about any of their obligations; opened where there is none.

    The customer is locked. What is opened so rests on no enrolment, and so on no authority.
    """
    tenant, name = visit.customer.tenant, visit.customer.customer
    case = store.find_case(work.session, tenant, name, obligation_id)
    if case is None:
        case = CaseRow(
            tenant=tenant,
            customer=name,
            case_id=derive("case", tenant, name, obligation_id),
            obligation_id=obligation_id,
            enrolment_id="",
            message_id=visit.invitation.message_id,
            opened_at=work.now,
        )
        work.session.add(case)
        work.session.flush()
    return case


def session_of(session: Session, visit: Visit, session_id: str, now: datetime) -> SessionRow | None:
    """The verified session of this name, if it is in force and for this case."""
    row = session.get(SessionRow, session_id, populate_existing=True)
    if row is None or visit.case is None or visit.is_shut or row.case_id != visit.case.case_id:
        return None
    return row if not row.ended and now < row.expires_at else None


def find(session: Session, case: CaseRow, now: datetime) -> Found:
    """What the case's verified customer finds at `now`."""
    key = (case.tenant, case.obligation_id)
    bill = store.find_bill(session, *key) or NOTHING_KNOWN
    agreements = store.agreements_about(session, key)
    agreement = next((row for row in agreements if row.status in store.IN_FORCE), None)
    reasons = store.unresolved_reasons(session, case.case_id)
    enrolment = store.find_enrolment(session, case.tenant, case.customer, case.enrolment_id)
    offers = [
        row
        for row in offer_store.offers_of(session, case.case_id, case.round)
        if refusal(terms(row), OfferStatus(row.status), bill, held=False, now=now) is None
    ]
    found = situation(
        bill,
        agreement=AgreementStatus(agreement.status) if agreement else None,
        own_agreement=agreement is not None and agreement.case_id == case.case_id,
        disputed=HandoffReason.DISPUTE in reasons,
        held=is_held(
            store.find_holds(session, case.tenant, case.customer), case.obligation_id, now
        ),
        has_authority=enrolment is not None and enrolment.authority is not None,
        has_live_offers=bool(offers),
    )
    before = [row for row in agreements if row.case_id == case.case_id]
    after_broken = bool(before) and before[-1].status == AgreementStatus.BROKEN
    return Found(found, bill, agreement, offers, after_broken, reasons)


def is_about_terms(session: Session, visit: Visit) -> bool:
    """Whether the message was about a debt to come to terms on, or about a plan that runs; and no
    other reminder or service."""
    invitation, customer = visit.invitation, visit.customer
    if invitation.answers and desk_store.has_answer(session, invitation.tenant, invitation.answers):
        # What a person answered stands among all that is theirs.
        return False
    key = (invitation.tenant, invitation.obligation_id)
    plan = store.agreements_in_force(session, [key]).get(key)
    if plan is not None and plan.customer == customer.customer:
        return plan.status == AgreementStatus.ACTIVE
    for name in {customer.customer, invitation.customer}:
        row = store.find_enrolment(session, customer.tenant, name, invitation.enrolment_id)
        if row is not None:
            return row.authority is not None or row.purpose in (None, "collection")
    return True


def place(visit: Visit, bill: Bill) -> ZoneInfo:
    """Whose days count: the customer's, else where the message thought them, else the bill's."""
    return zone(visit.customer.timezone, visit.invitation.timezone, bill.due_timezone)


def _cares_only(session: Session, invitation: InvitationRow) -> bool:
    """Whether the message came of no authority, as the reminder of a plan: what was allowed before
    it is allowed still."""
    row = store.find_enrolment(
        session, invitation.tenant, invitation.customer, invitation.enrolment_id
    )
    return row is not None and row.purpose == "service" and row.authority is None


def _is_ahead(work: UnitOfWork, row: InvitationRow) -> bool:
    """Whether the messenger knew more of the invitation's customer than this service does yet."""
    if not row.applied_through:
        return False
    known = work.positions()
    return any(known.get(place, -1) < offset for place, offset in row.applied_through.items())
