"""Making offers: signed, within authority, and no new ones while there are some in force."""

from dataclasses import asdict
from datetime import datetime

from schemas.facts import OfferExpired, OfferProposed
from services.negotiator import store
from services.negotiator.handlers import visits
from services.negotiator.handlers.translate import authority, stored_instalments
from services.negotiator.handlers.visits import Visit
from services.negotiator.model import OfferStatus, Situation, Terms
from services.negotiator.rules import plans
from services.negotiator.rules.offers import canonical
from services.negotiator.tables import CaseRow, OfferRow
from services.runtime.ids import derive
from services.runtime.security import Signer
from services.runtime.unit_of_work import UnitOfWork


def sign(signer: Signer, terms: Terms) -> str:
    """The signature of an offer's terms: hex HMAC-SHA256."""
    return signer.keyed_hash(f"offer:{canonical(terms)}")


def propose(work: UnitOfWork, signer: Signer, visit: Visit, case: CaseRow) -> None:
    """Make offers where the case may have some and none is in force; else nothing happens.

    Offers that ran out, or whose amount no longer fits, are told as expired first. The customer
    is locked.
    """
    bill = store.lock_bills(work.session, [(case.tenant, case.obligation_id)])[
        case.tenant, case.obligation_id
    ]
    if visits.find(work.session, case, work.now).situation is not Situation.RENEW:
        return
    expire_open(work, case)
    enrolment = store.find_enrolment(work.session, case.tenant, case.customer, case.enrolment_id)
    if enrolment is None or enrolment.authority is None or bill.currency is None:
        return
    allowed, zone = authority(enrolment.authority), visits.place(visit, bill)
    case.round += 1
    for position, plan in enumerate(plans.options(bill.remaining_minor, allowed, work.now, zone)):
        terms = Terms(
            tenant=case.tenant,
            case_id=case.case_id,
            offer_id=derive("offer", case.case_id, case.round, plan.name),
            obligation_id=case.obligation_id,
            currency=bill.currency,
            balance_minor=bill.remaining_minor,
            plan=plan,
            expires_at=plans.expiry(plan, allowed, work.now, zone),
            authority=allowed,
        )
        row = _row(case, terms, sign(signer, terms), position, work.now)
        work.session.add(row)
        _tell(work, row)
    work.session.flush()


def expire_open(work: UnitOfWork, case: CaseRow) -> None:
    """Close what of the case's offers is neither accepted nor closed."""
    for row in store.open_offers(work.session, case.case_id):
        row.status = OfferStatus.EXPIRED
        work.fact(
            OfferExpired.TYPE,
            OfferExpired(
                offer_id=row.offer_id, case_id=row.case_id, obligation_id=row.obligation_id
            ),
            subject=row.customer,
            tenant=row.tenant,
            key=(row.offer_id,),
        )


def _row(case: CaseRow, terms: Terms, signature: str, position: int, now: datetime) -> OfferRow:
    return OfferRow(
        tenant=terms.tenant,
        customer=case.customer,
        offer_id=terms.offer_id,
        case_id=terms.case_id,
        obligation_id=terms.obligation_id,
        round=case.round,
        position=position,
        name=terms.plan.name,
        kind=terms.plan.kind,
        currency=terms.currency,
        balance_minor=terms.balance_minor,
        total_minor=terms.plan.total_minor,
        discount_minor=terms.plan.discount_minor,
        instalments=stored_instalments(terms.plan.instalments),
        authority=asdict(terms.authority),
        expires_at=terms.expires_at,
        signature=signature,
        status=OfferStatus.PROPOSED,
        proposed_at=now,
    )


def _tell(work: UnitOfWork, row: OfferRow) -> None:
    # The fact's fields are the row's; a rename on either side fails here, not in the log.
    told = {name: getattr(row, name) for name in OfferProposed.model_fields if name != "by"}
    work.fact(
        OfferProposed.TYPE,
        OfferProposed.model_validate(told | {"by": "machine"}),
        subject=row.customer,
        tenant=row.tenant,
        key=(row.offer_id,),
    )
