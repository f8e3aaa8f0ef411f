"""From decisions to facts on the log and orders to the messenger."""

from collections.abc import Iterable, Mapping

import msgspec

from schemas.commands import (
    ChoiceTerms,
    Count,
    DispatchOrdered,
    DispatchPart,
    OfferAuthority,
    PackRef,
)
from schemas.commands import Place as PlaceTerms
from schemas.envelope import Envelope, make
from schemas.facts import (
    OutreachCancelled,
    OutreachCompleted,
    OutreachDispatched,
    OutreachEnrolled,
    OutreachPersonDue,
    OutreachStepDeferred,
    OutreachStepJoined,
    OutreachStepPlanned,
    OutreachStepSuppressed,
)
from schemas.topics import OUTREACH_DISPATCHES, OUTREACH_LOG
from services.playbooks.model import SEVERAL
from services.runtime.partitioning import lane
from services.runtime.unit_of_work import UnitOfWork
from services.scheduler import metrics
from services.scheduler.model import (
    Cancelled,
    Completed,
    Deferred,
    Dispatched,
    Enrolled,
    Enrolment,
    Joined,
    Outcome,
    PersonDue,
    Planned,
    Step,
    Suppressed,
)
from services.scheduler.rules.timing import place_of
from services.scheduler.translate import terms_of

_PLAIN = (Enrolled, Planned, Dispatched, PersonDue)
"""Outcomes that need no reason."""


def tell(
    work: UnitOfWork,
    outcomes: Iterable[Outcome],
    cause: Envelope | None = None,
    read: Mapping[str, int] | None = None,
) -> None:
    """Write each outcome to the log; order what is dispatched.

    cause: the message that led to them; without one (a step came due) it is the enrolment's
    command. read: how far this service had read when it decided (`UnitOfWork.positions`); an
    order says so.
    """
    for outcome in outcomes:
        _count(outcome)
        match outcome:
            case Enrolled():
                _enrolled(work, outcome, cause)
            case Planned():
                _planned(work, outcome, cause)
            case Deferred():
                _deferred(work, outcome, cause)
            case Suppressed():
                _suppressed(work, outcome, cause)
            case Dispatched():
                _dispatched(work, outcome, read or {})
            case PersonDue():
                _person_due(work, outcome)
            case Cancelled(enrolment, reason, step_ids, cause_event_id):
                work.fact(
                    "outreach.cancelled",
                    OutreachCancelled(
                        enrolment_id=enrolment.id,
                        reason=reason,
                        step_ids=step_ids,
                        cause_event_id=cause_event_id,
                    ),
                    subject=enrolment.customer,
                    tenant=enrolment.tenant,
                    cause=cause or cause_of(enrolment),
                    key=_ended(enrolment),
                )
            case Completed(enrolment, reason):
                work.fact(
                    "outreach.completed",
                    OutreachCompleted(enrolment_id=enrolment.id, reason=reason),
                    subject=enrolment.customer,
                    tenant=enrolment.tenant,
                    cause=cause or cause_of(enrolment),
                    key=_ended(enrolment),
                )


def _ended(enrolment: Enrolment) -> tuple[str, ...]:
    """What an end is known by: a choice may open an enrolment again that was complete."""
    return (enrolment.id, enrolment.chosen.name) if enrolment.chosen else (enrolment.id,)


def _count(outcome: Outcome) -> None:
    reason = "" if isinstance(outcome, _PLAIN) else outcome.reason
    metrics.OUTCOMES.labels(type(outcome).__name__.lower(), reason).inc()
    if isinstance(outcome, Dispatched):
        late = outcome.decided_at - outcome.step.due_at
        metrics.LATENESS_SECONDS.observe(late.total_seconds())


def cause_of(enrolment: Enrolment) -> Envelope:
    """The command behind an enrolment, as far as the chain of causes needs it."""
    return Envelope(
        specversion="1.0",
        id=enrolment.cause.command_id,
        source="/rapport/segmenter",
        type="outreach.requested",
        subject=enrolment.customer,
        time=enrolment.started_at,
        tenant=enrolment.tenant,
        traceparent=enrolment.cause.traceparent,
        correlationid=enrolment.cause.correlationid,
        data={},
    )


def _enrolled(work: UnitOfWork, told: Enrolled, cause: Envelope | None) -> None:
    enrolment = told.enrolment
    work.fact(
        "outreach.enrolled",
        OutreachEnrolled(
            enrolment_id=enrolment.id,
            command_id=enrolment.cause.command_id,
            playbook=enrolment.playbook,
            playbook_version=enrolment.playbook_version,
            segment=enrolment.segment,
            tone=enrolment.tone,
            purpose=enrolment.purpose,
            obligation=terms_of(told.obligation),
            offers=_offers(enrolment),
            trigger_event_id=enrolment.trigger.event_id,
        ),
        subject=enrolment.customer,
        tenant=enrolment.tenant,
        cause=cause,
        key=(enrolment.id,),
    )


def _planned(work: UnitOfWork, told: Planned, cause: Envelope | None) -> None:
    step = told.step
    work.fact(
        "outreach.step_planned",
        OutreachStepPlanned(
            step_id=step.id,
            enrolment_id=step.enrolment_id,
            step=step.plan.name,
            due_at=step.due_at,
            zones=told.zones,
        ),
        subject=step.customer,
        tenant=step.tenant,
        cause=cause,
        key=(step.id, step.due_at.isoformat(), cause.id if cause else ""),
    )


