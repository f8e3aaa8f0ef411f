"""A state machine that lives through anything, and an oracle that knows what was promised.

A step of the machine is a burst of things that happen, drawn as bytes: to draw each thing by
itself costs hypothesis many times what the rules cost. The oracle shares nothing with the rules:
it keeps the events that were delivered, and works out from them what may be said.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from promises_messenger import Messenger
from promises_oracle import Oracle
from scheduler_world import PACKS, PAID, REMINDERS, TENANT, World, at, command, step_ids

from services.messenger.model import Pause, Refuse
from services.policy.model import ConsentRecord
from services.scheduler.model import (
    Cancelled,
    Customer,
    Deferred,
    Dispatched,
    Enrolled,
    ExitRule,
    Heard,
    Outcome,
    Planned,
    StepPlan,
)
from services.scheduler.model import StepState as State
from services.scheduler.rules import hearing
from services.scheduler.rules.stops import MERGED

START = at("2026-03-02 09:00")
CUSTOMERS = ("ann", "bob", "cho")
BILLS = ("b1", "b2")
PARTIES = [{"customer_id": "ann", "role": "borrower"}, {"customer_id": "bob", "role": "guarantor"}]
ABOUT = ("bill_id", "benefit_id", "obligation_id")
PLACES = (("Asia/Tokyo", "JP"), ("America/New_York", "JP"), ("Asia/Kathmandu", None))
LADDER = (
    StepPlan("first", "trigger", 0, timedelta(days=2), "first"),
    StepPlan("second", "trigger", 2, timedelta(days=5), "second", at="10:00"),
    StepPlan("third", "trigger", 4, timedelta(days=9), "third", at="18:00"),
    StepPlan("fourth", "trigger", 12, timedelta(days=9), "fourth"),
    StepPlan("new_offer", "broken", 0, timedelta(days=3), "new_offer"),
)
OFFERS = (
    StepPlan("offer", "trigger", 0, timedelta(days=12), "offer"),
    StepPlan("once more", "trigger", 5, timedelta(days=8), "once_more", at="15:00"),
)
WILLING = ConsentRecord("*", "*", "granted", START - timedelta(days=1))
EXITS = (PAID, ExitRule("handoff.requested", "person"))
OUTCOMES = ("done", "passed_to_creditor")
ANSWERS = ("message.sent", "message.unknown", "message.failed", "message.refused")
"""What may become of what the final check lets through; the last: nothing can be written."""
MAY_HAVE_GONE = ANSWERS[:2]


class Flight(NamedTuple):
    """A dispatch on its way, and the steps that it carries."""

    told: Dispatched
    steps: tuple[str, ...]


class Playbook(NamedTuple):
    """What an event begins."""

    name: str
    purpose: str
    plans: tuple[StepPlan, ...]
    exits: tuple[ExitRule, ...] = (PAID,)
    consolidate: bool = False


PLAYBOOKS = {
    "bill.due_soon": Playbook("bill-reminder", "service", REMINDERS, consolidate=True),
    "payment.missed": Playbook("recover", "collection", LADDER, EXITS),
    "benefit.granted": Playbook("offers", "marketing", OFFERS, ()),
}


class Promises(RuleBasedStateMachine):
    """Three customers who want to hear of offers, two of whom owe two bills together, and all
    that may happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(START)
        self.world.book.load(Customer(TENANT, one, consents=(WILLING,)) for one in CUSTOMERS)
        self.oracle = Oracle()
        self.messenger, self.sends = Messenger(WILLING), Oracle()
        """The messenger, and what was promised by what that one has heard."""
        self.merged = Oracle()
        """Who gives way to whom, heard of or not."""
        self.ticks = 0
        self.held_back: list[Heard] = []
        self.delivered: list[Heard] = []
        self.flying: dict[str, Flight] = {}
        self.told = 0
        self.sound = True

    @rule(script=st.binary(min_size=48, max_size=48))
    def live(self, script: bytes) -> None:
        """A burst: each thing is what happens, and to whom or how."""
        for index in range(0, len(script), 2):
            WHAT[script[index] % len(WHAT)](self, script[index + 1] >> 4, script[index + 1] & 15)

    # --- what happens: `who` and `how` are both below 16 -------------------------------------

    def due_soon(self, who: int, how: int) -> None:
        """A bill nears its day; told again, its due date may have moved."""
        due = self.world.now.date() + timedelta(days=8 - (how >> 2 & 1) * 6)
        self.trigger("bill.due_soon", who, how, due)

    def both_due(self, who: int, how: int) -> None:
        """Two bills near their day together."""
        for name in (0, 1):
            self.due_soon(who & 2 | name, how | 1)

    def crossed(self, who: int, how: int) -> None:
        """Two words cross on their way: what was said first comes last."""
        if how & 1:
            lifted = self.event("customer.hold_lifted", who, kind="hardship")
            words = lifted, self.event("customer.hold_placed", who, kind="hardship")
        else:
            on, off = {"email/*": "on"}, {"email/*": "off"}
            granted = self.event("contact.preference_changed", who, changes=on)
            words = granted, self.event("contact.preference_changed", who, changes=off)
        for word in reversed(words):
            self.deliver(word)

    def missed(self, who: int, how: int) -> None:
        """A bill was missed."""
        self.trigger("payment.missed", who, how, self.world.now.date() - timedelta(days=1))

    def offer(self, who: int, how: int) -> None:
        """There is something that a customer may like."""
        granted = {"benefit_id": f"g{who >> 2}", "kind": "coupon", "title": "a coupon"}
        self.come(self.event("benefit.granted", who, **granted), how)

    def pay(self, who: int, how: int) -> None:
        """All that is asked is paid, or part of it; or it is on its way and not there yet."""
        rest = 0 if how < 10 else 4_000 + 100 * how
        self.payment("payment.received", who, how, rest, pending=how in (3, 7, 11))

    def fail(self, who: int, how: int) -> None:
        """A payment fails."""
        self.payment("payment.failed", who, how, 12_000)

    def reverse(self, who: int, how: int) -> None:
        """A payment is taken back."""
        self.payment("payment.reversed", who, how, 12_000)

    def long_after(self, who: int, how: int) -> None:
        """A bill is paid; much later it comes to light that the money was soon taken back."""
        self.payment("payment.received", who, 1, 0)
        name, when = BILLS[who & 1], self.world.now
        terms = {"payment_id": "p9", "amount_minor": 1, "currency": "EUR", "pending": False}
        back = self.event("payment.reversed", who & 1, bill_id=name, remaining_minor=9_000, **terms)
        self.world.now = when + timedelta(days=2 if how & 1 else 8)
        self.claim(crash=False)
        self.deliver(back)

    def close(self, who: int, how: int) -> None:
        """The bill is recalled."""
        if how < 5:
            event = self.event("bill.closed", who, bill_id=BILLS[who & 1], why="recalled")
            self.come(event, how)

    def refuse(self, who: int, how: int) -> None:
        """The customer opts out, or thinks better of it."""
        off = how < 8
        changes = {"email/*": "off" if off else "on"}
        self.come(self.event("contact.preference_changed", who, changes=changes), how)

    def hold(self, who: int, how: int) -> None:
        """A hold is placed, or lifted, by the publisher or by an operator."""
        lifted = "hold.lifted" if who & 8 else "customer.hold_lifted"
        type = "customer.hold_placed" if how < 8 else lifted
        self.come(self.event(type, who, kind="hardship"), how)

    def move(self, who: int, how: int) -> None:
        """The customer's place changes; it may contradict itself."""
        timezone, country = PLACES[how % 3]
        self.come(self.event("customer.updated", who, timezone=timezone, country=country), 1)

    def pause(self, who: int, how: int) -> None:
        """An operator pauses a customer."""
        customer, until = CUSTOMERS[who % 3], self.world.now + timedelta(hours=6 * how + 1)
        self.oracle.pause(customer, until)
        self.sends.pause(customer, until)
        self.messenger.pause(customer, until)
        self.keep(hearing.pause(self.world.book, TENANT, customer, until, PACKS, self.world.now))

    def pause_one(self, who: int, how: int) -> None:
        """An operator pauses one enrolment, or resumes it."""
        running = [one for one in self.world.book.enrolments.values() if one.active]
        if not running:
            return
        one, until = running[who % len(running)], self.world.now + timedelta(hours=4 * how)
        if how >= 10:
            resumed = hearing.resume_enrolment(self.world.book, one, PACKS, self.world.now)
            self.keep(resumed)
            self.messenger.paused.pop(one.id, None)
        else:
            hearing.pause_enrolment(self.world.book, one, until if how & 1 else None)
            self.messenger.paused[one.id] = Pause(until if how & 1 else None)
        for oracle in (self.oracle, self.sends):
            oracle.pause_enrolment(one.id, how < 10, until if how & 1 else None)
        self.look()

    def person(self, who: int, how: int) -> None:
        """A person takes over, hands back, or keeps it."""
        about = {"handoff_id": f"h{who % 3}", "case_id": "c", "reason": "question"}
        if how < 8:
            asked = {"obligation_id": BILLS[who & 1], **about}
            self.come(self.event("handoff.requested", who, **asked), 1)
        else:
            done = {"handoff_id": f"h{who % 3}", "outcome": OUTCOMES[how & 1]}
            self.come(self.event("handoff.resolved", who, **done), 1)

    def missed_before(self, who: int, how: int) -> None:
        """A bill was missed before a person took over, and that is told only after."""
        self.missed(who, how & 4)
        bill = BILLS[who & 1]
        asked = {"handoff_id": f"m{who}", "case_id": "c", "reason": "question"}
        payer = who >> 1 & 1
        self.come(self.event("handoff.requested", payer, **asked, obligation_id=bill), 1)
        if how & 8:
            done = {"handoff_id": f"m{who}", "outcome": OUTCOMES[how & 1]}
            self.come(self.event("handoff.resolved", payer, **done), 1)
        self.deliver(self.held_back.pop())

    def agree(self, who: int, how: int) -> None:
        """Terms are agreed upon, and kept or not."""
        types = ("agreement.made", "agreement.made", "agreement.broken", "agreement.completed")
        name = BILLS[who & 1]
        terms = {"agreement_id": f"a-{name}", "case_id": "c", "obligation_id": name}
        self.come(self.event(types[how & 3], who & 1, **terms, instalment=1, short_minor=1), 1)

    def merge(self, who: int, how: int) -> None:
        """Two ids turn out to be one customer; which of them stays is said once. A hold of the one
        may be lifted under the other, before or after."""
        old, into = CUSTOMERS[who % 3], CUSTOMERS[(who + 1 + how) % 3]
        if how > 5 or old in self.merged.into or self.merged.person(into) == old:
            return
        self.merged.into[old] = into
        one, other = (who, who + 1 + how) if who & 4 else (who + 1 + how, who)
        if how > 3:
            self.come(self.event("customer.hold_placed", one, kind="hardship"), 1)
        if how == 4:
            self.hold(other | who & 8, 9)
        self.come(self.event("customer.merged", who, into=into), 4 if 0 < how < 4 else 1)
        if how == 5:
            self.hold(other | who & 8, 9)

    def again(self, who: int, how: int) -> None:
        """Something that was delivered is delivered once more."""
        if self.delivered:
            self.deliver(self.delivered[(who * 16 + how) % len(self.delivered)])

    def late(self, who: int, how: int) -> None:
        """Something that was held back comes after all."""
        if self.held_back:
            self.deliver(self.held_back.pop((who * 16 + how) % len(self.held_back)))

    def answer(self, who: int, how: int, meanwhile: Callable[[], None] = lambda: None) -> None:
        """The messenger checks an order, and says what became of it, or of each step of it.

        meanwhile: what happens before the scheduler hears of that.
        """
        if not self.flying:
            return
        dispatch_id = sorted(self.flying)[who % len(self.flying)]
        told, steps = self.flying.pop(dispatch_id)
        self.sound = False
        judged = self.messenger.judge(told, self.world.now)
        left = {step_id: refused(why) for step_id, why in judged.left.items()}
        kind, said = ANSWERS[how & 3], {"reason": "test", "retryable": bool(how & 4)}
        if isinstance(judged.decision, Refuse):
            self.rightly(judged.decision, told.customer.id)
            kind, said = "message.refused", refused(judged.decision)
        elif how & 8 and not left:
            left = dict.fromkeys(steps[1:2], said)
        for step_id, why_left in left.items():
            self.keep(self.world.leave_out(told, step_id, **why_left))
        kept = [one for one in steps if one not in left]
        if kind in MAY_HAVE_GONE:
            self.go_out(told, kept)
        for oracle in (self.oracle, self.sends):
            oracle.answered(told, kind, kept)
        meanwhile()
        self.world.answer(told, kind, left, **said)
        if kind == "message.refused" and said["reason"] in ("merged", "cancelled"):
            self.goes_on(told)
        self.look()

    def rightly(self, why: Refuse, customer: str) -> None:
        """A hold that is lifted refuses nothing."""
        if why.reason.startswith("hold:"):
            assert self.sends.held(customer), "refused for a hold that is lifted"

    def goes_on(self, told: Dispatched) -> None:
        """What was refused since its id gave way is planned where the rest goes on."""
        book = self.world.book
        if book.enrolments[told.enrolment.id].ended_by != MERGED or told.step.attempt > 4:
            return
        person = TENANT, self.oracle.person(told.customer.id)
        for one in book.of_customer(person):
            rest = one.continues and one.trigger == told.enrolment.trigger
            same = one.playbook == told.enrolment.playbook and one.active
            if rest and same and self.world.now < told.step.not_after:
                names = [step.plan.name for step in book.steps_of(one.id)]
                assert told.step.plan.name in names, "lost when its id gave way"

    def overtaken(self, who: int, how: int) -> None:
        """What is on its way meets news that only the messenger has heard by then."""
        bills = [(n, BILLS.index(told.obligation.id), told.customer.id)
                 for n, (_, (told, _)) in enumerate(sorted(self.flying.items()))
                 if told.obligation.id in BILLS]  # fmt: skip
        if not bills:
            return None
        turn, bill, customer = bills[who % len(bills)]
        payer, today = CUSTOMERS.index(customer), self.world.now.date()
        match how & 3:
            case 0:
                asked = {"handoff_id": "h", "case_id": "c", "reason": "question"}
                asked["obligation_id"] = BILLS[bill]
                self.come(self.event("handoff.requested", payer, **asked), 4)
            case 1:
                self.payment("payment.received", bill, 4, 100, pending=True)
                self.trigger("payment.missed", bill, 4, today)
            case 2:
                self.trigger("payment.missed", bill, 0, today)
                self.payment("payment.received", bill, 4, 0)
                self.reach_the_messenger(self.held_back[-2])
            case _:
                if how & 8:
                    return self.answer(turn, 0, partial(self.merge, payer, 0))
                self.merge(payer + 1 + (how >> 2 & 1), 1 - (how >> 2 & 1))
        return self.answer(turn, 0)

    def go_out(self, told: Dispatched, steps: list[str]) -> None:
        """Its intent is told before it goes out, and may have gone out from then on."""
        now = self.world.now
        self.sends.check_sent(now, told, steps)
        self.messenger.send(told, steps, now)
        self.oracle.sent(told, now)
        without = set(step_ids(told)) - set(steps)
        self.world.answer(told, "message.intended", without, checked_at=now.isoformat())

    def wait(self, who: int, how: int) -> None:
        """Time passes; due steps are claimed now and then."""
        for _ in range(1 + who % 4):
            self.world.now += timedelta(minutes=(7, 61, 180, 499)[how & 3])
            self.claim(crash=how >= 12)

    def sleep(self, who: int, how: int) -> None:
        """Days pass in which nothing is claimed: what has come by then comes together."""
        self.world.now += timedelta(hours=12 + 4 * how)
        self.claim(crash=who & 8 > 0)

    # --- how it reaches the rules -------------------------------------------------------------

    def event(self, type: str, who: int, **data: Any) -> Heard:
        """Something that happens now, at an instant of its own."""
        self.ticks += 1
        moment = self.world.now + timedelta(milliseconds=self.ticks)
        about = next((data[name] for name in ABOUT if name in data), None)
        customer = CUSTOMERS[who % 3]
        return Heard(TENANT, customer, type, f"event {self.ticks}", moment, data, about)

    def payment(self, type: str, who: int, how: int, rest: int, pending: bool = False) -> None:
        name = BILLS[who & 1]
        terms = {"payment_id": f"p{who >> 1 & 1}", "amount_minor": 1, "currency": "EUR"}
        event = self.event(type, who & 1, bill_id=name, remaining_minor=rest, **terms)
        self.come(msgspec.structs.replace(event, data={**event.data, "pending": pending}), how)

    def trigger(self, type: str, who: int, how: int, due: date) -> None:
        terms = {"creditor": "Acme", "amount_minor": 12_000, "currency": "EUR"}
        dated = {"bill_id": BILLS[who & 1], "due_date": due.isoformat(), "parties": PARTIES}
        self.come(self.event(type, who >> 1 & 1, **terms, **dated), how)

    def come(self, event: Heard, how: int) -> None:
        """It is delivered at once; or much later, perhaps so late that it is old by then."""
        if how & 3:
            self.deliver(event)
        else:
            self.held_back.append(event)
            if how & 4:
                self.reach_the_messenger(event)

    def reach_the_messenger(self, event: Heard) -> None:
        """The messenger hears of it; the scheduler may have to wait for that."""
        if self.messenger.hear(event):
            self.sends.hear(event)

    def deliver(self, event: Heard) -> None:
        old = self.world.now - event.time > timedelta(days=7)
        if old is not event.old:
            event = msgspec.structs.replace(event, old=old)
        self.delivered.append(event)
        self.oracle.hear(event)
        self.reach_the_messenger(event)
        for told in self.world.hear(event):
            goes_on = event.type == "customer.merged"  # under another id
            begins = isinstance(told, Enrolled) and not goes_on
            assert not (old and begins), "old news begins something"
        playbook = PLAYBOOKS.get(event.type)
        if playbook is not None and not old:
            self.order(event, playbook)
        self.look()

    def order(self, event: Heard, begins: Playbook) -> None:
        asked = command(
            event,
            plans=begins.plans,
            playbook=begins.name,
            purpose=begins.purpose,
            exits=begins.exits,
            consolidate=begins.consolidate,
        )
        self.world.order(asked)

    def claim(self, crash: bool) -> None:
        """Decide on what is due. A crash before the commit loses all of it, and it is done again:
        whatever was decided is decided again alike."""
        if crash:
            kept = self.world.save()
            lost = self.world.claim()
            self.world.restore(kept)
            decided = self.world.claim()
            assert decided == lost, "decided otherwise after a crash"
        else:
            decided = self.world.claim()
        for told in decided:
            if isinstance(told, Deferred) and told.reason.startswith("hold:"):
                assert self.oracle.held(told.step.customer), "waits for a hold that is lifted"
        self.oracle.next_round()
        self.look()

    def keep(self, outcomes: list[Outcome]) -> None:
        self.world.told += [(self.world.now, one) for one in outcomes]

    # --- what must hold -----------------------------------------------------------------------

    def look(self) -> None:
        """Hold every new dispatch against what was said, and the book against itself."""
        self.sound = False
        news = self.world.told[self.told :]
        self.told = len(self.world.told)
        for when, told in news:
            if isinstance(told, Dispatched):
                self.check(when, told)
            elif isinstance(told, Planned):
                step = self.world.book.steps[told.step.id]
                if step.state is State.PLANNED:
                    self.oracle.check_laid(step.customer, when, step.due_at)
            elif isinstance(told, Cancelled):
                self.messenger.cancelled.update(told.step_ids)
        for flight in self.flying.values():
            for step_id in flight.steps:
                state = self.world.book.steps[step_id].state
                assert state is State.DISPATCHED or step_id in self.oracle.ended, "lost on its way"
        self.sound = True

    def check(self, when: datetime, told: Dispatched) -> None:
        ids = tuple(step_ids(told))
        flying = {one for flight in self.flying.values() for one in flight.steps}
        assert flying.isdisjoint(ids), "two dispatches of a step at once"
        self.oracle.check(when, told, self.to_come(told.customer.id))
        self.flying[told.step.dispatch_id or ""] = Flight(told, ids)

    def to_come(self, customer: str) -> Iterator[tuple[str, datetime]]:
        """Contacts that are planned for the customer in time: of which purpose, and when."""
        book = self.world.book
        for enrolment in book.of_customer((TENANT, customer)):
            for step in book.steps_of(enrolment.id) if enrolment.active else ():
                if step.state is State.PLANNED and step.due_at < step.not_after:
                    yield enrolment.purpose, step.due_at

    def teardown(self) -> None:
        """What has ended plans nothing, what is active has something left to do, and what is
        said to be on its way is."""
        if not self.sound:
            return
        book = self.world.book
        flying = {one for flight in self.flying.values() for one in flight.steps}
        sent = {one.id for one in book.steps.values() if one.state is State.DISPATCHED}
        assert sent <= flying, "nobody hears of it again"
        for enrolment in book.enrolments.values():
            states = {step.state for step in book.steps_of(enrolment.id)}
            assert enrolment.active or State.PLANNED not in states, "ended, and still plans"
            left = states & {State.PLANNED, State.DISPATCHED}
            assert not enrolment.active or left, "active with nothing left to do"


def refused(why: Refuse) -> dict[str, Any]:
    """A refusal as the log tells it."""
    not_before = why.not_before.isoformat() if why.not_before else None
    return {"reason": why.reason, "rule": why.rule, "retryable": why.retryable} | {
        "rule_version": why.rule_version,
        "not_before": not_before,
    }


_USUAL: tuple[Callable[[Promises, int, int], None], ...] = (
    Promises.wait,
    Promises.wait,
    Promises.wait,
    Promises.sleep,
    Promises.answer,
    Promises.answer,
    Promises.missed,
    Promises.due_soon,
    Promises.pay,
    Promises.reverse,
    Promises.both_due,
    Promises.offer,
)
WHAT: tuple[Callable[[Promises, int, int], None], ...] = (
    *_USUAL,
    Promises.fail,
    Promises.long_after,
    Promises.close,
    Promises.refuse,
    Promises.crossed,
    Promises.hold,
    Promises.move,
    Promises.pause,
    Promises.pause_one,
    Promises.person,
    Promises.missed_before,
    Promises.agree,
    Promises.merge,
    Promises.overtaken,
    Promises.overtaken,
    Promises.again,
    Promises.late,
)
