"""What a one-tap answer does to its enrolment. The first one counts."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from services.policy.model import Pack
from services.scheduler.model import (
    Book,
    ChoiceTerms,
    Chosen,
    Enrolment,
    EnrolmentStatus,
    Heard,
    Outcome,
    StepState,
)
from services.scheduler.rules.ending import cancel, complete_if_done
from services.scheduler.rules.placing import suppress
from services.scheduler.rules.planning import plan_chosen
from services.scheduler.rules.stops import Stop


def choose(book: Book, heard: Heard, packs: Sequence[Pack], now: datetime) -> list[Outcome]:
    """Take in a `choice.made`: end what was planned, then stop, or plan what it brings about.

    An enrolment whose steps are all done is opened again by a choice that plans steps. To one
    that was cancelled, a choice does nothing here: the negotiator still hears of it.
    """
    enrolment = _meant(book, heard)
    terms = _terms(enrolment, heard) if enrolment else None
    if enrolment is None or terms is None:
        return []
    enrolment = msgspec.structs.replace(enrolment, chosen=Chosen(terms.name, heard.time))
    book.put(enrolment)
    if terms.does == "stop":
        if not enrolment.active:
            return []
        return [cancel(book, enrolment, terms.name, heard.id, now, reenter=False, rule="choice")]
    overtaken = Stop(f"choice:{terms.name}", "choice")
    told: list[Outcome] = [
        suppress(book, enrolment, step, overtaken, enrolment.playbook_version)
        for step in book.steps_of(enrolment.id)
        if step.state is StepState.PLANNED and step.plan.name not in terms.keep
    ]
    if terms.does == "steps":
        enrolment = _opened(book, enrolment)
        told += plan_chosen(book, enrolment, packs, now)
    return [*told, *complete_if_done(book, enrolment, now)]


def _meant(book: Book, heard: Heard) -> Enrolment | None:
    """The enrolment that is spoken of, or the one that has taken its place."""
    named = book.enrolments.get(str(heard.data["enrolment_id"]))
    if named is None or named.active:
        return named
    customer = book.customer(named.tenant, named.customer)
    owners = (named.customer, customer.merged_into or named.customer)
    for other in (one for who in owners for one in book.of_customer((named.tenant, who))):
        same = (other.playbook, other.obligation_key) == (named.playbook, named.obligation_key)
        if other.active and same:
            return other
    return named


def _terms(enrolment: Enrolment, heard: Heard) -> ChoiceTerms | None:
    """What is chosen, if that counts still."""
    if enrolment.chosen is not None or enrolment.status is EnrolmentStatus.CANCELLED:
        return None
    name = heard.data["choice"]
    return next((choice for choice in enrolment.choices if choice.name == name), None)


def _opened(book: Book, enrolment: Enrolment) -> Enrolment:
    if enrolment.active:
        return enrolment
    again = msgspec.structs.replace(
        enrolment, status=EnrolmentStatus.ACTIVE, reason=None, ended_at=None
    )
    book.put(again)
    return again
