"""Moving a payment of a plan that is kept: how far, how often, and never past the next one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from services.negotiator.model import Instalment, Progress, Refusal
from services.negotiator.model.terms import RestDay
from services.negotiator.rules.schedules import business_day


def reach(
    parts: Sequence[Instalment], reached: Progress, days: int, last_day: date
) -> tuple[date, date] | None:
    """First and last day to which the next payment may be put off; None where none may be.

    `last_day`: the last one that the agreement's authority allows.
    """
    if reached.completed or reached.kept >= len(parts):
        return None
    due = parts[reached.kept].due_date
    latest = min(due + timedelta(days=days), last_day)
    if reached.kept + 1 < len(parts):
        latest = min(latest, parts[reached.kept + 1].due_date - timedelta(days=1))
    first = due + timedelta(days=1)
    return (first, latest) if first <= latest else None


def move(
    parts: Sequence[Instalment],
    reached: Progress,
    to: date,
    within: tuple[date, date] | None,
    today: date,
    rest: RestDay,
) -> tuple[Instalment, ...] | Refusal:
    """The payments with the next one due on `to`, or on the business day after it.

    What was put off already cannot be pulled past its grace: only what is still to come moves.
    """
    if within is None or reached.kept >= len(parts) or parts[reached.kept].due_date < today:
        return Refusal.MOVED_ENOUGH
    day = business_day(to, rest)
    if not within[0] <= to <= day <= within[1]:
        return Refusal.MOVE_TOO_FAR
    moved = replace(parts[reached.kept], due_date=day)
    return (*parts[: reached.kept], moved, *parts[reached.kept + 1 :])
