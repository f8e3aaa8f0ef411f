"""Whether terms may be agreed: every way in which a plan goes beyond its bounds."""

from collections.abc import Iterator
from datetime import timedelta

from services.negotiator.model import Plan
from services.negotiator.model.terms import Breach, Circumstances
from services.negotiator.rules.value import npv

STARTS_WITHIN = timedelta(days=45)
"""The first payment is due by then: the next payday, and the days of rest after it."""


def breaches(plan: Plan, given: Circumstances) -> tuple[Breach, ...]:
    """How the plan goes beyond the bounds; empty where it may be agreed.

    Its sums are exact and its dates rise, from today on: whoever built it has seen to that.
    """
    return tuple(_breaches(plan, given))


def _breaches(plan: Plan, given: Circumstances) -> Iterator[Breach]:
    bounds, parts = given.bounds, plan.instalments
    if plan.discount_minor > bounds.max_discount_minor:
        yield Breach.DISCOUNT
    if len(parts) > bounds.max_instalments:
        yield Breach.INSTALMENTS
    least = min(part.amount_minor for part in parts)
    if len(parts) > 1 and least < bounds.min_instalment_minor:
        yield Breach.LEAST_INSTALMENT
    if parts[-1].due_date > given.last_day:
        yield Breach.TOO_LONG
    if parts[0].due_date > given.today + STARTS_WITHIN:
        yield Breach.STARTS_LATE
    if npv(parts, given.today, bounds.yearly_rate_bp) < bounds.min_npv_minor:
        yield Breach.PRESENT_VALUE
