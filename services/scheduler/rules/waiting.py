"""What a step waits for without anybody knowing until when: a payment, a pause, a person."""

from datetime import datetime, timedelta
from typing import NamedTuple

from services.policy.handoffs import LOOKS_AGAIN, keeps_quiet
from services.scheduler.model import Customer, Enrolment, Obligation

SENDING_STOPPED = "sending_stopped"
"""Why a step waits while an operator has stopped sending."""
PENDING_PAYMENT_WAITS = timedelta(hours=24)
"""How long a step waits before it looks again whether a payment under way has come in."""


class Wait(NamedTuple):
    """Not now, and not before `until`, when it is looked at again; None: until it is told."""

    until: datetime | None
    reason: str
    rule: str


def waits(
    customer: Customer, enrolment: Enrolment, obligation: Obligation, by: str, now: datetime
) -> Wait | None:
    """What a step of the enrolment waits for at `now`. by: `machine` or `person`."""
    if customer.paused_until is not None and now < customer.paused_until:
        return Wait(customer.paused_until, "paused", "pause")
    if _waits_alone(enrolment, now):
        return Wait(enrolment.paused_until, "paused", "pause")
    if obligation.pending:
        return Wait(now + PENDING_PAYMENT_WAITS, "payment_pending", "obligation.pending")
    if by == "machine" and _person_cares(customer, enrolment):
        return Wait(now + LOOKS_AGAIN, "handoff", "handoff")
    return None


def rests_on_payments(enrolment: Enrolment, obligation: Obligation) -> bool:
    """Whether news that may be on its way could settle what a step is about.

    Then it is not told while customer events lag: nobody is reminded of what they have paid.
    What is only granted (a benefit) can be told all the same.
    """
    return enrolment.purpose == "collection" or obligation.kind != "benefit"


def still_waits(
    reason: str,
    customer: Customer,
    enrolment: Enrolment,
    obligation: Obligation,
    silenced: bool,
    now: datetime,
) -> bool:
    """Whether what a step was put off for lasts; True of what has an hour of its own (a cap).

    silenced: whether a hold keeps the machine silent.
    """
    if reason.startswith("hold:"):
        return silenced
    if reason.startswith("notice:"):
        return reason.removeprefix("notice:") not in obligation.notices
    match reason:
        case "paused":
            return is_paused(customer, enrolment, now)
        case "payment_pending":
            return obligation.pending
        case "handoff":
            return _person_cares(customer, enrolment)
        case _:
            return True


def is_paused(customer: Customer, enrolment: Enrolment, now: datetime) -> bool:
    """Whether an operator lets the customer wait, or this enrolment of theirs."""
    paused = customer.paused_until is not None and now < customer.paused_until
    return paused or _waits_alone(enrolment, now)


def _waits_alone(enrolment: Enrolment, now: datetime) -> bool:
    until = enrolment.paused_until
    return enrolment.paused and (until is None or now < until)


def _person_cares(customer: Customer, enrolment: Enrolment) -> bool:
    about = (enrolment.obligation_id,)
    others = (one for one in customer.handoffs if one.id != enrolment.answers)
    return any(keeps_quiet(one, about, enrolment.purpose) for one in others)
