"""Whatever happens in whatever order: no contact after the end, off hours, or over the cap.

A reference of a few lines keeps what has been said; every dispatch is held against it.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from scheduler_world import FIRST_CONTACT, PACKS, REMINDERS, World, at, bill, heard, paid, step_ids

from services.policy import gate
from services.policy.places import candidate_zones
from services.scheduler.model import Book, Dispatched, Heard, Place, StepState
from services.scheduler.rules import claiming, hearing, outcomes, timing

CUSTOMERS = st.sampled_from(["ann", "bob"])
BILLS = st.sampled_from(["b1", "b2"])
ZONES = st.sampled_from(["Asia/Tokyo", "Asia/Kathmandu", "America/New_York", "Pacific/Apia"])
ANSWERS = st.sampled_from(["message.sent", "message.unknown", "message.failed", "message.refused"])
WEEK = timedelta(hours=168)
PARTIES = ({"customer_id": "ann", "role": "borrower"}, {"customer_id": "bob", "role": "guarantor"})
START = at("2026-03-02 09:00")


class Promises(RuleBasedStateMachine):
    """Two customers who owe two bills together, and all that may happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(START)
        self.clock = 0
        self.late: list[Heard] = []
        self.told = 0
        self.settled: dict[str, datetime | None] = {}
        self.newest: dict[str, tuple[datetime, str]] = {}
        self.refused: set[str] = set()
        self.held: set[str] = set()
        self.zones: dict[str, set[str]] = {"ann": {"Asia/Tokyo"}, "bob": {"Asia/Tokyo"}}
        self.contacts: dict[str, dict[str, datetime]] = {"ann": {}, "bob": {}}
        self.on_their_way: dict[str, Dispatched] = {}
        self.ended: set[str] = set()

    def moment(self) -> datetime:
        """An instant of its own for each event, none ahead of the clock."""
        self.clock += 1
        return self.world.now + timedelta(milliseconds=self.clock)

    def hear(self, fact: Heard) -> None:
        self.world.hear(fact)
        self.check()

    @rule(customer=CUSTOMERS, name=BILLS, missed=st.booleans(), late=st.booleans())
    def trigger(self, customer: str, name: str, missed: bool, late: bool) -> None:
        """A bill nears its day, or was missed; the news may come late."""
        due = (self.world.now + timedelta(days=-1 if missed else 8)).date().isoformat()
        event = bill(
            "payment.missed" if missed else "bill.due_soon",
            self.moment(),
            bill_id=name,
            due_date=due,
            parties=PARTIES,
        )
        event = Heard(
            "default", customer, event.type, event.id, event.time, event.data, event.obligation_id
        )
        if late:
            self.late.append(event)
        else:
            self.begin(event)

    def begin(self, event: Heard) -> None:
        missed = event.type == "payment.missed"
        name, due = event.obligation_id or "", event.data["due_date"]
        since = self.settled.get(name)
        known = self.newest.get(name)
        if since is not None and event.time > since and known is not None and due > known[1]:
            self.settled[name] = None  # the bill of a new period
        if known is None or event.time >= known[0]:
            self.newest[name] = (event.time, due)
        self.world.start(
            event,
            plans=FIRST_CONTACT if missed else REMINDERS,
            playbook="recover" if missed else "bill-reminder",
            purpose="collection" if missed else "service",
            consolidate=not missed,
        )
        self.check()

    @precondition(lambda self: self.late)
    @rule(data=st.data())
    def news_comes_late(self, data: st.DataObject) -> None:
        """What was on its way arrives, in any order."""
        index = data.draw(st.integers(0, len(self.late) - 1))
        event = self.late.pop(index)
        if event.type in ("payment.missed", "bill.due_soon"):
            self.begin(event)
        else:
            self.hear(event)

    @rule(customer=CUSTOMERS, name=BILLS, twice=st.booleans())
    def pay(self, customer: str, name: str, twice: bool) -> None:
        """All that is asked is paid; the fact may be repeated."""
        event = paid(self.moment(), bill_id=name)
        event = Heard("default", customer, event.type, event.id, event.time, event.data, name)
        self.settled[name] = event.time
        for _ in range(1 + twice):
            self.hear(event)

    @rule(name=BILLS, remaining=st.integers(1, 9_000))
    def pay_in_part(self, name: str, remaining: int) -> None:
        """Something is paid, and something remains."""
        self.hear(paid(self.moment(), remaining=remaining, bill_id=name))

    @rule(name=BILLS)
    def reverse(self, name: str) -> None:
        """A payment is taken back: what was settled is open again."""
        given: dict[str, Any] = {"payment_id": "p", "amount_minor": 1, "currency": "EUR"}
        self.settled[name] = None
        self.hear(
            heard("payment.reversed", self.moment(), bill_id=name, remaining_minor=12_000, **given)
        )

    @rule(customer=CUSTOMERS, last=st.booleans())
    def refuse(self, customer: str, last: bool) -> None:
        """The customer opts out by the link; or does so, and thinks better of it."""
        self.refused.add(customer)
        self.hear(
            heard("contact.unsubscribed", self.moment(), customer, channel="email", purpose="*")
        )
        if not last:
            self.refused.discard(customer)
            changes = {"email/*": "on"}
            self.hear(heard("contact.preference_changed", self.moment(), customer, changes=changes))

    @rule(customer=CUSTOMERS, last=st.booleans())
    def hold(self, customer: str, last: bool) -> None:
        """A hold is placed; and perhaps lifted."""
        self.held.add(customer)
        self.hear(heard("customer.hold_placed", self.moment(), customer, kind="hardship"))
        if not last:
            self.held.discard(customer)
            self.hear(heard("customer.hold_lifted", self.moment(), customer, kind="hardship"))

    @rule(customer=CUSTOMERS, zone=ZONES, country=st.sampled_from([None, "JP", "NP"]))
    def move(self, customer: str, zone: str, country: str | None) -> None:
        """The customer's place changes; it may contradict itself."""
        own = {"JP": "Asia/Tokyo", "NP": "Asia/Kathmandu", None: zone}[country]
        self.zones[customer] = {zone, own}
        place = Place(timezone=zone, country=country)
        self.hear(
            heard(
                "customer.updated",
                self.moment(),
                customer,
                timezone=place.timezone,
                country=place.country,
            )
        )

    @rule(customer=CUSTOMERS, hours=st.integers(1, 30))
    def pause(self, customer: str, hours: int) -> None:
        """An operator pauses a customer."""
        until = self.world.now + timedelta(hours=hours)
        hearing.pause(self.world.book, "default", customer, until, PACKS, self.world.now)

    @initialize()
    def all_begin_at_once(self) -> None:
        """Both customers are told of both bills, which are due in eight days and more."""
        for customer in ("ann", "bob"):
            for name in ("b1", "b2"):
                self.trigger(customer, name, missed=False, late=False)

    @rule(minutes=st.integers(1, 240))
    def wait_a_little(self, minutes: int) -> None:
        """Time passes."""
        self.wait(minutes)

    @rule(days=st.integers(1, 3))
    def wait_for_days(self, days: int) -> None:
        """Much time passes."""
        self.wait(days * 1440)

    @rule(minutes=st.integers(240, 4_000))
    def wait(self, minutes: int) -> None:
        """Time passes; due steps are claimed now and then."""
        target = self.world.now + timedelta(minutes=minutes)
        while self.world.now < target:
            self.world.now = min(target, self.world.now + timedelta(minutes=97))
            self.world.claim()
            self.check()

    @precondition(lambda self: self.on_their_way)
    @rule(data=st.data(), kind=ANSWERS, retryable=st.booleans())
    def answer(self, data: st.DataObject, kind: str, retryable: bool) -> None:
        """The messenger says what became of a dispatch."""
        dispatch_id = data.draw(st.sampled_from(sorted(self.on_their_way)))
        dispatched = self.on_their_way.pop(dispatch_id)
        steps = step_ids(dispatched)
        left = data.draw(st.sets(st.sampled_from(steps), max_size=len(steps) - 1))
        for step_id in sorted(left):
            self.world.leave_out(dispatched, step_id, retryable=retryable)
        if kind in ("message.failed", "message.refused"):
            del self.contacts[dispatched.customer.id][dispatch_id]
        else:
            self.ended.update(set(steps) - left)
        self.world.answer(dispatched, kind, left, reason="test", retryable=retryable)
        self.check()

    def check(self) -> None:
        """Hold every new dispatch against what has been said."""
        news = self.world.told[self.told :]
        self.told = len(self.world.told)
        for when, told in news:
            if isinstance(told, Dispatched):
                self.check_dispatch(when, told)

    def check_dispatch(self, when: datetime, told: Dispatched) -> None:
        customer = told.customer.id
        for obligation in (told.obligation, *(one.obligation for one in told.joined)):
            assert self.settled.get(obligation.id) is None, "contact after the end"
        assert customer not in self.refused, "contact against an opt-out"
        assert customer not in self.held, "contact against a hold"
        for name in self.zones[customer]:
            assert 8 <= when.astimezone(ZoneInfo(name)).hour < 21, f"contact off hours in {name}"
        made = self.contacts[customer]
        assert sum(one > when - WEEK for one in made.values()) < 3, "contact over the cap"
        assert told.step.dispatch_id not in made, "dispatched twice"
        steps = step_ids(told)
        assert len(steps) == len(set(steps)), "a step twice in a dispatch"
        assert self.ended.isdisjoint(steps), "sent again"
        running = {i for one in self.on_their_way.values() for i in step_ids(one)}
        assert running.isdisjoint(steps), "two dispatches of a step at once"
        made[told.step.dispatch_id or ""] = when
        self.on_their_way[told.step.dispatch_id or ""] = told

    @invariant()
    def what_is_on_its_way_is_known(self) -> None:
        """No step is lost in a dispatch, and none is in two."""
        running = [i for one in self.on_their_way.values() for i in step_ids(one)]
        steps = self.world.book.steps.values()
        assert sorted(running) == sorted(s.id for s in steps if s.state is StepState.DISPATCHED)

    @invariant()
    def steps_and_enrolments_agree(self) -> None:
        """What has ended plans nothing, and what is active has something left to do."""
        for enrolment in self.world.book.enrolments.values():
            steps = self.world.book.steps_of(enrolment.id)
            planned = [step for step in steps if step.state is StepState.PLANNED]
            assert enrolment.active or not planned
            assert not enrolment.active or any(step.open for step in steps)


