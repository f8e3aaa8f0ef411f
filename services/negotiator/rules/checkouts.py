"""What may be paid on the page, and what a payment leaves of a bill. Pure."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from services.negotiator.model import Instalment, Progress
from services.negotiator.rules.promises import due_next


class What(StrEnum):
    """What a customer pays at once: the payment that is next, all that is left, or a bill."""

    INSTALMENT = "instalment"
    REST = "rest"
    BILL = "bill"


def of_agreement(
    parts: Sequence[Instalment], reached: Progress, paid_minor: int
) -> Mapping[What, int]:
    """Amounts that may be paid under an agreement: the next with what was short, and the rest."""
    due = due_next(parts, reached, paid_minor)
    rest = sum(part.amount_minor for part in parts) - paid_minor
    if due is None or rest <= 0:
        return {}
    if due.short_minor >= rest:
        return {What.REST: rest}
    return {What.INSTALMENT: due.short_minor, What.REST: rest}


def left(remaining_minor: int, under_way: Sequence[int], amount_minor: int) -> int:
    """What remains of a bill after a payment, those under way counted too; never less than 0."""
    return max(0, remaining_minor - sum(under_way) - amount_minor)
