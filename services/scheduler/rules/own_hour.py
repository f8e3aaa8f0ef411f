"""The hour of its day at which a step goes out, where the playbook leaves it open.

Rules say which hours there are; habits choose among them.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from services.policy import gate
from services.policy.model import Contact, Pack, Zones
from services.policy.places import applying, zone
from services.scheduler.model import Enrolment, HourChoice, Obligation, StepPlan
from services.scheduler.rules import timing
from services.scheduler.rules.habits import Known, ranking
from services.scheduler.rules.spreading import spread
from services.scheduler.rules.timing import Slot

_HOUR = timedelta(hours=1)


def slot(
    plan: StepPlan,
    enrolment: Enrolment,
    obligation: Obligation,
    zones: Zones,
    packs: Sequence[Pack],
    now: datetime,
    window: timedelta = timedelta(0),
    known: Known | None = None,
    contacts: Sequence[Contact] = (),
) -> Slot | None:
    """`timing.slot`, at the hour of its day at which the customer is likeliest to answer.

    known: of the customer's hours; None: the playbook's stand. The step keeps its day and its end;
    what rules have moved off its day stays where they moved it.
    """
    usual = timing.slot(plan, enrolment, obligation, zones, packs, now, window, contacts)
    if usual is None or usual.due_at is None or known is None:
        return usual
    day = _local(usual.planned_at, zones).date()
    if not plan.own_hour or _local(usual.due_at, zones).date() != day:
        return usual
    rules = (*applying(packs, zones), *known.wishes)
    approach = timing.approach_of(plan, enrolment, obligation)
    opens = timing.earliest(plan, enrolment, now, usual.not_after)

    def fits(at: datetime, hour: int) -> bool:
        return (
            opens <= at < usual.not_after
            and _local(at, zones).hour == hour
            and all(at.astimezone(zone(name)).date() == day for name in zones.names)
            and _within_due_day(plan, obligation, zones, at)
            and gate.check(at, zones, rules, approach, contacts).allowed
        )

    def begins(hour: int) -> datetime:
        """Its beginning, or now where it has begun."""
        at = timing.reached(day, f"{hour:02}:00", zones.names)
        return max(at, opens) if at + _HOUR > opens else at

    hour = _choose(known, _local(usual.due_at, zones).hour, lambda one: fits(begins(one), one))
    if hour.wanted == hour.usual or hour.arm == "control":
        return usual._replace(hour=hour)
    due_at = spread(
        begins(hour.wanted),
        window,
        (enrolment.tenant, enrolment.customer),
        usual.not_after,
        lambda at: fits(at, hour.wanted),
    )
    return usual._replace(tried_at=due_at, due_at=due_at, verdict=gate.ALLOWED, hour=hour)


def _choose(known: Known, usual: int, fits: Callable[[int], bool]) -> HourChoice:
    """The likeliest of the hours that fit, of which the usual one is always one."""
    by, hours = ranking(known, usual)
    wanted = next(hour for hour in hours if hour == usual or fits(hour))
    return HourChoice(usual, wanted, by, known.arm, known.propensity)


def _local(at: datetime, zones: Zones) -> datetime:
    """What the clocks show in the zone where it is earliest."""
    return min(at.astimezone(zone(name)).replace(tzinfo=None) for name in zones.names)


def _within_due_day(plan: StepPlan, obligation: Obligation, zones: Zones, at: datetime) -> bool:
    """Whether a step's day that counts from the due date isn't over where that is due."""
    if plan.anchor != "due" or obligation.due_date is None:
        return True
    day = obligation.due_date + timedelta(days=plan.days)
    ends_there = obligation.due_timezone
    return ends_there in zones.names or not timing.is_over(day, at, ends_there)
