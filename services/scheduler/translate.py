"""Between messages and the scheduler's values."""

from datetime import timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Any

from pydantic import TypeAdapter

from schemas.commands import ChoiceTerms as Choice
from schemas.commands import ExitRule as Exit
from schemas.commands import ObligationTerms, OutreachRequested, PlannedStep
from schemas.facts import EventApplied
from services.runtime.ids import derive
from services.runtime.messages import Incoming
from services.runtime.unit_of_work import Link
from services.scheduler.model import (
    Agreement,
    Cause,
    ChoiceTerms,
    Command,
    Enrolment,
    ExitRule,
    Heard,
    Instalment,
    Obligation,
    Place,
    StepPlan,
    Trigger,
)
from services.scheduler.rules.agreements import spelled_out
from services.scheduler.rules.planning import first_id
from services.scheduler.tables import TimelineRow

_duration = TypeAdapter(timedelta).validate_python
_TERMS = tuple(sorted(ObligationTerms.model_fields.keys() - {"obligation_id"}))
_terms = attrgetter(*_TERMS)
_evidence = attrgetter(*Place.__struct_fields__)


def command_of(message: Incoming, data: OutreachRequested) -> Command:
    """The order to enrol that an `outreach.requested` is."""
    event = message.event
    tenant, customer = event.tenant, message.key
    terms = data.obligation
    agreement = _agreement_of(data)
    return Command(
        tenant=tenant,
        customer=customer,
        terms=_obligation_of(tenant, terms),
        enrolment=Enrolment(
            tenant=tenant,
            customer=customer,
            id=first_id(derive, (tenant, customer), data.playbook, terms.kind, terms.obligation_id),
            playbook=data.playbook,
            playbook_version=data.playbook_version,
            purpose=data.purpose,
            segment=data.segment,
            tone=data.tone,
            obligation_id=terms.obligation_id,
            obligation_kind=terms.kind,
            consolidate=data.consolidate,
            reentry=data.reentry,
            answers=data.answers,
            cause=Cause(event.id, event.traceparent, event.correlationid),
            trigger=Trigger(
                data.trigger.event_id, data.trigger.event_type, data.trigger.event_time
            ),
            started_at=event.time,
            plans=tuple(spelled_out(_plans_of(data.steps), agreement)),
            agreement=agreement,
            exits=_exits_of(data.exits),
            choices=_choices_of(data.choices),
            context=dict(data.context),
            offers=data.offers.model_dump(mode="json") if data.offers else None,
            locale=data.locale,
            place=Place(*_evidence(data.place)),
        ),
    )


def heard_of(message: Incoming) -> Heard:
    """The fact; of an `event.applied`, the customer event that it tells of."""
    event, data = message.event, message.data
    if isinstance(data, EventApplied):
        at = data.position
        return Heard(
            tenant=event.tenant,
            customer=message.key,
            type=data.event_type,
            id=data.event_id,
            time=data.event_time,
            data=data.data,
            obligation_id=data.obligation_id,
            stale=data.effect == "stale_version",
            old=data.effect == "old",
            position=(f"{at.topic}/{at.partition}", at.offset),
            source=data.event_source,
        )
    return Heard(
        tenant=event.tenant,
        customer=message.key,
        type=event.type,
        id=event.id,
        time=event.time,
        data=event.data,
        obligation_id=event.data.get("obligation_id"),
    )


def heard_again(tenant: str, customer: str, row: TimelineRow) -> Heard:
    """The fact of a timeline as it was heard, to tell what was known at some time."""
    if row.type != EventApplied.TYPE:
        about = row.data.get("obligation_id")
        return Heard(tenant, customer, row.type, row.fact_id, row.at, row.data, about)
    event = EventApplied.model_validate(row.data)
    return Heard(
        tenant,
        customer,
        event.event_type,
        event.event_id,
        event.event_time,
        event.data,
        event.obligation_id,
        stale=event.effect == "stale_version",
        source=event.event_source,
    )


def terms_of(obligation: Obligation) -> dict[str, Any]:
    """The obligation as it stands, in the form of the contract's `ObligationTerms`."""
    return {
        "obligation_id": obligation.id,
        **dict(zip(_TERMS, _terms(obligation), strict=True)),
    }


def cause_of(enrolment: Enrolment) -> Link:
    """The command behind an enrolment, as far as the chain of causes needs it."""
    cause = enrolment.cause
    return Link(cause.command_id, cause.correlationid, cause.traceparent)


def _obligation_of(tenant: str, terms: ObligationTerms) -> Obligation:
    given = dict(zip(_TERMS, _terms(terms), strict=True))
    return Obligation(tenant, terms.obligation_id, **given)


def _agreement_of(data: OutreachRequested) -> Agreement | None:
    if data.agreement is None:
        return None
    parts = (Instalment(one.due_date, one.amount_minor) for one in data.agreement.instalments)
    return Agreement(data.agreement.agreement_id, tuple(parts))


# Of each playbook a few, whoever the customer is.
@lru_cache(1024)
def _plans_of(steps: tuple[PlannedStep, ...]) -> tuple[StepPlan, ...]:
    return tuple(
        StepPlan(
            name=step.name,
            anchor=step.anchor,
            days=step.days,
            valid_for=_duration(step.valid_for),
            template=step.template,
            channel=step.channel,
            channels=step.channels,
            at=step.at,
            by=step.by,
            choice=step.choice,
            seniority=step.seniority,
            own_hour=step.own_hour,
        )
        for step in steps
    )


@lru_cache(1024)
def _exits_of(exits: tuple[Exit, ...]) -> tuple[ExitRule, ...]:
    return tuple(ExitRule(e.on, e.reason, e.when, e.keep) for e in exits)


@lru_cache(1024)
def _choices_of(choices: tuple[Choice, ...]) -> tuple[ChoiceTerms, ...]:
    return tuple(ChoiceTerms(c.name, c.does, c.request, c.keep, c.seniority) for c in choices)
