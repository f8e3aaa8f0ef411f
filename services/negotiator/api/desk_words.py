"""What the desk says in words: reasons, outcomes, notices."""

OUTCOMES = {
    "identity_confirmed": "Identity confirmed: may try the portal again",
    "terms_agreed": "Terms agreed with the customer",
    "passed_to_creditor": "Passed to the creditor",
    "hold_requested": "Creditor asked to place a hold",
    "wrong_person": "Not our customer: address to be removed",
    "unreachable": "Customer could not be reached",
    "done": "Answered, nothing more to do",
}
HANDS_BACK = ("identity_confirmed", "unreachable", "done")
"""Outcomes after which the machine goes on where it was."""

_REASONS = {
    "asked_for_person": "Asked for a person",
    "no_evidence": "Cannot be verified online",
    "verification_locked": "Locked after wrong answers",
    "wrong_person": "Says: this isn't me",
    "dispute": "Disputes the bill",
    "hardship": "In difficulty",
    "reply": "Wrote back",
    "bereavement": "Writes that the customer has died",
    "question": "Asks something",
    "angry": "Is upset",
    "plan_refused": "Creditor refused to book the plan",
    "overpaid": "Paid more than was left",
    "terms_beyond_authority": "Proposes terms beyond what the machine may agree to",
}
NOTICES = {
    "taken": "Someone else holds it by now, or has resolved it.",
    "unknown": "There is no such hand-off.",
    "no_copy": "That message cannot be shown: it is not this customer's, or it is forgotten.",
    "form": "The page had been open too long. Please try again.",
    "outcome": "Choose an outcome first.",
    "sign_in": "This token does not open the desk.",
    "role": "Your role does not allow this.",
    "text": "Write something first; 4,000 characters at the most.",
    "noted": "The note is kept.",
    "answered": "The customer finds your answer in the portal, and is written that it is there.",
    "offered": "The offer is on the customer's page.",
    "waiting": "That goes beyond your own limits: a second person must approve it.",
    "beyond_authority": "That goes beyond what the creditor allows anyone. Nothing was offered.",
    "own_offer": "Nobody approves their own offer.",
    "no_offer": "There is no authority for an offer here. Nothing was offered.",
    "agreed_already": "There is an agreement already. Nothing was offered.",
    "settled": "Nothing is owed any more. Nothing was offered.",
    "amount_changed": "The amount has changed since. Make the offer anew.",
    "expired": "That offer's time is over. Make it anew.",
    "unreadable_wish": "Fill in at least one field of the offer. Nothing was offered.",
    "wish_amount": "The amount must be above zero and not above what is owed.",
    "wish_date": "The first day must lie between today and a year from now.",
    "wish_count": "That number is not possible.",
    "wish_currency": "That currency does not fit the bill.",
}


def in_words(code: str) -> str:
    """A hand-off's reason; a name out of a playbook, such as `adviser_calls`, as it stands."""
    return _REASONS.get(code) or code.replace("_", " ").replace("-", " ").capitalize()
