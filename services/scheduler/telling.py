"""From decisions to facts on the log and orders to the messenger."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

from schemas.envelope import Envelope
from schemas.facts import (
    EventsKnown,
    OutreachCancelled,
    OutreachCompleted,
    OutreachEnrolled,
    OutreachStepDeferred,
    OutreachStepPlanned,
    OutreachStepSuppressed,
)
from services.runtime.unit_of_work import UnitOfWork
from services.scheduler import asking, metrics
from services.scheduler.model import (
    Cancelled,
    Completed,
    Deferred,
    Dispatched,
    Enrolled,
    Enrolment,
    LiftRefused,
    NoticeWanted,
    Outcome,
    PersonDue,
    Planned,
    Suppressed,
)
from services.scheduler.ordering import order
from services.scheduler.translate import cause_of, terms_of

_counter = lru_cache(1024)(metrics.OUTCOMES.labels)
_PLAIN = (Enrolled, Planned, Dispatched, PersonDue, NoticeWanted, LiftRefused)
"""Outcomes that need no reason."""


def tell(
    work: UnitOfWork,
    outcomes: Iterable[Outcome],
    cause: Envelope | None = None,
    read: Mapping[str, int] | None = None,
    events: EventsKnown | None = None,
) -> None:
    """Write each outcome to the log; order what is dispatched.

    cause: the message that led to them; without one (a step came due) it is the enrolment's
    command. read: how far this service had read when it decided (`UnitOfWork.positions`); an
    order says so. events: what it knew of customer events.
    """
    counted: Counter[tuple[str, str]] = Counter()
    for outcome in outcomes:
        _count(outcome, counted)
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
                order(work, outcome, read or {}, events)
            case PersonDue():
                asking.person(work, outcome)
            case NoticeWanted():
                asking.publisher(work, outcome)
            case LiftRefused():
                asking.operator(work, outcome)
            case Cancelled(enrolment, reason, step_ids, cause_event_id):
                work.fact(
                    "outreach.cancelled",
                    OutreachCancelled(
                        enrolment_id=enrolment.id,
                        reason=reason,
                        step_ids=step_ids,
                        cause_event_id=cause_event_id,
                        reenter=enrolment.reenter,
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
    for labels, number in counted.items():
        _counter(*labels).inc(number)


def _ended(enrolment: Enrolment) -> tuple[str, ...]:
    """What an end is known by: a choice, or a message that came back, may open an enrolment again
    that was complete."""
    chosen = (enrolment.chosen.name,) if enrolment.chosen else ()
    again = (f"reopened {enrolment.reopened}",) if enrolment.reopened else ()
    return (enrolment.id, *chosen, *again)


def _count(outcome: Outcome, counted: Counter[tuple[str, str]]) -> None:
    reason = "" if isinstance(outcome, _PLAIN) else outcome.reason
    counted[type(outcome).__name__.lower(), reason] += 1
    if isinstance(outcome, Dispatched):
        late = outcome.decided_at - outcome.step.due_at
        metrics.LATENESS_SECONDS.observe(late.total_seconds())
        counted["joined", ""] += len(outcome.joined)


def _enrolled(work: UnitOfWork, told: Enrolled, cause: Envelope | None) -> None:
    enrolment = told.enrolment
    # Not a model, nor are planned steps and orders: a trigger brings several, a storm thousands.
    # The tests read what leaves here back as the contract has it.
    work.fact(
        OutreachEnrolled.TYPE,
        {
            "enrolment_id": enrolment.id,
            "command_id": enrolment.cause.command_id,
            "playbook": enrolment.playbook,
            "playbook_version": enrolment.playbook_version,
            "segment": enrolment.segment,
            "tone": enrolment.tone,
            "purpose": enrolment.purpose,
            "obligation": terms_of(told.obligation),
            "offers": enrolment.offers,
            "trigger_event_id": enrolment.trigger.event_id,
            "continues": enrolment.continues,
            "reentry": enrolment.reentry,
        },
        subject=enrolment.customer,
        tenant=enrolment.tenant,
        cause=cause,
        key=(enrolment.id,),
    )


def _planned(work: UnitOfWork, told: Planned, cause: Envelope | None) -> None:
    step = told.step
    work.fact(
        OutreachStepPlanned.TYPE,
        {
            "step_id": step.id,
            "enrolment_id": step.enrolment_id,
            "step": step.plan.name,
            "due_at": step.due_at,
            "zones": told.zones,
            "instead_of": told.instead_of,
            "channel": step.plan.channel if told.instead_of else None,
            "hour": told.hour,
        },
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
    if step is not None:
        # A step that was suppressed, and moved by later terms, may be suppressed again.
        scope: tuple[str | int, ...] = (step.id, step.attempt, step.due_at.isoformat())
    else:
        scope = (told.playbook, told.obligation_id)
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