def _deferred(work: UnitOfWork, told: Deferred, cause: Envelope | None) -> None:
    step = told.step
    work.fact(
        "outreach.step_deferred",
        OutreachStepDeferred(
            step_id=step.id,
            enrolment_id=step.enrolment_id,
            step=step.plan.name,
            due_at=told.was,
            to_at=step.due_at,
            reason=told.reason,
            rule=told.rule,
            rule_version=told.rule_version,
        ),
        subject=step.customer,
        tenant=step.tenant,
        cause=cause,
        key=(step.id, told.was.isoformat(), step.due_at.isoformat(), cause.id if cause else ""),
    )


def _suppressed(work: UnitOfWork, told: Suppressed, cause: Envelope | None) -> None:
    step = told.step
    scope = (step.id, step.attempt) if step else (told.playbook, told.obligation_id)
    work.fact(
        "outreach.step_suppressed",
        OutreachStepSuppressed(
            step_id=step.id if step else None,
            enrolment_id=told.enrolment_id,
            playbook=told.playbook,
            step=step.plan.name if step else None,
            obligation_id=told.obligation_id,
            reason=told.reason,
            rule=told.rule,
            rule_version=told.rule_version,
            trigger_event_id=told.trigger_event_id,
        ),
        subject=told.customer,
        tenant=told.tenant,
        cause=cause,
        key=(*scope, told.reason, told.trigger_event_id, cause.id if cause else ""),
    )


def _dispatched(work: UnitOfWork, told: Dispatched, read: Mapping[str, int]) -> None:
    step, enrolment = told.step, told.enrolment
    packs = tuple(PackRef(name=name, version=version) for name, version in told.packs)
    counts = tuple(
        Count(rule=c.rule, limit=c.limit, window_hours=c.window_hours, count=c.count)
        for c in told.counts
    )
    dispatch_id = step.dispatch_id or ""
    cause = work.fact(
        "outreach.dispatched",
        OutreachDispatched(
            dispatch_id=dispatch_id,
            step_id=step.id,
            enrolment_id=enrolment.id,
            step=step.plan.name,
            attempt=step.attempt,
            decided_at=told.decided_at,
            packs=packs,
            counts=counts,
            zones=told.zones.names,
            joined=tuple(one.step.id for one in told.joined),
        ),
        subject=step.customer,
        tenant=step.tenant,
        cause=cause_of(enrolment),
        key=(dispatch_id,),
    )
    for one in told.joined:
        _joined(work, one, into=step)
    whole = (Joined(step, enrolment, told.obligation), *told.joined)
    order = DispatchOrdered(
        dispatch_id=dispatch_id,
        step_id=step.id,
        enrolment_id=enrolment.id,
        attempt=step.attempt,
        playbook=enrolment.playbook,
        playbook_version=enrolment.playbook_version,
        step=step.plan.name,
        template=SEVERAL if told.joined else step.plan.template,
        segment=enrolment.segment,
        tone=enrolment.tone,
        purpose=enrolment.purpose,
        channel=step.plan.channel,
        obligations=tuple(terms_of(one.obligation) for one in whole),
        context=enrolment.context,
        locale=told.customer.locale or enrolment.locale,
        place=_place(told),
        zones=told.zones.names,
        decided_at=told.decided_at,
        not_after=step.not_after,
        packs=packs,
        counts=counts,
        offers=_offers(enrolment),
        # A choice is made about one matter; a message about several offers none.
        choices=() if told.joined else _choices(enrolment),
        after=_after(told, read),
        parts=tuple(_part(one) for one in whole) if told.joined else (),
    )
    work.emit(
        OUTREACH_DISPATCHES,
        make(
            DispatchOrdered.TYPE,
            order,
            id=dispatch_id,
            source=f"/rapport/{work.service}",
            tenant=step.tenant,
            subject=step.customer,
            time=work.now,
            cause=cause,
        ),
    )


def _person_due(work: UnitOfWork, told: PersonDue) -> None:
    step, enrolment, customer = told.step, told.enrolment, told.customer
    product = told.obligation.product or enrolment.context.get("product")
    work.fact(
        "outreach.person_due",
        OutreachPersonDue(
            step_id=step.id,
            enrolment_id=enrolment.id,
            playbook=enrolment.playbook,
            playbook_version=enrolment.playbook_version,
            obligation_id=enrolment.obligation_id,
            reason=step.plan.name,
            segment=enrolment.segment,
            due_by=step.not_after,
            locale=customer.locale or enrolment.locale,
            tier=customer.tier,
            product=product if isinstance(product, str) else None,
            seniority=step.plan.seniority,
        ),
        subject=step.customer,
        tenant=step.tenant,
        cause=cause_of(enrolment),
        key=(step.id,),
    )


def _choices(enrolment: Enrolment) -> tuple[ChoiceTerms, ...]:
    """What may still be chosen: nothing, once a choice is made."""
    offered = () if enrolment.chosen else enrolment.choices
    return tuple(ChoiceTerms.model_validate(msgspec.structs.asdict(one)) for one in offered)


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


def _part(told: Joined) -> DispatchPart:
    return DispatchPart(
        step_id=told.step.id,
        enrolment_id=told.enrolment.id,
        step=told.step.plan.name,
        template=told.step.plan.template,
        obligation_id=told.obligation.id,
        context=told.enrolment.context,
        not_after=told.step.not_after,
    )


def _after(told: Dispatched, read: Mapping[str, int]) -> dict[str, int]:
    """What the decision rested on: the customer's events, and their lane of the log."""
    own = f"{OUTREACH_LOG}/{lane(told.step.customer)}"
    return told.customer.applied | ({own: read[own]} if own in read else {})


def _place(told: Dispatched) -> PlaceTerms:
    place = place_of(told.customer, told.enrolment)
    return PlaceTerms(
        timezone=place.timezone, country=place.country, region=place.region, city=place.city
    )


def _offers(enrolment: Enrolment) -> OfferAuthority | None:
    return OfferAuthority.model_validate(enrolment.offers) if enrolment.offers else None
