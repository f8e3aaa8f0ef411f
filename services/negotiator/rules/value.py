"""What a plan is worth: present value, what is expected to come in, and how it weighs.

All of it in whole minor units and integers, so that anyone who works it out again finds the same.
"""

from collections.abc import Sequence
from datetime import date

from services.negotiator.model import Instalment, Plan
from services.negotiator.model.terms import WHOLE, Bounds, Scored

YEAR = 365
MONTH = 30
"""Days by which a plan's weight, and what is lost, are counted."""
# Payments that are so far apart on the average are monthly ones.
_SHORTEST_MONTH = 27


def present(amount_minor: int, days: int, yearly_rate_bp: int) -> int:
    """The present value of a payment: simple interest by days, rounded down."""
    year = YEAR * WHOLE
    return amount_minor * year // (year + yearly_rate_bp * max(0, days))


def least_payment(value_minor: int, days: int, yearly_rate_bp: int) -> int:
    """The least amount, paid then, that is worth so much now: the inverse of `present`."""
    year = YEAR * WHOLE
    return -(-value_minor * (year + yearly_rate_bp * max(0, days)) // year)


def npv(parts: Sequence[Instalment], today: date, yearly_rate_bp: int) -> int:
    """The present value of all payments."""
    return sum(
        present(part.amount_minor, (part.due_date - today).days, yearly_rate_bp) for part in parts
    )


def burden(parts: Sequence[Instalment]) -> int:
    """What the plan asks of a month at the most: more than the greatest payment where several
    fall within one, and never more than the whole.
    """
    greatest = max(part.amount_minor for part in parts)
    span = (parts[-1].due_date - parts[0].due_date).days
    gaps = len(parts) - 1
    if not gaps or span >= gaps * _SHORTEST_MONTH:
        return greatest
    return min(sum(part.amount_minor for part in parts), greatest * MONTH * gaps // span)


def score(plan: Plan, bounds: Bounds, today: date, monthly_minor: int | None) -> Scored:
    """What the plan is worth to the creditor, the concession already off.

    The longer something is waited for, the more is lost, by the matrix's own assumption; and of
    what asks more of a month than the customer says there is, only that share is expected.
    """
    worth = expected = 0
    span = WHOLE * MONTH
    for part in plan.instalments:
        days = (part.due_date - today).days
        value = present(part.amount_minor, days, bounds.yearly_rate_bp)
        worth += value
        expected += value * max(0, span - bounds.lost_bp_a_month * days) // span
    if monthly_minor is not None and (asked := burden(plan.instalments)) > monthly_minor:
        expected = expected * monthly_minor // asked
    return Scored(plan, worth, expected)
