"""What a playbook passes on to people and to the publisher: choices, and steps for a person."""

from schemas.envelope import Envelope
from schemas.facts import ChoiceMade, HandoffNeeds, OutreachPersonDue
from services.negotiator.handlers import people, requests
from services.runtime.ids import derive
from services.runtime.unit_of_work import UnitOfWork

OURS = frozenset({"person", "request"})
"""What choices do that is the negotiator's to do."""


def follow(work: UnitOfWork, event: Envelope, made: ChoiceMade) -> None:
    """Ask a person, or the publisher, as the customer chose. The customer must be locked."""
    if made.does == "person":
        needs = HandoffNeeds(language=made.locale, product=made.product, seniority=made.seniority)
        people.open_for(work, event, people.Wanted(made.obligation_id or "", made.choice, needs))
    elif made.does == "request" and made.request is not None:
        # Asked already, by another choice or in the portal: one answer will do.
        who, about = (event.tenant, event.subject), made.obligation_id or ""
        if requests.is_waiting(work, *who, about, made.request):
            return
        requests.make(
            work,
            *who,
            about,
            made.request,
            {"choice": made.choice, "playbook": made.playbook},
            request_id=derive("request", event.tenant, made.enrolment_id, made.choice),
            cause=event,
        )


def hand_over(work: UnitOfWork, event: Envelope, due: OutreachPersonDue) -> None:
    """Ask a person to see to a step. The customer must be locked."""
    needs = HandoffNeeds(
        language=due.locale, product=due.product, seniority=due.seniority, tier=due.tier
    )
    wanted = people.Wanted(due.obligation_id or "", due.reason, needs, due.due_by)
    people.open_for(work, event, wanted)
