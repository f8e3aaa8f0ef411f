"""What a verified visitor of a case finds: the first of these that holds."""

from services.negotiator.model import AgreementStatus, Bill, Situation


def situation(
    bill: Bill,
    *,
    agreement: AgreementStatus | None,
    own_agreement: bool,
    disputed: bool,
    held: bool,
    has_authority: bool,
    has_live_offers: bool,
) -> Situation:
    """Where the case stands.

    `agreement` is the one in force about the bill; no party sees the terms of another's.
    """
    if agreement in (AgreementStatus.ACTIVE, AgreementStatus.COMPLETED):
        if not own_agreement:
            return Situation.ARRANGED
        done = agreement is AgreementStatus.COMPLETED
        return Situation.COMPLETED if done else Situation.AGREEMENT
    if not bill.is_owed:
        return Situation.SETTLED
    if disputed:
        return Situation.DISPUTE
    if held:
        return Situation.HELD
    if not has_authority:
        return Situation.NO_OFFER
    return Situation.PLANS if has_live_offers else Situation.RENEW
