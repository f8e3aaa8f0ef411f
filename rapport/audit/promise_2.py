"""Promise 2: a step is sent at most once; each dispatch ends sent, failed, refused or unknown."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rapport.audit import IN_FLIGHT_SECONDS
from rapport.audit.history import End, History
from rapport.audit.log import Fact
from rapport.audit.verdict import Outcome
from schemas.common import Typed
from schemas.facts import (
    AgreementBroken,
    AgreementCompleted,
    AgreementMade,
    AgreementReopened,
    MessageBounced,
    MessageFailed,
    MessageIntended,
    MessageRefused,
    MessageSent,
    MessageUnknown,
    OutreachCancelled,
    OutreachDispatched,
    OutreachEnrolled,
    OutreachStepPlanned,
)

TITLE = "A step is sent at most once, and every dispatch comes to an end"

_MayHaveGone = Fact[MessageSent] | Fact[MessageUnknown] | Fact[MessageIntended]


def check(history: History, in_flight_seconds: float = IN_FLIGHT_SECONDS) -> Outcome:
    """Follow every dispatch from its order over its intent to its one end."""
    outcome = Outcome(2, TITLE)
    intents: dict[str, list[Fact[MessageIntended]]] = defaultdict(list)
    for intended in history.log.of(MessageIntended):
        intents[intended.data.dispatch_id].append(intended)
    known = [*history.dispatches, *intents, *history.ends]
    outcome.checked = {
        "dispatches": len(history.dispatches),
        "messages intended": len(history.log.of(MessageIntended)),
        "steps": len(
            {step for fact in history.log.of(OutreachDispatched) for step in steps_of(fact)}
        ),
    }
    recent = history.log.ends - in_flight_seconds
    for dispatch_id in dict.fromkeys(known):
        one = _Dispatch(
            dispatch_id,
            history.dispatches.get(dispatch_id, ()),
            intents.get(dispatch_id, ()),
            history.ends.get(dispatch_id, ()),
        )
        _ordered(one, recent, outcome)
        _intended(one, outcome)
        _ended(one, recent, outcome)
        _each_step_ended(one, history, outcome)
    _sent_once(history, outcome)
    _instead(history, outcome)
    return outcome


class _Dispatch:
    """Everything the log says of one dispatch."""

    def __init__(
        self,
        dispatch_id: str,
        orders: Sequence[Fact[OutreachDispatched]],
        intents: Sequence[Fact[MessageIntended]],
        ends: Sequence[End],
    ) -> None:
        self.id = dispatch_id
        self.orders = orders
        self.intents = intents
        self.ends = ends

    @property
    def facts(self) -> list[Fact[Typed]]:
        return [*self.orders, *self.intents, *self.ends]

    def is_recent(self, since: float) -> bool:
        return max(fact.written for fact in self.facts) >= since


def _ordered(one: _Dispatch, recent: float, outcome: Outcome) -> None:
    if len(one.orders) > 1:
        outcome.violate("dispatched-twice", f"dispatch {one.id} was ordered twice", *one.orders)
    elif not one.orders:
        if one.is_recent(recent):
            outcome.flying("orders not yet in the log")
        else:
            outcome.violate("not-dispatched", f"nobody ordered dispatch {one.id}", *one.facts)
    ordered = {step for fact in one.orders for step in steps_of(fact)}
    told = {step for fact in (*one.intents, *one.ends) for step in steps_of(fact)}
    leads: Sequence[Fact[Any]] = one.orders or one.facts
    if len({fact.data.step_id for fact in leads}) > 1 or (one.orders and not told <= ordered):
        what = f"dispatch {one.id} is about other steps than were ordered"
        outcome.violate("step-differs", what, *one.facts)


def _intended(one: _Dispatch, outcome: Outcome) -> None:
    if len(one.intents) > 1:
        what = f"dispatch {one.id} was intended {len(one.intents)} times"
        outcome.violate("intended-twice", what, *one.intents)
    messages = {fact.data.message_id for fact in one.intents}
    for end in one.ends:
        if isinstance(end.data, MessageRefused) or end.data.message_id is None:
            continue
        if not one.intents:
            what = f"message {end.data.message_id} has an end but was never intended"
            outcome.violate("not-intended", what, *one.orders, end)
        elif end.data.message_id not in messages:
            what = f"dispatch {one.id} ends with another message than was intended"
            outcome.violate("message-differs", what, *one.intents, end)


def _ended(one: _Dispatch, recent: float, outcome: Outcome) -> None:
    if len(one.ends) > 1:
        kinds = ", ".join(end.type.removeprefix("message.") for end in one.ends)
        outcome.violate(
            "ended-twice", f"dispatch {one.id} ended more than once: {kinds}", *one.ends
        )
    elif not one.ends:
        if one.is_recent(recent):
            outcome.flying("dispatches without an end yet")
        else:
            what = f"dispatch {one.id} never ended sent, failed, refused or unknown"
            outcome.violate("no-end", what, *one.facts)


def _each_step_ended(one: _Dispatch, history: History, outcome: Outcome) -> None:
    """Of a message about several steps, each one goes with it or is left out, with a reason."""
    joined, left = history.joined.get(one.id, ()), history.left_out.get(one.id, ())
    ordered = {step for fact in one.orders for step in steps_of(fact)}
    own = {fact.data.step_id for fact in one.orders}
    if {fact.data.step_id for fact in joined} != ordered - own:
        if one.ends:
            what = f"dispatch {one.id} and the steps that join it name different ones"
            outcome.violate("joined-differs", what, *one.orders, *joined)
        else:
            outcome.flying("dispatches whose joining steps are not yet in the log")
    if not left and not joined:
        return
    without = {fact.data.step_id for fact in left}
    going = {step for fact in one.intents for step in steps_of(fact)}
    if without & going or not without <= ordered:
        what = f"dispatch {one.id} leaves out a step that went with it, or was not in it"
        outcome.violate("left-out-wrongly", what, *left, *one.intents)
    for end in one.ends:
        if lost := ordered - without - set(steps_of(end)):
            names = ", ".join(sorted(lost))
            what = f"dispatch {one.id} ended without saying what became of {names}"
            outcome.violate("step-lost", what, *one.orders, *left, end)


def steps_of(fact: Fact[Any]) -> tuple[str, ...]:
    """The steps that a fact about a dispatch or its message is about, its own first."""
    return (fact.data.step_id, *fact.data.joined)


def _sent_once(history: History, outcome: Outcome) -> None:
    """Of each step at most one message may have gone: sent, unknown, or intended and silent."""
    log = history.log
    silent = [one for one in log.of(MessageIntended) if not history.ends.get(one.data.dispatch_id)]
    may_have_gone: list[_MayHaveGone] = [*log.of(MessageSent), *log.of(MessageUnknown), *silent]
    gone: dict[str, list[_MayHaveGone]] = defaultdict(list)
    for fact in may_have_gone:
        for step in steps_of(fact):
            gone[step].append(fact)
    for step_id, facts in gone.items():
        messages = {fact.data.message_id for fact in facts}
        if len(messages) > 1:
            kinds = ", ".join(sorted(fact.type.removeprefix("message.") for fact in facts))
            what = f"step {step_id} may have gone more than once: {kinds}"
            outcome.violate("step-twice", what, *sorted(facts, key=lambda fact: fact.order))
    _once_under_all_ids(history, gone, outcome)


def _once_under_all_ids(
    history: History, gone: Mapping[str, Sequence[_MayHaveGone]], outcome: Outcome
) -> None:
    """What goes on under another id repeats nothing that may have gone under the former one.

    What an agreement brings about may come again after the next one.
    """
    went: dict[tuple[str, str], list[_MayHaveGone]] = defaultdict(list)
    names: dict[str, set[str]] = defaultdict(set)
    ended = {fact.data.enrolment_id: fact for fact in history.log.of(OutreachCancelled)}
    for step in {fact.data.step_id: fact for fact in history.log.of(MessageIntended)}.values():
        if step.data.step_id in gone:
            went[step.data.enrolment_id, step.data.step] += gone[step.data.step_id]
            names[step.data.enrolment_id].add(step.data.step)
    for again in history.enrolments.values():
        for before in _before_under_all_ids(history, again, ended):
            for name in sorted(names[again.data.enrolment_id] & names[before.data.enrolment_id]):
                last = max(went[before.data.enrolment_id, name], key=lambda fact: fact.order)
                first = min(went[again.data.enrolment_id, name], key=lambda fact: fact.order)
                if last.order < first.order and not _agreed_between(history, again, last, first):
                    what = f"step {name} of {again.data.playbook} went again under another id"
                    outcome.violate("step-twice", what, last, first)


def _before_under_all_ids(
    history: History,
    again: Fact[OutreachEnrolled],
    ended: Mapping[str, Fact[OutreachCancelled]],
) -> Iterator[Fact[OutreachEnrolled]]:
    """What went before it under the ids that are one by then, and may not begin again."""
    former = list(_under_another_id(history, again))
    yield from former
    if not former or again.data.reentry != "never":
        return
    ids = {again.who, *(one.who for one in former)}
    seen = {again.data.enrolment_id, *(one.data.enrolment_id for one in former)}
    for one in history.enrolments.values():
        if one.who not in ids or one.data.enrolment_id in seen or one.order > again.order:
            continue
        over = ended.get(one.data.enrolment_id)
        if _same_matter(one, again) and (over is None or over.data.reenter is False):
            yield one


def _same_matter(one: Fact[OutreachEnrolled], again: Fact[OutreachEnrolled]) -> bool:
    """Whether both are of one playbook about one obligation, whose due date is no later since."""
    before, now = one.data.obligation, again.data.obligation
    later = before.due_date and now.due_date and now.due_date > before.due_date
    return (
        one.data.playbook == again.data.playbook
        and (before.kind, before.obligation_id) == (now.kind, now.obligation_id)
        and not later
    )


def _under_another_id(
    history: History, again: Fact[OutreachEnrolled]
) -> Iterator[Fact[OutreachEnrolled]]:
    """The enrolments under other ids whose place it takes, directly or by others."""
    seen: set[str] = set()
    one = history.enrolments.get(again.data.continues or "")
    while one is not None and one.data.enrolment_id not in seen:
        seen.add(one.data.enrolment_id)
        if one.who != again.who:
            yield one
        one = history.enrolments.get(one.data.continues or "")


def _agreed_between(
    history: History, again: Fact[OutreachEnrolled], last: _MayHaveGone, first: _MayHaveGone
) -> bool:
    about = again.tenant, again.data.obligation.obligation_id
    words = [
        *history.log.of(AgreementMade),
        *history.log.of(AgreementBroken),
        *history.log.of(AgreementReopened),
        *history.log.of(AgreementCompleted),
    ]
    return any(
        (fact.tenant, fact.data.obligation_id) == about and last.order < fact.order < first.order
        for fact in words
    )


def _instead(history: History, outcome: Outcome) -> None:
    """What takes another step's place by the next channel: only of what never reached anybody."""
    log = history.log
    lost: dict[str, int] = {}
    ended: list[Fact[MessageFailed] | Fact[MessageRefused]] = [
        *log.of(MessageFailed),
        *log.of(MessageRefused),
    ]
    gone = [fact for fact in ended if not fact.data.retryable]
    back = [fact for fact in log.of(MessageBounced) if fact.data.kind == "hard"]
    for fact in (*gone, *back):
        for step in steps_of(fact):
            lost.setdefault(step, fact.order)
    taken: dict[str, Fact[OutreachStepPlanned]] = {}
    for planned in log.of(OutreachStepPlanned):
        before = planned.data.instead_of
        if before is None:
            continue
        if lost.get(before, planned.order) >= planned.order:
            what = f"step {planned.data.step_id} repeats {before}, which was not known to be lost"
            outcome.violate("sent-again", what, planned)
        first = taken.setdefault(before, planned)
        if first.data.step_id != planned.data.step_id:
            what = f"two steps take the place of {before}"
            outcome.violate("sent-again", what, first, planned)
