"""When a promise is to be judged: after the grace of what is due next, at the customer's place."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.negotiator.model import DueNext, Instalment, Progress
from services.negotiator.rules.months import add_months

LOOKS_AGAIN = timedelta(hours=1)
"""Business time after which a promise that cannot be judged now is looked at again."""

# The day begins nowhere earlier than here, so nobody's grace is over before that.
_EARLIEST = timedelta(hours=14)


def due_next(
    instalments: Sequence[Instalment], reached: Progress, paid_minor: int
) -> DueNext | None:
    """What must be paid next, with all that was short before; None where nothing is owed.

    What the last instalment leaves short, within tolerance, has no next one to roll into: it is
    due a month later.
    """
    if reached.completed:
        return None
    if reached.kept < len(instalments):
        number, day = reached.kept, instalments[reached.kept].due_date
    else:
        number, day = len(instalments) - 1, add_months(instalments[-1].due_date, 1)
    due_by_then = sum(part.amount_minor for part in instalments[: number + 1])
    return DueNext(number + 1, day, due_by_then - paid_minor)


def over(due_date: date, grace: timedelta, zone: ZoneInfo) -> datetime:
    """The instant at which the grace of that due date is over: the end of a local day."""
    return datetime.combine(due_date + grace + timedelta(days=1), time(), zone).astimezone(UTC)


def first_look(due_date: date, grace: timedelta) -> datetime:
    """The earliest instant at which it may be over at any place."""
    return over(due_date, grace, ZoneInfo("UTC")) - _EARLIEST
