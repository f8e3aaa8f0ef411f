"""Why was a customer, or wasn't, contacted at an instant?"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime
from sqlmodel import Session

from services.policy.model import Pack
from services.runtime.context import Context
from services.runtime.ids import derive
from services.scheduler import explaining, reading
from services.scheduler.api.shared import (
    CustomerRef,
    OfTenant,
    Reader,
    answer,
    may_see,
    problems,
    shown_hold,
    text,
    unknown,
)
from services.scheduler.model import Book
from services.scheduler.rules import holds, merging
from services.scheduler.rules.explaining import Contact, Decision, Story, Told
from services.scheduler.tables import TimelineRow
from services.scheduler.translate import heard_again

MOST_DECISIONS = 50
_EXAMPLE = {
    "customer": "c-7f3a91",
    "at": "2026-03-05T20:30:00Z",
    "contacted": False,
    "sentence": "Not yet: recover first about b-77 was deferred to 2026-03-06T08:00:00Z: hours "
    "(default/hours v5, House rule; in force with this version of the pack).",
    "contacts": [],
    "decisions": [
        {
            "outcome": "deferred",
            "playbook": "recover",
            "obligation_id": "b-77",
            "step": "first",
            "reason": "hours",
            "rule": {
                "rule": "default/hours",
                "version": 5,
                "citation": "House rule",
                "status": "house",
                "verified": True,
                "in_force": "with this version of the pack",
            },
            "would_change": "The permitted hours begin at the customer's place.",
        }
    ],
}


def routes(context: Context, packs: Sequence[Pack]) -> APIRouter:
    """`/customers/{id}/explain`."""
    api = APIRouter(tags=["customers"])

    @api.get(
        "/customers/{customer}/explain",
        responses=problems(s404="No event or command has named this customer.") | answer(_EXAMPLE),
    )
    def explain(
        caller: Reader,
        customer: CustomerRef,
        tenant: OfTenant = "default",
        at: Annotated[
            AwareDatetime | None, Query(description="The instant that is asked about; now.")
        ] = None,
        obligation: Annotated[str | None, Query(description="Only about this one.")] = None,
    ) -> dict[str, Any]:
        """Why the customer was contacted in the hour up to an instant, or why not.

        decisions: what held then of each playbook about each obligation, with the rule that
        decided, its source, the facts that show it, and what would have to change. known: what
        was known of the customer then. All is told from the log alone, as of that instant, and
        under all ids that gave way to this one by now.
        """
        may_see(caller, tenant)
        asked = at or context.clock.now()
        with Session(context.engine) as session:
            if (row := reading.customer(session, tenant, customer)) is None:
                raise unknown("customer")
            rows = reading.facts_until(session, tenant, reading.ids_of(row), asked)
        story = Story(map(_told, rows))
        contacts = [one for one in story.contacts(asked) if _about(one, obligation)]
        decisions = [
            one for one in story.decisions(asked) if obligation in (None, one.obligation_id)
        ][:MOST_DECISIONS]
        return {
            "tenant": tenant,
            "customer": customer,
            "at": text(asked),
            "contacted": bool(contacts),
            "sentence": _summary(contacts, decisions, packs),
            "contacts": [_contact(one) for one in contacts],
            "decisions": [_decision(one, packs) for one in decisions],
            "known": _known(tenant, customer, rows, packs, asked),
        }

    return api


def _about(contact: Contact, obligation: str | None) -> bool:
    return obligation is None or obligation in contact.intended.data["obligation_ids"]


def _summary(
    contacts: Sequence[Contact], decisions: Sequence[Decision], packs: Sequence[Pack]
) -> str:
    if contacts:
        return explaining.contact_sentence(contacts[-1])
    if decisions:
        return explaining.sentence(decisions[0], explaining.cite(decisions[0], packs))
    return "Not contacted: until then no event had led any playbook to begin."


def _contact(contact: Contact) -> dict[str, Any]:
    data = contact.intended.data
    shown = (
        "message_id",
        "playbook",
        "playbook_version",
        "step",
        "channel",
        "purpose",
        "tone",
        "obligation_ids",
        "zones",
        "packs",
        "counts",
        "applied_through",
    )
    return {
        "at": text(contact.intended.at),
        "outcome": contact.outcome,
        **{name: data.get(name) for name in shown},
        "sentence": explaining.contact_sentence(contact),
        "evidence": explaining.evidence(contact.evidence),
    }


def _decision(decision: Decision, packs: Sequence[Pack]) -> dict[str, Any]:
    cited = explaining.cite(decision, packs)
    return {
        "outcome": decision.outcome,
        "at": text(decision.at),
        "playbook": decision.playbook,
        "playbook_version": decision.playbook_version,
        "enrolment_id": decision.enrolment_id,
        "obligation_id": decision.obligation_id,
        "step": decision.step,
        "step_id": decision.step_id,
        "next_at": text(decision.to_at),
        "reason": decision.reason,
        "rule": asdict(cited) if cited else None,
        "sentence": explaining.sentence(decision, cited),
        "would_change": explaining.would_change(decision),
        "evidence": explaining.evidence(decision.evidence),
    }


def _known(
    tenant: str,
    customer: str,
    rows: Sequence[TimelineRow],
    packs: Sequence[Pack],
    at: datetime,
) -> dict[str, Any]:
    """What the facts up to then say of the customer, by the rules that the scheduler learns by."""
    book = Book(derive)
    for row in rows:
        merging.take_in(book, heard_again(tenant, row.customer, row))
    known = book.customer(tenant, customer)
    return {
        "timezone": known.place.timezone,
        "country": known.place.country,
        "region": known.place.region,
        "paused_until": text(known.paused_until),
        "holds": [shown_hold(one) for one in holds.standing(known, packs, at)],
        "refused": sorted(
            f"{one.channel}/{one.purpose}"
            for one in (*known.consents, *known.preferences)
            if one.status != "granted"
        ),
        "with_a_person": [
            {"reason": h.reason, "obligation_id": h.obligation_id} for h in known.handoffs
        ],
        "merged_into": known.merged_into,
    }


def _told(row: TimelineRow) -> Told:
    return Told(row.fact_id, row.at, row.type, row.data)
