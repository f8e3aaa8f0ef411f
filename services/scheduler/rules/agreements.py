"""What an agreement plans: reminders of each instalment, and thanks once all is paid.

Nothing is paid that the negotiator has not told as kept: it alone knows what is near enough.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

import msgspec

from services.policy.model import Pack
from services.scheduler.model import (
    Agreement,
    Book,
    Enrolment,
    Heard,
    Instalment,
    Outcome,
    Step,
    StepPlan,
    StepState,
)
from services.scheduler.rules import planning
from services.scheduler.rules.ending import complete_if_done
from services.scheduler.rules.placing import suppress
from services.scheduler.rules.stops import Stop

_PAID = Stop("instalment_paid", "agreement.kept")
_MOVABLE = frozenset({"past", "superseded", "too_late", "hours", _PAID.reason})
"""Suppressions of a reminder that a later date, or money taken back, may undo."""


def spelled_out(plans: Sequence[StepPlan], agreement: Agreement | None) -> Iterator[StepPlan]:
    """The plans, those of instalments once for each instalment, in the order of their days."""
    if agreement is None:
        yield from plans
        return
    yield from (plan for plan in plans if plan.anchor != "instalment")
    reminders = [plan for plan in plans if plan.anchor == "instalment"]
    for number in range(1, len(agreement.instalments) + 1):
        for plan in reminders:
            yield msgspec.structs.replace(plan, name=f"{plan.name}_{number}", instalment=number)


def follow(
    book: Book, enrolment: Enrolment, heard: Heard, packs: Sequence[Pack], now: datetime
) -> list[Outcome]:
    """What a fact about its agreement changes for an active enrolment's reminders."""
    cared = after(enrolment, heard, now)
    before, known = enrolment.agreement, cared.agreement
    if before is None or known is None or known == before:
        return []
    book.put(cared)
    steps = [step for step in book.steps_of(cared.id) if step.plan.instalment is not None]
    paid = [
        suppress(book, cared, step, _PAID, 1)
        for step in steps
        if step.state is StepState.PLANNED and _number(step) <= known.kept
    ]
    changed = _changed(before, known)
    ahead = [step for step in steps if _number(step) in changed and _movable(step)]
    moved = planning.place_again(book, cared, ahead, packs, now)
    return [*paid, *moved, *complete_if_done(book, cared, now)]


def after(enrolment: Enrolment, heard: Heard, now: datetime) -> Enrolment:
    """The enrolment with its agreement as a fact about it leaves it."""
    known = enrolment.agreement
    if known is None or heard.data.get("agreement_id") != known.id:
        return enrolment
    return msgspec.structs.replace(enrolment, agreement=_learnt(known, heard, now))


def still_ahead(enrolment: Enrolment) -> set[str]:
    """Names of the steps that its agreement asks for as it stands: thanks, or reminders."""
    agreement = enrolment.agreement
    if agreement is None:
        return set()
    if agreement.completed_at is not None:
        return {plan.name for plan in enrolment.plans if plan.thanks}
    return {plan.name for plan in enrolment.plans if (plan.instalment or 0) > agreement.kept}


def _learnt(known: Agreement, heard: Heard, now: datetime) -> Agreement:
    match heard.type:
        case "agreement.kept":
            return msgspec.structs.replace(
                known, kept=max(known.kept, int(heard.data["instalment"]))
            )
        case "agreement.changed":
            return msgspec.structs.replace(known, instalments=_instalments(heard))
        case "agreement.reopened":
            kept = heard.data.get("kept")
            return msgspec.structs.replace(
                known, kept=known.kept if kept is None else int(kept), completed_at=None
            )
        case "agreement.completed":
            return msgspec.structs.replace(known, completed_at=now)
    return known


def _instalments(heard: Heard) -> tuple[Instalment, ...]:
    return tuple(
        Instalment(date.fromisoformat(part["due_date"]), part["amount_minor"])
        for part in heard.data["instalments"]
    )


def _changed(before: Agreement, after: Agreement) -> set[int]:
    """Numbers of the instalments to come whose reminders are elsewhere now, or due again."""
    parts = enumerate(zip(before.instalments, after.instalments, strict=True), start=1)
    moved = {number for number, (was, now) in parts if was.due_date != now.due_date}
    return {*moved, *range(after.kept + 1, before.kept + 1)} - set(range(after.kept + 1))


def _number(step: Step) -> int:
    return step.plan.instalment or 0


def _movable(step: Step) -> bool:
    return step.state is StepState.PLANNED or (
        step.state is StepState.SUPPRESSED and step.reason in _MOVABLE
    )
