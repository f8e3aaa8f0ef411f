"""Answers a customer's own proposal at once: accepted, countered, or handed to a person.

A counter is one of the plans nearest to the wish that may be agreed, so both sides move. None is
worse for the customer than what they were offered before, all of which stays open. The rounds are
counted, so the talk ends.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from services.negotiator.model import Plan
from services.negotiator.model.terms import (
    Accepted,
    Answer,
    Circumstances,
    Countered,
    Every,
    HandedOver,
    Stated,
    Wish,
)
from services.negotiator.rules import plans, wishes
from services.negotiator.rules.plans import plan_of, split
from services.negotiator.rules.schedules import days
from services.negotiator.rules.terms import breaches
from services.negotiator.rules.value import burden

MOST_COUNTERS = 3


def answer(
    wish: Wish,
    given: Circumstances,
    *,
    offered: Sequence[Plan],
    rounds: int,
    most_rounds: int,
    may_ask: bool,
) -> Answer:
    """What the wish is answered with.

    `offered`: all that the customer was offered before and can still have. `rounds`: proposals of
    this talk that were countered so far; after `most_rounds` of them a person answers. `may_ask`:
    saying what they can manage would let more be agreed.
    """
    wished = wishes.plan(wish, given)
    beyond = breaches(wished, given)
    if not beyond:
        return Accepted(wished)
    if rounds >= most_rounds:
        return HandedOver(wished, beyond)
    near = nearest(wished, wish, given, offered)
    if not near:
        return HandedOver(wished, beyond)
    return Countered(wished, beyond, near, may_ask)


def more(wish: Wish | None, given: Circumstances) -> tuple[Plan, ...]:
    """What may be offered once the customer has said what they can manage, the best fit first.

    The last wish itself is among it, where it may now be agreed.
    """
    found = [scored.plan for scored in plans.choose(given)]
    if wish is not None:
        wished = wishes.plan(wish, given)
        if not breaches(wished, given):
            found.insert(0, replace(wished, name="as-wished"))
    return tuple(found)


def nearest(
    wished: Plan, wish: Wish, given: Circumstances, offered: Sequence[Plan]
) -> tuple[Plan, ...]:
    """Up to MOST_COUNTERS plans that may be agreed, nearest first, what was offered among them."""
    found: dict[tuple[object, ...], Plan] = {}
    for plan in offered:
        found[shape(plan)] = plan
    for plan in _candidates(wished, wish, given):
        if not breaches(plan, given) and not any(is_worse(plan, one) for one in offered):
            found.setdefault(shape(plan), plan)
    near = sorted(found.values(), key=lambda plan: distance(plan, wished))
    return tuple(near[:MOST_COUNTERS])


def is_worse(plan: Plan, before: Plan) -> bool:
    """Whether `before` leaves the customer better off in every respect, and in one of them truly:
    what is paid in all, what it asks of a month, how much first, and how soon.
    """
    ours, theirs = _weight(plan), _weight(before)
    return ours != theirs and all(mine >= old for mine, old in zip(ours, theirs, strict=True))


def distance(plan: Plan, wished: Plan) -> int:
    """How far a plan is from the wish, in thousandths: sum, weight, number, first day."""
    total, weight = plan.total_minor, burden(plan.instalments)
    wanted_weight = burden(wished.instalments)
    first = plan.instalments[0].due_date - wished.instalments[0].due_date
    return (
        # A sum that is higher by a tenth matters as much as a month that is dearer by a half.
        5_000 * max(0, total - wished.total_minor) // max(1, wished.total_minor)
        + 1_000 * max(0, weight - wanted_weight) // max(1, wanted_weight)
        + 10 * abs(len(plan.instalments) - len(wished.instalments))
        + 5 * abs(first.days)
    )


def shape(plan: Plan) -> tuple[object, ...]:
    """What makes two plans the same to whoever pays them."""
    return plan.total_minor, plan.instalments


def _weight(plan: Plan) -> tuple[int, int, int, int]:
    first = plan.instalments[0]
    # Sooner is worse, so the day counts downward.
    return (
        plan.total_minor,
        burden(plan.instalments),
        first.amount_minor,
        -first.due_date.toordinal(),
    )


def _candidates(wished: Plan, wish: Wish, given: Circumstances) -> Iterator[Plan]:
    """Plans that keep as much of the wish as may be, and those that anyone is offered."""
    yield wished
    if given.last_day < given.today:
        return
    bounds = given.bounds
    first = plans.reachable(wished.instalments[0].due_date, given)
    total = max(wished.total_minor, bounds.balance_minor - bounds.max_discount_minor)
    every = Every.MONTH if wish.every is Every.ONCE else wish.every
    wanted = len(wished.instalments)
    longest = _longest(total, every, given)
    for sum_ in dict.fromkeys((total, bounds.balance_minor)):
        for count in dict.fromkeys((min(wanted, longest), longest)):
            dates = days(first, every, count, given.rest, wish.payday or given.stated.payday)
            amounts = split(sum_, count)
            yield plan_of(f"counter-{every}-{count}", bounds.balance_minor, amounts, dates)
    if wish.each_minor is not None:
        yield from _of_that_size(wish, given)
    yield plans.at_once(given, first)
    for scored in plans.choose(given):
        yield scored.plan
    if given.stated.payday is None and wish.payday is not None:
        own = replace(given, stated=Stated(given.stated.need, None, wish.payday))
        for scored in plans.choose(own):
            yield replace(scored.plan, name=f"payday-{scored.plan.name}")


def _of_that_size(wish: Wish, given: Circumstances) -> Iterator[Plan]:
    """All of the balance in payments of the size wished for, or of the least one allowed."""
    each = max(wish.each_minor or 0, given.bounds.min_instalment_minor)
    whole = replace(wish, each_minor=each, total_minor=None, count=None)
    found = wishes.plan(whole, given)
    yield replace(found, name=f"counter-each-{wish.every}-{len(found.instalments)}")
    parts = found.instalments
    if len(parts) > 2 and parts[-1].amount_minor < parts[0].amount_minor:
        # The small rest at the end goes into the payment before it.
        amounts = [part.amount_minor for part in parts[:-2]]
        amounts.append(parts[-2].amount_minor + parts[-1].amount_minor)
        dates = [part.due_date for part in parts[:-1]]
        name = f"counter-rest-{wish.every}-{len(dates)}"
        yield plan_of(name, given.bounds.balance_minor, amounts, dates)


def _longest(total: int, every: Every, given: Circumstances) -> int:
    """The most payments that count and least instalment allow; dates are checked with the rest."""
    bounds = given.bounds
    by_size = total // max(1, bounds.min_instalment_minor)
    step = {Every.WEEK: 7, Every.FORTNIGHT: 14}.get(every, 31)
    by_days = max(1, (given.last_day - given.today).days - plans.FIRST_PAYMENT_DAYS) // step + 1
    return max(1, min(bounds.max_instalments, by_size, by_days))
