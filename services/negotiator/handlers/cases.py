"""A case with its story, for those inside: ids, codes, amounts and instants."""

from typing import Any

from sqlmodel import Session

from services.negotiator import offer_store, store, visit_store
from services.negotiator.tables import AgreementRow, CaseRow, HandoffRow, OfferRow, ProposalRow


def story(session: Session, case: CaseRow) -> dict[str, Any]:
    """The case as `GET /cases/{id}` tells it; `story` is in the order it happened."""
    offers = offer_store.offers_of(session, case.case_id)
    agreements = store.agreements_of(session, case.case_id)
    handoffs = store.handoffs_of(session, case.case_id)
    bill = store.find_bill(session, case.tenant, case.obligation_id)
    told = [{"at": case.opened_at, "what": "case.opened"}]
    told += [
        {"at": one.at, "what": "verification", "right": one.right}
        for one in visit_store.attempts_of(session, case.case_id)
    ]
    for offer in offers:
        told.append({"at": offer.proposed_at, "what": "offer.proposed", "offer_id": offer.offer_id})
    for agreement in agreements:
        told.append(
            {
                "at": agreement.made_at,
                "what": "agreement.made",
                "agreement_id": agreement.agreement_id,
            }
        )
    made = offer_store.proposals_of(session, case.case_id)
    told += [
        {"at": one.at, "what": f"proposal.{one.outcome}", "proposal_id": one.proposal_id}
        for one in made
    ]
    told += [entry for handoff in handoffs for entry in _handoff_story(handoff)]
    return {
        "case_id": case.case_id,
        "tenant": case.tenant,
        "customer": case.customer,
        "obligation_id": case.obligation_id,
        "message_id": case.message_id,
        "obligation": {
            "status": bill.status,
            "remaining_minor": bill.remaining_minor,
            "currency": bill.currency,
            "due_date": bill.due_date,
        }
        if bill
        else None,
        "proposals": [_proposal(one) for one in made],
        "offers": [_offer(offer) for offer in offers],
        "agreements": [_agreement(agreement) for agreement in agreements],
        "handoffs": [_handoff(handoff) for handoff in handoffs],
        "story": sorted(told, key=lambda entry: entry["at"]),
    }


def _offer(row: OfferRow) -> dict[str, Any]:
    names = (
        "offer_id", "kind", "status", "currency", "balance_minor", "total_minor",
        "discount_minor", "instalments", "authority", "matrix", "by", "actor", "approved_by",
        "signature", "proposed_at", "expires_at",
    )  # fmt: skip
    return {name: getattr(row, name) for name in names}


def _proposal(row: ProposalRow) -> dict[str, Any]:
    names = (
        "proposal_id", "wish", "balance_minor", "outcome", "offer_id", "breaches", "answers", "at",
    )  # fmt: skip
    return {name: getattr(row, name) for name in names}


def _agreement(row: AgreementRow) -> dict[str, Any]:
    names = (
        "agreement_id", "offer_id", "status", "currency", "total_minor", "discount_minor",
        "instalments", "grace_days", "moves", "paid_minor", "kept", "booking", "made_at",
    )  # fmt: skip
    return {name: getattr(row, name) for name in names}


def _handoff(row: HandoffRow) -> dict[str, Any]:
    names = (
        "handoff_id", "reason", "status", "requested_at", "assigned_to", "assigned_at", "outcome",
        "resolved_at",
    )  # fmt: skip
    return {name: getattr(row, name) for name in names}


def _handoff_story(row: HandoffRow) -> list[dict[str, Any]]:
    steps = (
        ("handoff.requested", row.requested_at, {"reason": row.reason}),
        ("handoff.assigned", row.assigned_at, {"to": row.assigned_to}),
        ("handoff.resolved", row.resolved_at, {"outcome": row.outcome}),
    )
    return [
        {"at": at, "what": what, "handoff_id": row.handoff_id, **more}
        for what, at, more in steps
        if at is not None
    ]
