"""Making offers: signed, within authority, and no new ones while there are some in force."""

from collections.abc import Sequence
from dataclasses import asdict
from zoneinfo import ZoneInfo

from schemas.facts import OfferExpired, OfferProposed
from services.negotiator import offer_store, store
from services.negotiator.handlers import visits
from services.negotiator.handlers.deciding import Deciding, Judged
from services.negotiator.handlers.translate import stored_instalments
from services.negotiator.handlers.visits import Visit
from services.negotiator.model import Bill, OfferStatus, Plan, Situation, Terms
from services.negotiator.model.terms import Scored
from services.negotiator.rules import plans
from services.negotiator.rules.offers import canonical
from services.negotiator.rules.value import score
from services.negotiator.tables import CaseRow, OfferRow
from services.runtime.ids import derive
from services.runtime.security import Signer
from services.runtime.unit_of_work import UnitOfWork


def sign(signer: Signer, terms: Terms) -> str:
    """The signature of an offer's terms: hex HMAC-SHA256."""
    return signer.keyed_hash(f"offer:{canonical(terms)}")


def propose(work: UnitOfWork, decide: Deciding, visit: Visit, case: CaseRow) -> None:
    """Make offers where the case may have some and none is in force; else nothing happens.

    Offers that ran out, or whose amount no longer fits, are told as expired first. The customer
    is locked.
    """
    key = (case.tenant, case.obligation_id)
    bill = store.lock_bills(work.session, [key])[key]
    if visits.find(work.session, case, work.now).situation is Situation.RENEW:
        prepare(work, decide, case, bill, visits.place(visit, bill))


def prepare(
    work: UnitOfWork,
    decide: Deciding,
    case: CaseRow,
    bill: Bill,
    zone: ZoneInfo,
    *,
    gentle: bool = False,
) -> None:
    """Make today's offers in place of those before; `gentle`: the lightest first.

    Customer and bill are locked.
    """
    expire_open(work, case)
    judged = decide.judge(work, case, bill, zone)
    if judged is None:
        return
    case.round += 1
    found = plans.choose(judged.given, gentle=gentle)
    ids = [derive("offer", case.case_id, case.round, one.plan.name) for one in found]
    for position, (offer_id, scored) in enumerate(zip(ids, found, strict=True)):
        put(work, decide, case, judged, scored, offer_id=offer_id, position=position)
    work.session.flush()


def put(
    work: UnitOfWork,
    decide: Deciding,
    case: CaseRow,
    judged: Judged,
    scored: Scored,
    *,
    offer_id: str,
    position: int,
    by: str = "machine",
    actor: str | None = None,
    approved_by: str | None = None,
    within: bool = True,
    told: bool = True,
) -> OfferRow:
    """Put one plan to the customer, or by them: signed and told.

    `within`: whether it keeps to the limits; a wish that does not binds nobody. `told`: not where
    a second person has yet to approve. The customer is locked.
    """
    plan = scored.plan
    balance = judged.given.bounds.balance_minor
    terms = Terms(
        tenant=case.tenant,
        case_id=case.case_id,
        offer_id=offer_id,
        obligation_id=case.obligation_id,
        currency=judged.currency,
        balance_minor=balance,
        plan=plan,
        expires_at=plans.expiry(plan, judged.cap, work.now, judged.zone),
        authority=judged.cap,
    )
    row = OfferRow(
        tenant=terms.tenant,
        customer=case.customer,
        offer_id=terms.offer_id,
        case_id=terms.case_id,
        obligation_id=terms.obligation_id,
        round=case.round,
        position=position,
        name=plan.name,
        kind=plan.kind,
        currency=terms.currency,
        balance_minor=balance,
        total_minor=plan.total_minor,
        discount_minor=plan.discount_minor,
        instalments=stored_instalments(plan.instalments),
        authority=asdict(terms.authority),
        by=by,
        actor=actor,
        approved_by=approved_by,
        grace_days=judged.given.bounds.grace_days,
        matrix=judged.reference(scored) if within else None,
        expires_at=terms.expires_at,
        signature=sign(decide.signer, terms),
        status=OfferStatus.PROPOSED,
        proposed_at=work.now,
    )
    work.session.add(row)
    if told:
        tell(work, row)
    return row


def add(
    work: UnitOfWork,
    decide: Deciding,
    case: CaseRow,
    judged: Judged,
    found: Sequence[Plan],
    opened: Sequence[OfferRow],
    why: str,
) -> list[OfferRow]:
    """Put further plans to the customer, above those that stay open; `why` keeps their ids apart.

    opened: the case's open offers. The customer is locked.
    """
    first = min((row.position for row in opened), default=0)
    rows = []
    for number, plan in enumerate(found):
        offer_id = derive("offer", why, plan.name, plan.total_minor)
        scored = score(plan, judged.given.bounds, judged.given.today, _monthly(judged))
        position = first - len(found) + number
        rows.append(put(work, decide, case, judged, scored, offer_id=offer_id, position=position))
    return rows


def expire_open(work: UnitOfWork, case: CaseRow) -> None:
    """Close what of the case's offers is neither accepted nor closed."""
    for row in offer_store.open_offers(work.session, case.case_id):
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


def tell(work: UnitOfWork, row: OfferRow) -> None:
    """Tell the log of an offer."""
    # The fact's fields are the row's; a rename on either side fails here, not in the log.
    told = {name: getattr(row, name) for name in OfferProposed.model_fields}
    work.fact(
        OfferProposed.TYPE,
        OfferProposed.model_validate(told),
        subject=row.customer,
        tenant=row.tenant,
        key=(row.offer_id,),
    )


def _monthly(judged: Judged) -> int | None:
    return judged.given.stated.monthly_minor
