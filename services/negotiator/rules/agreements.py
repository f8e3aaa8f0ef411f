"""How far an agreement has been kept."""

from collections.abc import Sequence

from services.negotiator.model import Instalment, Progress


def progress(
    instalments: Sequence[Instalment], paid_minor: int, tolerance_percent: int
) -> Progress:
    """Where `paid_minor`, paid since the agreement was made, brings it.

    An instalment counts as kept once all before it and `tolerance_percent` of itself are paid. What
    is short stays owed and so rolls into the next one: only the whole sum completes the agreement.
    """
    kept = due = 0
    for part in instalments:
        if (paid_minor - due) * 100 < part.amount_minor * tolerance_percent:
            break
        due += part.amount_minor
        kept += 1
    return Progress(kept, paid_minor >= sum(part.amount_minor for part in instalments))
