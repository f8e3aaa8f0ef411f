"""What begins again when what ended it is undone: a payment taken back, a promise not kept, a
person who hands back. Holds end nothing that begins again after them. What is kept to its end is
thanked for.

A new enrolment takes the place of the one that ended, with the steps that were still to come; the
messenger has been told to send none of the old one's, and keeps to that.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from services.policy.handoffs import HANDS_BACK, keeps_quiet
from services.policy.model import Pack
from services.scheduler.model import (
    Book,
    Customer,
    Enrolment,
    EnrolmentStatus,
    Heard,
    Outcome,
    StepState,
)
from services.scheduler.rules import agreements, planning
from services.scheduler.rules.ending import cancel
from services.scheduler.rules.stops import COMPLETED, KEPT_BY_PERSON, PERSON, stopped
from services.scheduler.rules.told_late import is_kept

_BROKEN = "agreement.broken"
_REOPENED = "agreement.reopened"
_COMPLETED = "agreement.completed"
_BEGINS = {_BROKEN: "broken", _REOPENED: "instalment", _COMPLETED: "completed"}
"""Anchors of the steps that become of an agreement's end, or of its new beginning."""
_UNDOING = frozenset(
    {"payment.reversed", "payment.failed", _BROKEN, _REOPENED, _COMPLETED, "handoff.resolved"}
)
UNDONE = frozenset(
    {
        "obligation.settled",
        "obligation.agreement",
        "obligation.agreement_over",
        COMPLETED,
        PERSON,
    }
)
"""Rules by which an enrolment ended that may yet go on."""


def carry_on(
    book: Book, heard: Heard, before: Customer, packs: Sequence[Pack], now: datetime
) -> list[Outcome]:
    """Go on with what `heard` makes possible again. before: who stands for the customer, before it.

    Old news makes nothing possible: it only says how things stand.
    """
    if heard.type not in _UNDOING or heard.old:
        return []
    told: list[Outcome] = []
    if heard.type == "handoff.resolved":
        told += _keep_with_person(book, heard, before, now)
    for last in _last_ones(book, heard, before):
        if _may_go_on(book, last, heard, packs, now):
            told += _go_on(book, last, heard, packs, now)
    return told


def _last_ones(book: Book, heard: Heard, person: Customer) -> list[Enrolment]:
    """The last enrolment of each playbook and party in what `heard` is about."""
    about = heard.about
    found = book.of_customer(person.key) if about is None else book.of_obligation(about)
    last: dict[tuple[object, ...], Enrolment] = {}
    for one in found:
        name = (one.customer, one.playbook, one.obligation_key)
        if name not in last or last[name].number < one.number:
            last[name] = one
    return list(last.values())


def _may_go_on(
    book: Book, last: Enrolment, heard: Heard, packs: Sequence[Pack], now: datetime
) -> bool:
    if last.active or not last.plans:
        return False
    customer = book.customer(last.tenant, last.customer)
    if is_kept(customer, last):
        return False
    answers = _BEGINS.get(heard.type)
    met = any(plan.anchor == answers for plan in last.plans)
    complete = last.status is EnrolmentStatus.COMPLETED
    if last.ended_by not in UNDONE and not (met and complete):
        return False
    last = agreements.after(last, heard, now)
    about = (last.obligation_id,)
    if last.ended_by == PERSON and any(
        keeps_quiet(one, about, last.purpose) for one in customer.handoffs
    ):
        return False
    obligation = book.obligations.get(last.obligation_key)
    return obligation is not None and (
        stopped(customer, obligation, last, last.plans[0].ways, packs, now) is None
    )


def _go_on(
    book: Book, last: Enrolment, heard: Heard, packs: Sequence[Pack], now: datetime
) -> list[Outcome]:
    again = successor(book, agreements.after(last, heard, now), now)
    named = {step.plan.name for step in book.steps_of(last.id) if step.state is StepState.CANCELLED}
    if last.ended_by == "obligation.agreement" or heard.type == _BROKEN:
        # A promise that was not kept is met with a gentler word, never with the old ladder.
        named = {plan.name for plan in last.plans if plan.anchor == "broken"}
        again = msgspec.structs.replace(again, tone="gentle", broken_at=now)
    elif again.agreement is not None and heard.type in _BEGINS:
        named = agreements.still_ahead(again)
    return planning.carry_on(book, again, named, packs, now) if named else []


def successor(book: Book, last: Enrolment, now: datetime) -> Enrolment:
    """The enrolment that takes the place of one that has ended."""
    again = msgspec.structs.replace(
        last,
        status=EnrolmentStatus.ACTIVE,
        started_at=now,
        continues=last.id,
        reason=None,
        reenter=False,
        ended_by=None,
        ended_at=None,
        paused=False,
        paused_until=None,
    )
    return planning.numbered(book, again, planning.former_of(book, last))


def _keep_with_person(book: Book, heard: Heard, before: Customer, now: datetime) -> list[Outcome]:
    """Unless the person hands back, what ended for them does not go on without them; nor does what
    was begun anew meanwhile, and waited for them."""
    meant = next((one for one in before.handoffs if one.id == heard.data["handoff_id"]), None)
    if meant is None or heard.data["outcome"] in HANDS_BACK:
        return []
    told: list[Outcome] = []
    for one in book.of_customer(before.key):
        if one.ended_by == PERSON and meant.obligation_id in (None, one.obligation_id):
            book.put(msgspec.structs.replace(one, ended_by=KEPT_BY_PERSON))
        waits = one.active and keeps_quiet(meant, (one.obligation_id,), one.purpose)
        ends = next((rule for rule in one.exits if rule.on == "handoff.requested"), None)
        if waits and ends is not None and one.continues is not None:
            rule = KEPT_BY_PERSON
            told.append(cancel(book, one, ends.reason, heard.id, now, reenter=False, rule=rule))
    return told
