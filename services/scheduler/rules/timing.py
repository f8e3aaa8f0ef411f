"""When a step is due, by the playbook and by the rules of the place."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from services.policy import gate
from services.policy.model import Approach, Contact, Pack, Verdict, Zones
from services.policy.places import applying, candidate_zones, canonical_zone, zone
from services.policy.wall_time import instant_of
from services.scheduler.model import (
    Customer,
    Enrolment,
    HourChoice,
    Obligation,
    Place,
    StepPlan,
)
from services.scheduler.rules.spreading import spread

WITHIN = timedelta(hours=1)
"""Business time. What falls due so soon after a step goes out with it; and what answers an event
rests for so long, so that what comes together is told together."""


class Slot(NamedTuple):
    """A step's instant by the playbook, the first one that hours and caps permit, and its end.

    tried_at: the instant that was judged first. verdict: what moved it, if anything. due_at None:
    no instant is permitted in time. hour: how its hour was chosen, where that is left open.
    """

    planned_at: datetime
    tried_at: datetime
    due_at: datetime | None
    not_after: datetime
    verdict: Verdict
    hour: HourChoice | None = None


def place_of(customer: Customer, enrolment: Enrolment) -> Place:
    """Where the customer is by what was told of it; else, if nothing ever was, by the command.

    A place that was taken back is unknown, whatever a command said before.
    """
    return customer.place if customer.placed or customer.place.known else enrolment.place


def rests_until(plan: StepPlan, enrolment: Enrolment) -> datetime:
    """Before this instant the step does not go out of itself.

    What counts from a due date has its day and does not rest.
    """
    answers = plan.by == "machine" and plan.anchor == "trigger" and enrolment.consolidate
    return enrolment.started_at + WITHIN if answers else enrolment.started_at


def earliest(plan: StepPlan, enrolment: Enrolment, now: datetime, not_after: datetime) -> datetime:
    """The first instant at which the step may still go out: now, or when it has rested."""
    rested = rests_until(plan, enrolment)
    return rested if now < rested < not_after else now


def zones_of(customer: Customer, enrolment: Enrolment, obligation: Obligation) -> Zones:
    """Every zone in which the customer may be."""
    return candidate_zones(place_of(customer, enrolment), obligation.due_timezone)


def approach_of(plan: StepPlan, enrolment: Enrolment, obligation: Obligation) -> Approach:
    """The contact that a step would be, as the policy packs see it."""
    return Approach(
        enrolment.purpose,
        plan.channel,
        frozenset((obligation.actor_role,)),
        (obligation.id,),
        answers=enrolment.answers is not None,
    )


def slot(
    plan: StepPlan,
    enrolment: Enrolment,
    obligation: Obligation,
    zones: Zones,
    packs: Sequence[Pack],
    now: datetime,
    window: timedelta = timedelta(0),
    contacts: Sequence[Contact] = (),
) -> Slot | None:
    """When `plan` is due; None where its anchor, the due date, is unknown.

    Hours and caps are judged here, by the contacts made or on their way, and again when the step is
    claimed and sent; neither binds a person's step, which contacts nobody by itself. What is on
    its way may come to nothing: then the step goes later than it need, never too soon. Requires at
    least one zone. packs: all that are loaded. window: over which instants that lie ahead are
    spread.
    """
    planned_at = planned_instant(plan, enrolment, obligation, zones)
    if planned_at is None:
        return None
    not_after = min([planned_at + plan.valid_for, *_ends(obligation, zones)])
    tried = max(planned_at, earliest(plan, enrolment, now, not_after))
    if plan.by == "person":
        due_at = tried if tried < not_after else None
        return Slot(planned_at, tried, due_at, not_after, gate.ALLOWED)
    applied = applying(packs, zones)
    approach = approach_of(plan, enrolment, obligation)
    verdict = gate.check(tried, zones, applied, approach, contacts)
    due_at = tried if verdict.allowed else verdict.not_before
    if due_at is not None and due_at >= not_after:
        due_at = None
    if due_at is not None and due_at > now:

        def permitted(at: datetime) -> bool:
            return gate.check(at, zones, applied, approach, contacts).allowed

        due_at = spread(
            due_at, window, (enrolment.tenant, enrolment.customer), not_after, permitted
        )
    return Slot(planned_at, tried, due_at, not_after, verdict)


def planned_instant(
    plan: StepPlan, enrolment: Enrolment, obligation: Obligation, zones: Zones
) -> datetime | None:
    """The instant by the playbook alone, in UTC.

    Days are the customer's local dates; where the place is uncertain, the instant at which the
    time has come in all of them. A day that counts from the due date ends when it ends in the
    due date's own timezone: east of the customer, the step moves to the day before.
    """
    if plan.anchor == "due":
        if obligation.due_date is None:
            return None
        day = obligation.due_date + timedelta(days=plan.days)
        instant = _latest(day, plan, zones)
        if obligation.due_timezone in zones.names or not is_over(
            day, instant, obligation.due_timezone
        ):
            return instant
        return _latest(day - timedelta(days=1), plan, zones)
    if plan.instalment is not None and enrolment.agreement is not None:
        due = enrolment.agreement.instalments[plan.instalment - 1].due_date
        return _latest(due + timedelta(days=plan.days), plan, zones)
    began = _day_zero(plan, enrolment)
    if began is None:
        return None
    days = [began.astimezone(zone(name)).date() for name in zones.names]
    instant = _latest(max(days) + timedelta(days=plan.days), plan, zones)
    return max(instant, began.astimezone(UTC)) if plan.days == 0 else instant


def _day_zero(plan: StepPlan, enrolment: Enrolment) -> datetime | None:
    if plan.anchor == "choice":
        return enrolment.chosen.at if enrolment.chosen else None
    if plan.thanks:
        return enrolment.agreement.completed_at if enrolment.agreement else None
    return enrolment.broken_at if plan.anchor == "broken" else enrolment.trigger.time


def _ends(obligation: Obligation, zones: Zones) -> list[datetime]:
    """When there is no more to tell: the end of a benefit's last day, wherever it ends first."""
    if obligation.kind != "benefit" or obligation.due_date is None:
        return []
    after = obligation.due_date + timedelta(days=1)
    return [instant_of(after, 0, zone(name)) for name in zones.names]


def _latest(day: date, plan: StepPlan, zones: Zones) -> datetime:
    return reached(day, plan.at or "00:00", zones.names)


@lru_cache(16_384)
def reached(day: date, at: str, names: tuple[str, ...]) -> datetime:
    """When it is that time of that day in each of the zones. Many customers share the answer."""
    hours, _, minutes = at.partition(":")
    minute = int(hours) * 60 + int(minutes)
    return max(instant_of(day, minute, zone(name)) for name in names)


@lru_cache(16_384)
def is_over(day: date, instant: datetime, due_timezone: str | None) -> bool:
    """Whether the day has ended where the due date counts."""
    name = canonical_zone(due_timezone)
    return name is not None and instant.astimezone(zone(name)).date() > day
