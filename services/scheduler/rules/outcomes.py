"""What the messenger says became of a dispatch."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from services.policy.model import Pack
from services.scheduler.model import Book, Deferred, Heard, Outcome, Reserved, Step, StepState
from services.scheduler.rules import going_on
from services.scheduler.rules.ending import complete_if_done
from services.scheduler.rules.holds import instant
from services.scheduler.rules.merging import survivor
from services.scheduler.rules.waiting import SENDING_STOPPED, is_paused
from services.scheduler.rules.ways import instead

MOST_ATTEMPTS = 5
FIRST_RETRY = timedelta(minutes=15)
"""Business time before the second attempt; doubled for each further one."""

_GAVE_WAY = frozenset({"merged", "cancelled"})
"""Why the messenger refuses what is on its way when its id gives way: it hears of that itself, or
that the enrolment was cancelled for it."""

_ENDS = {
    "message.sent": StepState.SENT,
    "message.unknown": StepState.UNKNOWN,
    "message.failed": StepState.FAILED,
    "message.refused": StepState.REFUSED,
    "message.left_out": StepState.REFUSED,
}


def follow(book: Book, heard: Heard, packs: Sequence[Pack], now: datetime) -> list[Outcome]:
    """End the steps, plan another attempt, or move their contact's instant to that of the check.

    What was sent, or may have been, stays a contact; what failed or was refused is none. A step
    that is left out ends as if it was refused, and the others' contact stays.
    """
    dispatch_id = str(heard.data.get("dispatch_id"))
    named = (heard.data.get("step_id"), *heard.data.get("joined", ()))
    steps = [
        step
        for step in map(book.steps.get, map(str, named))
        if step and step.dispatch_id == dispatch_id and step.state is StepState.DISPATCHED
    ]
    if steps and heard.type == "message.intended":
        return _counted_from(book, dispatch_id, instant(heard.data["checked_at"]) or now)
    return [told for step in steps for told in _ended(book, step, heard, packs, now)]


def _ended(
    book: Book, step: Step, heard: Heard, packs: Sequence[Pack], now: datetime
) -> list[Outcome]:
    if heard.type in ("message.failed", "message.refused"):
        owner = survivor(book, (step.tenant, step.customer))
        book.release(*owner, str(step.dispatch_id))
    not_sent = heard.type in ("message.failed", "message.refused", "message.left_out")
    if not_sent:
        retry = _retry(book, step, heard, now)
        if retry is not None:
            return [retry]
    ended = msgspec.structs.replace(step, state=_ENDS[heard.type], reason=heard.data.get("reason"))
    book.put(ended)
    again: list[Outcome] = [*instead(book, step, heard, now)]
    if not_sent and not again and (at := _goes_on_at(step, heard, now)) is not None:
        again = going_on.not_sent(book, ended, at, packs, now)
    return [*again, *complete_if_done(book, book.enrolments[step.enrolment_id], now)]


def _counted_from(book: Book, dispatch_id: str, at: datetime) -> list[Outcome]:
    one = book.reserved.get(dispatch_id)
    if one is not None:
        contact = msgspec.structs.replace(one.contact, at=at)
        book.put(Reserved(one.tenant, one.customer, dispatch_id, contact))
    return []


def _goes_on_at(step: Step, heard: Heard, now: datetime) -> datetime | None:
    """When it is tried under the id that stays, if it was under way when its id gave way."""
    if heard.data.get("reason") in _GAVE_WAY and step.attempt < MOST_ATTEMPTS:
        return now
    return _tried_again_at(step, heard, now)


def _tried_again_at(step: Step, heard: Heard, now: datetime) -> datetime | None:
    if not heard.data.get("retryable") or step.attempt >= MOST_ATTEMPTS:
        return None
    pause = FIRST_RETRY * 2 ** (step.attempt - 1)
    return max(instant(heard.data.get("not_before")) or now + pause, now)


def _retry(book: Book, step: Step, heard: Heard, now: datetime) -> Deferred | None:
    enrolment = book.enrolments[step.enrolment_id]
    due_at = _tried_again_at(step, heard, now)
    if due_at is None or due_at >= step.not_after or not enrolment.active:
        return None
    reason = str(heard.data["reason"])
    # Who resumes it brings it back at once, whatever the messenger had read by then.
    customer = book.customer(enrolment.tenant, enrolment.customer)
    waits = "paused" if is_paused(customer, enrolment, now) else None
    waits = SENDING_STOPPED if reason == SENDING_STOPPED else waits
    again = msgspec.structs.replace(
        step,
        state=StepState.PLANNED,
        attempt=step.attempt + 1,
        dispatch_id=None,
        due_at=due_at,
        reason=waits,
    )
    book.put(again)
    return Deferred(
        again,
        was=step.due_at,
        reason=reason,
        rule=str(heard.data.get("rule") or "retry"),
        rule_version=int(heard.data.get("rule_version") or 1),
    )
