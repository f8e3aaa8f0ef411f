"""Promise 8, as far as this version proves it: every fact keeps its contract.

That each decision has its reason is counted for information.
"""

from collections import defaultdict
from datetime import datetime

from rapport.audit import own_hours, wordings
from rapport.audit.history import History
from rapport.audit.verdict import Outcome
from schemas.facts import (
    CustomerHeldOut,
    CustomerSegmented,
    MessageIntended,
    OutreachCancelled,
    OutreachCompleted,
    OutreachDispatched,
    OutreachEnrolled,
    OutreachPersonDue,
    OutreachStepDeferred,
    OutreachStepJoined,
    OutreachStepPlanned,
    OutreachStepSuppressed,
)

TITLE = "Every contact and non-contact can be explained from the log (partly)"


def check(history: History) -> Outcome:
    """Report facts that break their contract, and count decisions without a visible outcome."""
    outcome = Outcome(8, TITLE)
    log = history.log
    outcome.checked = {
        "facts": len(log.facts),
        "trigger decisions": len(log.of(CustomerSegmented)),
        "planned steps": len({fact.data.step_id for fact in log.of(OutreachStepPlanned)}),
    }
    for fault in log.unreadable:
        outcome.violate("contract", f"a record breaks its contract: {fault.what}", fault)
    outcome.note("facts of a type unknown to this version", log.unknown)
    _triggers(history, outcome)
    _steps(history, outcome)
    _obligations(history, outcome)
    wordings.check(history, outcome)
    own_hours.check(history, outcome)
    return outcome


def _obligations(history: History, outcome: Outcome) -> None:
    """Each obligation of a message about several is that of a step which it carries out."""
    for intended in history.log.of(MessageIntended):
        data = intended.data
        if not history.joined.get(data.dispatch_id):
            continue
        enrolled = history.enrolments_of(intended)
        about = {fact.data.obligation.obligation_id for fact in enrolled}
        if about != set(data.obligation_ids) or len(enrolled) != 1 + len(data.joined):
            what = f"message {data.message_id} and its steps are about different obligations"
            outcome.violate("obligation-unexplained", what, intended, *enrolled)


def _triggers(history: History, outcome: Outcome) -> None:
    """A matched trigger ends in an enrolment, a suppression or a holdout."""
    log = history.log
    answered = {
        (f.tenant, f.data.playbook, f.data.trigger_event_id) for f in log.of(OutreachEnrolled)
    } | {
        (f.tenant, f.data.playbook, f.data.trigger_event_id or "")
        for f in log.of(OutreachStepSuppressed)
    }
    running = {
        (f.who, f.data.playbook, f.data.obligation.obligation_id) for f in log.of(OutreachEnrolled)
    }
    held_out = {(*fact.who, *_instead(fact.data)): fact for fact in log.of(CustomerHeldOut)}
    for enrolled in log.of(OutreachEnrolled):
        begun = (*enrolled.who, enrolled.data.playbook, enrolled.data.trigger_event_id)
        if (held := held_out.get(begun)) is not None:
            what = f"{enrolled.data.playbook} was begun for a customer held out of it"
            outcome.violate("held-out-yet-begun", what, held, enrolled)
    for fact in log.of(CustomerSegmented):
        data = fact.data
        upon = (fact.tenant, data.playbook, data.trigger_event_id)
        if not data.matched or (*fact.who, *upon[1:]) in held_out:
            continue
        if upon not in answered and (fact.who, data.playbook, data.obligation_id) not in running:
            outcome.note("matched triggers without an enrolment or a reason")


def _instead(data: CustomerHeldOut) -> tuple[str, str]:
    """The playbook that was not begun, and the event that would have begun it."""
    return data.instead_of or data.playbook or "", data.trigger_event_id or ""


def _steps(history: History, outcome: Outcome) -> None:
    """A planned step is dispatched, given to a person, suppressed, cancelled, or still ahead."""
    log = history.log
    due: dict[str, datetime] = {}
    of_enrolment: dict[str, str] = {}
    for planned in log.of(OutreachStepPlanned):
        due[planned.data.step_id] = planned.data.due_at
        of_enrolment[planned.data.step_id] = planned.data.enrolment_id
    for deferred in log.of(OutreachStepDeferred):
        due[deferred.data.step_id] = deferred.data.to_at
    settled: set[str] = {fact.data.step_id for fact in log.of(OutreachDispatched)}
    settled |= {fact.data.step_id for fact in log.of(OutreachPersonDue)}
    settled |= {fact.data.step_id for fact in log.of(OutreachStepJoined)}
    settled |= {fact.data.step_id for fact in log.of(OutreachStepSuppressed) if fact.data.step_id}
    ended: dict[str, bool] = defaultdict(bool)
    for cancelled in log.of(OutreachCancelled):
        settled |= set(cancelled.data.step_ids)
        ended[cancelled.data.enrolment_id] = True
    for completed in log.of(OutreachCompleted):
        ended[completed.data.enrolment_id] = True
    for step_id, at in due.items():
        if step_id in settled or ended[of_enrolment[step_id]]:
            continue
        if log.last_time is not None and at > log.last_time:
            outcome.flying("steps that are not due yet")
        else:
            outcome.note("due steps without a contact or a reason yet")