Promises.TestCase.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
TestPromises = Promises.TestCase

MUTANTS: dict[str, list[tuple[Any, str, Any]]] = {
    "stops are ignored": [
        (claiming, "stopped", lambda *_: None),
        (hearing, "stopped", lambda *_: None),
        (hearing, "exit_met", lambda *_: None),
    ],
    "caps are ignored": [(gate, "_refused_by_cap", lambda *_: None)],
    "hours are ignored": [(gate, "_refused_by_hours", lambda *_: None)],
    "one candidate zone is enough": [
        (
            timing,
            "candidate_zones",
            lambda *known: replace(
                candidate_zones(*known), names=candidate_zones(*known).names[:1]
            ),
        )
    ],
    "what was sent is planned again": [
        (outcomes, "_ENDS", {**outcomes._ENDS, "message.sent": StepState.PLANNED})
    ],
    "what is left out is lost": [
        (outcomes, "_ENDS", {**outcomes._ENDS, "message.left_out": StepState.DISPATCHED})
    ],
    "contacts are forgotten": [
        (Book, "contacts_of", lambda *_: []),
    ],
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_planted_fault_is_found(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for where, name, wrong in MUTANTS[mutant]:
        monkeypatch.setattr(where, name, wrong)
    short = settings(
        max_examples=4000,
        stateful_step_count=40,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        database=None,
    )
    with pytest.raises((AssertionError, ExceptionGroup)):
        run_state_machine_as_test(Promises, settings=short)
