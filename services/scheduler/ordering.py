"""From a decision to dispatch to its facts on the log and its order to the messenger."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from schemas.commands import DispatchOrdered
from schemas.facts import EventsKnown, OutreachDispatched, OutreachStepJoined
from schemas.topics import OUTREACH_DISPATCHES, OUTREACH_LOG
from services.playbooks.model import SEVERAL
from services.runtime.partitioning import lane
from services.runtime.unit_of_work import UnitOfWork
from services.scheduler.model import ChoiceTerms, Dispatched, Enrolment, Joined, Place, Step
from services.scheduler.rules.timing import place_of
from services.scheduler.translate import cause_of, terms_of


def order(
    work: UnitOfWork,
    told: Dispatched,
    read: Mapping[str, int],
    events: EventsKnown | None = None,
) -> None:
    """Tell that a step, and those that go with it, are ordered; and order them.

    read: how far this service had read when it decided; events: what it knew of. Not models: in
    a storm this is most of what a step costs. The tests read what leaves here back as the
    contract has it.
    """
    step, enrolment = told.step, told.enrolment
    rested_on: dict[str, Any] = {
        "dispatch_id": step.dispatch_id or "",
        "step_id": step.id,
        "enrolment_id": enrolment.id,
        "step": step.plan.name,
        "attempt": step.attempt,
        "decided_at": told.decided_at,
        "packs": _packs(told.packs),
        "counts": told.counts,
        "zones": told.zones.names,
    }
    dispatch_id = rested_on["dispatch_id"]
    cause = work.fact(
        OutreachDispatched.TYPE,
        {
            **rested_on,
            "joined": [one.step.id for one in told.joined],
            "events": events and events.model_dump(),
        },
        subject=step.customer,
        tenant=step.tenant,
        cause=cause_of(enrolment),
        key=(dispatch_id,),
    )
    for one in told.joined:
        _joined(work, one, into=step)
    whole = (Joined(step, enrolment, told.obligation), *told.joined)
    ordered = {
        **rested_on,
        "playbook": enrolment.playbook,
        "playbook_version": enrolment.playbook_version,
        "template": SEVERAL if told.joined else step.plan.template,
        "segment": enrolment.segment,
        "tone": enrolment.tone,
        "purpose": enrolment.purpose,
        "channel": step.plan.channel,
        "obligations": [_terms(one) for one in whole],
        "context": _context(whole[0]),
        "locale": told.customer.locale or enrolment.locale,
        "place": _place(place_of(told.customer, enrolment)),
        "not_after": step.not_after,
        "offers": enrolment.offers,
        # A choice is made about one matter; a message about several offers none.
        "choices": () if told.joined else _choices(enrolment),
        "after": _after(told, read),
        "parts": [_part(one) for one in whole] if told.joined else (),
        "agreement": _agreement(whole[0]),
        "answers": enrolment.answers,
    }
    work.say(
        OUTREACH_DISPATCHES,
        DispatchOrdered.TYPE,
        ordered,
        id=dispatch_id,
        subject=step.customer,
        tenant=step.tenant,
        cause=cause,
    )


@lru_cache(1024)
def _packs(named: tuple[tuple[str, int], ...]) -> Sequence[Mapping[str, str | int]]:
    return [{"name": name, "version": version} for name, version in named]


@lru_cache(4096)
def _place(place: Place) -> Mapping[str, Any]:
    return msgspec.structs.asdict(place)


def _joined(work: UnitOfWork, told: Joined, into: Step) -> None:
    step = told.step
    work.fact(
        "outreach.step_joined",
        OutreachStepJoined(
            step_id=step.id,
            enrolment_id=step.enrolment_id,
            step=step.plan.name,
            attempt=step.attempt,
            obligation_id=told.obligation.id,
            dispatch_id=into.dispatch_id or "",
            into_step_id=into.id,
            due_at=step.due_at,
        ),
        subject=step.customer,
        tenant=step.tenant,
        cause=cause_of(told.enrolment),
        key=(step.id, step.attempt),
    )


def _part(told: Joined) -> dict[str, Any]:
    return {
        "step_id": told.step.id,
        "enrolment_id": told.enrolment.id,
        "step": told.step.plan.name,
        "template": told.step.plan.template,
        "obligation_id": told.obligation.id,
        "context": _context(told),
        "not_after": told.step.not_after,
    }


def _terms(told: Joined) -> dict[str, Any]:
    """What the message is about: of an agreement, the one instalment, or the whole of it."""
    terms, agreement = terms_of(told.obligation), told.enrolment.agreement
    if agreement is None:
        return terms
    number = told.step.plan.instalment
    if number is None:
        return {**terms, "amount_minor": sum(one.amount_minor for one in agreement.instalments)}
    due = agreement.instalments[number - 1]
    return {**terms, "amount_minor": due.amount_minor, "due_date": due.due_date}


def _context(told: Joined) -> dict[str, Any]:
    agreement, number = told.enrolment.agreement, told.step.plan.instalment
    if agreement is None:
        return told.enrolment.context
    counted = {"instalments": len(agreement.instalments)}
    if number is not None:
        counted["instalment"] = number
    return {**told.enrolment.context, **counted}


def _agreement(told: Joined) -> dict[str, Any] | None:
    cares = told.enrolment.agreement
    if cares is None:
        return None
    return {"agreement_id": cares.id, "instalment": told.step.plan.instalment}


def _choices(enrolment: Enrolment) -> tuple[ChoiceTerms, ...]:
    """What may still be chosen: nothing, once a choice is made."""
    return () if enrolment.chosen else enrolment.choices


def _after(told: Dispatched, read: Mapping[str, int]) -> dict[str, int]:
    """What the decision rested on: the customer's events, and their lane of the log."""
    own = f"{OUTREACH_LOG}/{lane(told.step.customer)}"
    return told.customer.applied | ({own: read[own]} if own in read else {})
