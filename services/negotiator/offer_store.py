"""The SQL of offers and proposals. Nothing here commits; the customer is locked."""

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from services.negotiator.model import OfferStatus
from services.negotiator.tables import OfferRow, ProposalRow


def offers_of(session: Session, case_id: str, round: int | None = None) -> list[OfferRow]:
    """The offers of a case in the order they were shown; of one round, where given."""
    if round is None:
        return list(session.exec(_OFFERS, params={"case_id": case_id}))
    return list(session.exec(_OF_ROUND, params={"case_id": case_id, "round": round}))


# Put together once, as each page asks for them.
_OFFERS = (
    select(OfferRow)
    .where(col(OfferRow.case_id) == bindparam("case_id"))
    .order_by(col(OfferRow.round), col(OfferRow.position))
)
_OF_ROUND = _OFFERS.where(col(OfferRow.round) == bindparam("round"))


def offer_by_id(session: Session, offer_id: str) -> OfferRow | None:
    """An offer of whatever customer."""
    return session.exec(select(OfferRow).where(OfferRow.offer_id == offer_id)).one_or_none()


def waiting_offers(session: Session, tenant: str | None, limit: int) -> list[OfferRow]:
    """Agents' offers that a second person has yet to approve, oldest first."""
    wanted = (
        select(OfferRow)
        .where(OfferRow.status == OfferStatus.WAITING.value)
        .order_by(col(OfferRow.proposed_at))
        .limit(limit)
    )
    if tenant is not None:
        wanted = wanted.where(OfferRow.tenant == tenant)
    return list(session.exec(wanted))


def open_offers(session: Session, case_id: str) -> list[OfferRow]:
    """The offers of a case that were neither accepted nor closed."""
    return [row for row in offers_of(session, case_id) if row.status == OfferStatus.PROPOSED]


def proposals_of(session: Session, case_id: str) -> list[ProposalRow]:
    """The customer's own proposals of a case, oldest first."""
    return list(session.exec(_PROPOSALS, params={"case_id": case_id}))


_PROPOSALS = (
    select(ProposalRow)
    .where(col(ProposalRow.case_id) == bindparam("case_id"))
    .order_by(col(ProposalRow.at), col(ProposalRow.proposal_id))
)
