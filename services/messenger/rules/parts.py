"""What a message about several obligations leaves out. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from services.messenger.model import Customer, Obligation, Order, Part, Refuse
from services.messenger.rules.check import refusals
from services.policy.model import Pack


def left_out(
    order: Order,
    parts: Sequence[Part],
    customer: Customer,
    obligations: Mapping[str, Obligation],
    packs: Sequence[Pack],
    now: datetime,
) -> dict[str, Refuse]:
    """By step: why it must not be said, judged as if it were all there is to say.

    Where that holds for each, the first part is kept: its refusal is the message's own.
    """
    found = {}
    for part in parts:
        judged = refusals(_alone(order, part), customer, obligations, packs, now)
        if (refusal := next(judged, None)) is not None:
            found[part.step_id] = refusal
    if found and len(found) == len(parts):
        del found[parts[0].step_id]
    return found


def _alone(order: Order, part: Part) -> Order:
    return replace(
        order,
        obligation_ids=(part.obligation_id,),
        not_after=part.not_after,
        cancelled=part.cancelled,
        pause=part.pause,
    )
