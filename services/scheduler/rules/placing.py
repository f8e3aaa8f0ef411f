"""Each step of an enrolment at its instant, or ended, and why."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from services.policy.model import Pack, Zones
from services.scheduler.model import (
    Book,
    Deferred,
    Enrolment,
    Obligation,
    Outcome,
    Planned,
    Step,
    StepPlan,
    StepState,
    Suppressed,
)
from services.scheduler.rules import habits, own_hour, timing
from services.scheduler.rules.stops import Stop


def place_steps(
    book: Book,
    enrolment: Enrolment,
    obligation: Obligation,
    steps: list[Step],
    zones: Zones,
    packs: Sequence[Pack],
    now: datetime,
    not_before: datetime | None = None,
) -> list[Outcome]:
    """Give each step its instant, and say of each that gets none why.

    Of several whose instant has come already, only the last is kept: nothing is sent late in a
    heap. not_before: steps of an earlier instant are over, however long they would be valid.
    """
    customer = book.customer(enrolment.tenant, enrolment.customer)
    known = None
    if any(step.plan.own_hour for step in steps):
        known = habits.known(book, customer, enrolment)
    contacts = book.contacts_about(customer.key, obligation)

    def slot_of(plan: StepPlan) -> timing.Slot | None:
        given = plan, enrolment, obligation, zones, packs, now, book.spread
        return own_hour.slot(*given, known, contacts)

    slots = {step.id: slot_of(step.plan) for step in steps}
    come = [
        (place.planned_at, step.position)
        for step in steps
        if step.plan.by == "machine"
        and (place := slots[step.id]) is not None
        and place.planned_at <= now < place.not_after
        and (not_before is None or place.planned_at >= not_before)
    ]
    outcomes: list[Outcome] = []
    for step in steps:
        slot = slots[step.id]
        if slot is not None and not_before is not None and slot.planned_at < not_before:
            over = Stop("past", "not_made_up_for")
            outcomes.append(suppress(book, enrolment, step, over, 1))
        else:
            outcomes += _place_step(book, enrolment, step, slot, zones, come, now)
    return outcomes


def suppress(book: Book, enrolment: Enrolment, step: Step, stop: Stop, version: int) -> Suppressed:
    """End a step without contact, and say why. `version`: of the rule's pack."""
    ended = msgspec.structs.replace(step, state=StepState.SUPPRESSED, reason=stop.reason)
    book.put(ended)
    return Suppressed(
        tenant=enrolment.tenant,
        customer=enrolment.customer,
        playbook=enrolment.playbook,
        obligation_id=enrolment.obligation_id,
        reason=stop.reason,
        rule=stop.rule,
        rule_version=version,
        trigger_event_id=enrolment.trigger.event_id,
        enrolment_id=enrolment.id,
        step=ended,
    )


def _place_step(
    book: Book,
    enrolment: Enrolment,
    step: Step,
    slot: timing.Slot | None,
    zones: Zones,
    come: list[tuple[datetime, int]],
    now: datetime,
) -> list[Outcome]:
    if slot is None:
        return [suppress(book, enrolment, step, Stop("no_due_date", "anchor"), 1)]
    step = msgspec.structs.replace(
        step,
        state=StepState.PLANNED,
        reason=None,
        planned_at=slot.planned_at,
        due_at=slot.due_at or slot.planned_at,
        not_after=slot.not_after,
    )
    if max(now, slot.tried_at) >= slot.not_after:
        return [suppress(book, enrolment, step, Stop("past", "valid_for"), version=1)]
    overtaken = step.plan.by == "machine" and slot.planned_at <= now
    if overtaken and (slot.planned_at, step.position) < max(come):
        return [suppress(book, enrolment, step, Stop("superseded", "one_at_a_time"), version=1)]
    if slot.due_at is not None and slot.verdict.allowed:
        book.put(step)
        return [Planned(step, zones.names, hour=slot.hour)]
    refusal = Stop(slot.verdict.reason or "", slot.verdict.rule or "")
    version = slot.verdict.rule_version or 1
    if slot.due_at is None:
        return [suppress(book, enrolment, step, refusal, version)]
    book.put(step)
    first = Planned(
        msgspec.structs.replace(step, due_at=slot.tried_at), zones.names, hour=slot.hour
    )
    return [first, Deferred(step, slot.tried_at, refusal.reason, refusal.rule, version)]
