"""What is told late of a matter that a person has taken over since: it is theirs all the same."""

from collections.abc import Iterator
from datetime import datetime

from services.scheduler.model import (
    Book,
    Customer,
    Enrolment,
    ExitRule,
    Heard,
    Outcome,
    StepState,
)
from services.scheduler.rules.ending import cancel, complete_if_done
from services.scheduler.rules.placing import suppress
from services.scheduler.rules.stops import KEPT_BY_PERSON, PERSON, Stop, exit_met


def taken_over(book: Book, begun: Enrolment, now: datetime) -> list[Outcome]:
    """End what has just begun as it would have ended, had its trigger been told in time.

    Whoever hands back lets it go on, as `continuing` has it.
    """
    told: list[Outcome] = []
    for rule, fact, met in _exits(book.customer(begun.tenant, begun.customer), begun):
        if not book.enrolments[begun.id].active:
            break
        if met.keep:
            told += keep_only(book, book.enrolments[begun.id], met, now)
        else:
            return [*told, cancel(book, begun, met.reason, fact, now, reenter=False, rule=rule)]
    return told


def is_kept(customer: Customer, one: Enrolment) -> bool:
    """Whether a person has taken the matter over since its trigger, and did not hand it back."""
    return any(rule == KEPT_BY_PERSON and not met.keep for rule, _, met in _exits(customer, one))


def keep_only(book: Book, enrolment: Enrolment, met: ExitRule, now: datetime) -> list[Outcome]:
    """Drop the steps that an exit does not keep."""
    dropped: list[Outcome] = [
        suppress(
            book, enrolment, step, Stop(met.reason, f"exit.{met.on}"), enrolment.playbook_version
        )
        for step in book.steps_of(enrolment.id)
        if step.state is StepState.PLANNED and step.plan.name not in met.keep
    ]
    return [*dropped, *complete_if_done(book, enrolment, now)]


def _exits(customer: Customer, begun: Enrolment) -> Iterator[tuple[str, str, ExitRule]]:
    """The rule by which a hand-off since the trigger ends it, its fact, and the exit that it meets;
    kept ones before open ones."""
    found = (
        *((one, KEPT_BY_PERSON) for one in customer.kept),
        *((one, PERSON) for one in customer.handoffs),
    )
    for handoff, rule in found:
        about = handoff.obligation_id in (None, begun.obligation_id)
        if not about or handoff.at is None or begun.trigger.time >= handoff.at:
            continue
        asked = Heard(
            begun.tenant,
            begun.customer,
            "handoff.requested",
            handoff.asked_by or handoff.id,
            handoff.at,
            {"handoff_id": handoff.id, "reason": handoff.reason},
            handoff.obligation_id,
        )
        met = exit_met(begun.exits, asked)
        if met is not None:
            yield rule, asked.id, met
