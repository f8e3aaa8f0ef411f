"""Accepting an offer: one agreement a bill, and none that is expired, altered or overtaken."""

import hmac

from schemas.facts import AgreementMade, OfferAccepted, RequestMade
from services.negotiator import store
from services.negotiator.handlers import offers
from services.negotiator.handlers.promises import Promises
from services.negotiator.handlers.translate import terms
from services.negotiator.model import (
    AgreementStatus,
    HandoffReason,
    OfferStatus,
    Refusal,
    RequestStatus,
)
from services.negotiator.rules.offers import is_held, refusal
from services.negotiator.tables import AgreementRow, CaseRow, CustomerRow, OfferRow
from services.runtime.ids import derive
from services.runtime.security import Signer
from services.runtime.unit_of_work import UnitOfWork


def accept(
    work: UnitOfWork, signer: Signer, promises: Promises, case: CaseRow, offer_id: str
) -> Refusal | None:
    """Turn an offer of this case into the agreement, or say why not. The customer is locked.

    The same offer once more, from a second click or tab, is accepted still and changes nothing.
    """
    key = (case.tenant, case.obligation_id)
    bill = store.lock_bills(work.session, [key])[key]
    row = work.session.get(OfferRow, (case.tenant, case.customer, offer_id))
    if row is None or row.case_id != case.case_id:
        return Refusal.UNKNOWN_OFFER
    if not hmac.compare_digest(offers.sign(signer, terms(row)), row.signature):
        return Refusal.ALTERED
    agreement = store.agreements_in_force(work.session, [key]).get(key)
    if agreement is not None:
        return None if agreement.offer_id == offer_id else Refusal.AGREED_ALREADY
    holds = store.find_holds(work.session, case.tenant, case.customer)
    disputed = HandoffReason.DISPUTE in store.unresolved_reasons(work.session, case.case_id)
    why = refusal(
        terms(row),
        OfferStatus(row.status),
        bill,
        held=disputed or is_held(holds, case.obligation_id, work.now),
        now=work.now,
    )
    if why is None:
        agree(work, promises, case, row)
    return why


def agree(work: UnitOfWork, promises: Promises, case: CaseRow, offer: OfferRow) -> None:
    """Make the agreement of an offer that may be accepted; customer and bill are locked."""
    agreement = AgreementRow(
        tenant=case.tenant,
        obligation_id=case.obligation_id,
        agreement_id=derive("agreement", offer.offer_id),
        customer=case.customer,
        case_id=case.case_id,
        offer_id=offer.offer_id,
        status=AgreementStatus.ACTIVE,
        currency=offer.currency,
        total_minor=offer.total_minor,
        discount_minor=offer.discount_minor,
        instalments=offer.instalments,
        grace_days=offer.grace_days,
        request_id=derive("request", offer.offer_id),
        booking=RequestStatus.REQUESTED,
        made_at=work.now,
    )
    promises.watch(agreement)
    work.session.add(agreement)
    offer.status = OfferStatus.ACCEPTED
    case.proposals = 0
    work.session.flush()
    _tell_agreed(work, promises, case, offer, agreement)
    # Nobody can accept what was offered beside it any more.
    offers.expire_open(work, case)


def _tell_agreed(
    work: UnitOfWork, promises: Promises, case: CaseRow, offer: OfferRow, agreement: AgreementRow
) -> None:
    customer = work.session.get(CustomerRow, (case.tenant, case.customer))
    bill = store.find_bill(work.session, case.tenant, case.obligation_id)
    accepted = work.fact(
        OfferAccepted.TYPE,
        OfferAccepted(
            offer_id=offer.offer_id,
            case_id=case.case_id,
            obligation_id=case.obligation_id,
            agreement_id=agreement.agreement_id,
            message_id=case.message_id,
        ),
        subject=case.customer,
        tenant=case.tenant,
        key=(offer.offer_id,),
    )
    made = work.fact(
        AgreementMade.TYPE,
        AgreementMade.model_validate(
            {
                "agreement_id": agreement.agreement_id,
                "offer_id": offer.offer_id,
                "case_id": case.case_id,
                "obligation_id": case.obligation_id,
                "currency": agreement.currency,
                "total_minor": agreement.total_minor,
                "discount_minor": agreement.discount_minor,
                "instalments": agreement.instalments,
                "authority": offer.authority,
                "grace_days": promises.days_of(agreement),
                "timezone": customer.timezone if customer else None,
                "creditor": bill.creditor if bill else None,
                "product": bill.product if bill else None,
            }
        ),
        subject=case.customer,
        tenant=case.tenant,
        cause=accepted,
        key=(agreement.agreement_id,),
    )
    # Rapport is not the ledger: whether the plan is booked is the publisher's answer.
    work.fact(
        RequestMade.TYPE,
        RequestMade(
            request_id=agreement.request_id,
            kind="book_plan",
            obligation_id=case.obligation_id,
            details={
                "agreement_id": agreement.agreement_id,
                "currency": agreement.currency,
                "total_minor": agreement.total_minor,
                "discount_minor": agreement.discount_minor,
                "instalments": agreement.instalments,
            },
        ),
        subject=case.customer,
        tenant=case.tenant,
        cause=made,
        key=(agreement.request_id,),
    )
