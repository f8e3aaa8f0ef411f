"""Offers made by people at the desk: within their limits, or with a second person's approval."""

from collections.abc import Mapping
from dataclasses import replace
from enum import Enum, auto

from schemas.world import minor_units
from services.negotiator import offer_store, store
from services.negotiator.handlers import offers
from services.negotiator.handlers.deciding import Deciding, Judged
from services.negotiator.handlers.people import Taken
from services.negotiator.handlers.promises import place_of
from services.negotiator.handlers.translate import plan
from services.negotiator.model import Bill, HandoffStatus, OfferStatus, Plan, Refusal
from services.negotiator.model.terms import DeskRefusal, Role, WishRefusal
from services.negotiator.rules import authority, wishes
from services.negotiator.rules.offers import refusal_of_bill
from services.negotiator.rules.terms import breaches
from services.negotiator.rules.value import score
from services.negotiator.tables import CaseRow, OfferRow
from services.runtime.ids import derive
from services.runtime.unit_of_work import UnitOfWork


class Outcome(Enum):
    """What became of a person's offer: the customer sees it, or a second person is asked."""

    OFFERED = auto()
    WAITING = auto()


def offer(
    work: UnitOfWork,
    decide: Deciding,
    handoff_id: str,
    actor: str,
    tenant: str | None,
    fields: Mapping[str, str],
) -> Outcome | Refusal | DeskRefusal | WishRefusal:
    """Offer terms in the case of a hand-off that `actor` holds; the fields are those of a wish.

    Raises LookupError or Taken.
    """
    handoff = store.handoff_by_id(work.session, handoff_id)
    if handoff is None or tenant not in (None, handoff.tenant):
        raise LookupError(handoff_id)
    store.lock_customers(work.session, [(handoff.tenant, handoff.customer)])
    handoff = store.handoff_by_id(work.session, handoff_id)
    assert handoff is not None
    if handoff.status != HandoffStatus.ASSIGNED or handoff.assigned_to != actor:
        raise Taken
    case = store.case_by_id(work.session, handoff.case_id)
    if case is None:
        return Refusal.NO_OFFER
    bill = _bill(work, case)
    if isinstance(bill, Refusal):
        return bill
    judged = _judge(work, decide, case, bill, Role.AGENT)
    if judged is None:
        return Refusal.NO_OFFER
    digits, today = minor_units(judged.currency), judged.given.today
    wish = wishes.read(fields, bill.remaining_minor, judged.currency, digits, today)
    if isinstance(wish, WishRefusal):
        return wish
    wished = replace(wishes.plan(wish, judged.given), name="by-agent")
    # The same form sent twice is one offer.
    offer_id = derive("offer", handoff_id, actor, repr(wished), bill.remaining_minor)
    known = work.session.get(OfferRow, (case.tenant, case.customer, offer_id))
    if known is not None:
        waits = known.status == OfferStatus.WAITING
        return Outcome.WAITING if waits else Outcome.OFFERED
    if not breaches(wished, judged.given):
        _put(work, decide, case, judged, wished, offer_id, actor, None)
        return Outcome.OFFERED
    beyond = _judge(work, decide, case, bill, Role.SUPERVISOR)
    if beyond is None or breaches(wished, beyond.given):
        return DeskRefusal.BEYOND_AUTHORITY
    row = _put(work, decide, case, beyond, wished, offer_id, actor, None, told=False)
    row.status = OfferStatus.WAITING
    return Outcome.WAITING


def approve(
    work: UnitOfWork, decide: Deciding, offer_id: str, actor: str, tenant: str | None
) -> Refusal | DeskRefusal | None:
    """Let an offer beyond an agent's own limits go out, as a second person. Raises LookupError.

    Judged once more as of now; nobody approves their own. None where it went out.
    """
    seen = offer_store.offer_by_id(work.session, offer_id)
    if seen is None or tenant not in (None, seen.tenant):
        raise LookupError(offer_id)
    store.lock_customers(work.session, [(seen.tenant, seen.customer)])
    work.session.refresh(seen)
    case = store.case_by_id(work.session, seen.case_id)
    if seen.status != OfferStatus.WAITING or case is None:
        return None if seen.approved_by == actor else Refusal.EXPIRED
    if seen.actor == actor:
        return DeskRefusal.OWN_OFFER
    bill = _bill(work, case)
    if isinstance(bill, Refusal):
        return bill
    judged = _judge(work, decide, case, bill, Role.SUPERVISOR)
    wished = plan(seen)
    if judged is None or bill.remaining_minor != seen.balance_minor:
        return Refusal.AMOUNT_CHANGED
    if wished.instalments[0].due_date < judged.given.today or breaches(wished, judged.given):
        return Refusal.EXPIRED
    maker = seen.actor
    work.session.delete(seen)
    work.session.flush()
    _put(work, decide, case, judged, wished, offer_id, maker, actor)
    return None


def _bill(work: UnitOfWork, case: CaseRow) -> Bill | Refusal:
    key = (case.tenant, case.obligation_id)
    bill = store.lock_bills(work.session, [key])[key]
    if store.agreements_in_force(work.session, [key]):
        return Refusal.AGREED_ALREADY
    return refusal_of_bill(bill, held=False) or bill


def _judge(
    work: UnitOfWork, decide: Deciding, case: CaseRow, bill: Bill, role: Role
) -> Judged | None:
    """The limits of a person; None where no matrix gives them any."""
    judged = decide.judge(work, case, bill, place_of(work, case, bill), role)
    if judged is None or judged.matrix is None or judged.cell is None:
        return None
    limits, bounds = authority.limits_of(judged.cell, role), judged.given.bounds
    own = replace(
        judged.cap,
        name=f"{judged.matrix.name}/{role}",
        version=judged.matrix.version,
        max_discount_bp=limits.max_discount_bp,
        max_instalments=bounds.max_instalments,
        min_instalment_minor=bounds.min_instalment_minor,
        max_days=bounds.max_days,
    )
    return replace(judged, cap=own)


def _put(
    work: UnitOfWork,
    decide: Deciding,
    case: CaseRow,
    judged: Judged,
    wished: Plan,
    offer_id: str,
    actor: str | None,
    approved_by: str | None,
    *,
    told: bool = True,
) -> OfferRow:
    given = judged.given
    scored = score(wished, given.bounds, given.today, given.stated.monthly_minor)
    known = offer_store.open_offers(work.session, case.case_id)
    first = min((row.position for row in known), default=0)
    row = offers.put(
        work, decide, case, judged, scored,
        offer_id=offer_id, position=first - 1, by="agent", actor=actor, approved_by=approved_by,
        told=told,
    )  # fmt: skip
    work.session.flush()
    return row
