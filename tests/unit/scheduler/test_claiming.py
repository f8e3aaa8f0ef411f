"""What becomes of due steps, and of dispatches once the messenger answers."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from scheduler_world import FIRST_CONTACT, PACKS, START, World, at, bill, heard, paid

from services.scheduler.model import (
    Cancelled,
    Completed,
    Deferred,
    Dispatched,
    Heard,
    Place,
    StepPlan,
    StepState,
    Suppressed,
)
from services.scheduler.rules import hearing

DAILY = tuple(
    StepPlan(f"day-{n}", "trigger", n, timedelta(days=9), f"day-{n}", at="10:00") for n in range(5)
)

LONG = tuple(msgspec.structs.replace(one, valid_for=timedelta(days=9)) for one in FIRST_CONTACT)


def dispatch(world: World, until: str) -> Dispatched:
    """The next dispatch before the instant."""
    found = world.next_dispatch(at(until))
    assert found is not None
    return found


def test_a_dispatch_says_what_it_rested_on() -> None:
    world = World()
    world.start(bill())
    one = dispatch(world, "2026-03-05 12:00")
    assert one.zones.names == ("Asia/Tokyo",)
    assert [name for name, _ in one.packs] == ["default", "jp"]
    assert [(c.rule, c.limit, c.window_hours, c.count) for c in one.counts] == [
        ("default/week", 3, 168, 0),
        ("default/gap.any", 1, 1, 0),
    ]


def test_the_fourth_contact_in_168_hours_waits_for_the_first_to_leave_the_window() -> None:
    world = World(at("2026-03-02 10:00"))
    world.start(bill("payment.missed", world.now), plans=DAILY, purpose="collection")
    world.until(at("2026-03-12 12:00"))
    assert [when for when, _ in world.sent()] == [
        at("2026-03-02 10:00"),
        at("2026-03-03 10:00"),
        at("2026-03-04 10:00"),
        at("2026-03-09 10:00"),
    ]
    caps = [o for _, o in world.told if isinstance(o, Deferred) and o.reason == "cap"]
    assert caps[0].rule == "default/week"
    assert caps[0].step.due_at == at("2026-03-09 10:00")


def test_a_cap_beyond_the_validity_suppresses() -> None:
    brief = tuple(
        StepPlan(p.name, p.anchor, p.days, timedelta(days=1), p.template, at=p.at) for p in DAILY
    )
    world = World(at("2026-03-02 10:00"))
    world.start(bill("payment.missed", world.now), plans=brief, purpose="collection")
    world.until(at("2026-03-12 12:00"))
    assert len(world.sent()) == 3
    ended = [o for _, o in world.told if isinstance(o, Suppressed)]
    assert [(o.step.plan.name if o.step else "", o.reason) for o in ended] == [
        ("day-3", "cap"),
        ("day-4", "cap"),
    ]


def test_caps_count_over_all_playbooks() -> None:
    world = World(at("2026-03-02 10:00"))
    for number in range(5):
        event = bill("payment.missed", world.now, bill_id=f"b{number}")
        world.start(event, plans=FIRST_CONTACT[:1], purpose="collection", exits=())
    world.until(at("2026-03-03 20:00"))
    assert [when for when, _ in world.sent()] == [at(f"2026-03-02 {h}:00") for h in (10, 11, 12)]


@pytest.mark.parametrize("purpose", ["service", "collection"])
def test_an_hour_lies_between_any_two_contacts_whatever_they_are_for(purpose: str) -> None:
    world = World(at("2026-03-02 10:00"))
    world.start(bill(bill_id="b1"), plans=FIRST_CONTACT[:1])
    world.until(at("2026-03-02 10:20"), every=timedelta(minutes=1))
    later = bill("payment.missed", world.now, bill_id="b2")
    world.start(later, plans=FIRST_CONTACT[:1], purpose=purpose, playbook="other")
    world.until(at("2026-03-02 12:00"), every=timedelta(minutes=1))
    assert [when for when, _ in world.sent()] == [at("2026-03-02 10:00"), at("2026-03-02 11:00")]
    (moved,) = [o for _, o in world.told if isinstance(o, Deferred) and o.rule != "default/hours"]
    assert (moved.reason, moved.rule) == ("gap", "default/gap.any")


def test_what_cannot_wait_an_hour_is_suppressed_and_says_why() -> None:
    world = World(at("2026-03-02 10:00"))
    world.start(bill(bill_id="b1"), plans=FIRST_CONTACT[:1])
    brief = (StepPlan("brief", "trigger", 0, timedelta(minutes=40), "brief"),)
    world.start(bill("payment.missed", world.now, bill_id="b2"), plans=brief, playbook="other")
    ended = [o for o in world.until(at("2026-03-02 12:00")) if isinstance(o, Suppressed)]
    assert [(o.reason, o.rule) for o in ended] == [("gap", "default/gap.any")]


def test_an_answer_in_the_talk_with_a_person_goes_at_once() -> None:
    world = World(at("2026-03-02 10:00"))
    world.start(bill(bill_id="b1"), plans=FIRST_CONTACT[:1])
    world.until(at("2026-03-02 10:05"))
    told = heard("handoff.answered", world.now, handoff_id="h1", obligation_id="b1")
    world.start(told, plans=FIRST_CONTACT[:1], playbook="answers", answers="h1")
    world.claim()
    assert [when for when, _ in world.sent()] == [at("2026-03-02 10:00"), at("2026-03-02 10:05")]


def test_a_call_by_the_publishers_people_keeps_its_hour_too() -> None:
    world = World(at("2026-03-02 10:00"))
    calls = {"channel": "phone", "direction": "outbound", "outcome": "reached"}
    world.hear(heard("contact.made", world.now, at=world.now.isoformat(), **calls))
    world.start(bill(bill_id="b1"), plans=FIRST_CONTACT[:1])
    world.until(at("2026-03-02 12:00"))
    assert [when for when, _ in world.sent()] == [at("2026-03-02 11:00")]


@pytest.mark.parametrize("called_first", [True, False])
def test_a_cap_on_an_obligation_counts_what_its_other_party_was_told(called_first: bool) -> None:
    boston = Place(timezone="America/New_York", country="US", region="US-MA")
    by_sms = (StepPlan("text", "trigger", 0, timedelta(days=9), "text", channel="sms"),)
    both = [{"customer_id": "ann", "role": "borrower"}, {"customer_id": "bob", "role": "guarantor"}]
    world = World(at("2026-03-03 00:00"))
    calls = {"channel": "phone", "direction": "outbound", "outcome": "attempt"}

    def call() -> None:
        for hour in (1, 2):
            when = world.now - timedelta(hours=hour)
            about = {"at": when.isoformat(), "obligation_id": "b1"}
            world.hear(heard("contact.made", when, "bob", **about, **calls))

    if called_first:
        call()
    for name, parties in (("b1", both), ("b2", None)):
        event = bill("payment.missed", world.now, bill_id=name, parties=parties)
        world.start(event, plans=by_sms, purpose="collection", place=boston)
    if not called_first:
        call()
    told = world.claim()
    assert [one.obligation.id for one in told if isinstance(one, Dispatched)] == ["b2"]
    (deferred,) = [one for _, one in world.told if isinstance(one, Deferred)]
    assert (deferred.reason, deferred.rule) == ("cap", "us-ma/calls-and-texts")


STOPS = [
    (paid(at("2026-03-04 09:00")), "paid"),
    (heard("bill.closed", at("2026-03-04 09:00"), bill_id="b1", why="cancelled"), "cancelled"),
    (heard("bill.closed", at("2026-03-04 09:00"), bill_id="b1", why="paid"), "paid"),
    (heard("customer.hold_placed", at("2026-03-04 09:00"), kind="deceased"), "hold:deceased"),
    (
        heard("customer.hold_placed", at("2026-03-04 09:00"), kind="minor", obligation_id="b1"),
        "hold:minor",
    ),
    (
        heard(
            "customer.consent_changed",
            at("2026-03-04 09:00"),
            channel="*",
            purpose="*",
            status="revoked",
        ),
        "opted_out",
    ),
    (
        heard("contact.unsubscribed", at("2026-03-04 09:00"), channel="email", purpose="*"),
        "opted_out",
    ),
    (
        heard("agreement.made", at("2026-03-04 09:00"), obligation_id="b1", agreement_id="a1"),
        "agreement",
    ),
]


@pytest.mark.parametrize(("stop", "reason"), STOPS)
def test_what_settles_or_stops_cancels_all_that_is_planned(stop: Heard, reason: str) -> None:
    world = World()
    world.start(bill())
    world.now = at("2026-03-04 09:00")
    (ended,) = world.hear(stop)
    assert isinstance(ended, Cancelled)
    assert (ended.reason, ended.cause_event_id) == (reason, stop.id)
    world.until(at("2026-03-13 00:00"))
    assert world.sent() == []


@pytest.mark.parametrize("stop", [stop for stop, _ in STOPS[:3]])
def test_what_one_party_settles_is_settled_for_all(stop: Heard) -> None:
    world = World()
    world.start(bill())
    by_other = Heard("default", "bob", stop.type, "e2", stop.time, stop.data, stop.obligation_id)
    world.now = at("2026-03-04 09:00")
    (ended,) = world.hear(by_other)
    assert isinstance(ended, Cancelled)
    assert ended.enrolment.customer == "ann"


@pytest.mark.parametrize(
    "other",
    [
        heard("customer.hold_placed", START, kind="vulnerability"),
        heard("customer.hold_placed", START, kind="dispute", obligation_id="another"),
        heard("customer.hold_placed", START, kind="moratorium", until="2026-03-03T00:00:00Z"),
        heard(
            "customer.consent_changed", START, channel="sms", purpose="service", status="revoked"
        ),
        paid(START, bill_id="another"),
    ],
)
def test_what_is_about_something_else_stops_nothing_for_long(other: Heard) -> None:
    world = World()
    world.hear(other)
    world.now = at("2026-03-03 12:00")
    world.start(bill(time=world.now))
    world.until(at("2026-03-12 00:00"))
    assert len(world.sent()) == 3


def test_a_partial_payment_brings_the_new_amount() -> None:
    world = World()
    world.start(bill())
    assert world.hear(paid(START + timedelta(hours=2), remaining=4_500)) == []
    assert dispatch(world, "2026-03-05 12:00").obligation.amount_minor == 4_500


def test_a_lower_version_changes_nothing_and_late_news_takes_nothing_back() -> None:
    world = World()
    world.start(bill(version=5))
    world.hear(bill("bill.updated", START + timedelta(hours=1), version=4, amount_minor=1))
    world.hear(bill("bill.updated", START - timedelta(hours=1), amount_minor=2))
    assert world.book.obligations["default", "bill", "b1"].amount_minor == 12_000


def test_a_pending_payment_waits_and_a_failed_one_goes_on() -> None:
    world = World()
    world.start(bill())
    world.hear(paid(START + timedelta(hours=1), pending=True))
    world.until(at("2026-03-05 12:00"))
    assert world.sent() == []
    world.hear(
        heard(
            "payment.failed",
            world.now,
            bill_id="b1",
            payment_id="p1",
            amount_minor=1,
            currency="EUR",
            remaining_minor=12_000,
        )
    )
    world.until(at("2026-03-06 12:00"))
    assert [name for _, name in world.sent()] == ["t-7"]


def test_marketing_needs_consent_and_says_so() -> None:
    world = World()
    place = Place(timezone="Europe/Paris", country="FR")
    world.start(bill(), purpose="marketing", place=place)
    world.until(at("2026-03-13 00:00"))
    assert world.sent() == []
    told = [o for _, o in world.told if isinstance(o, Suppressed)]
    assert {(o.reason, o.rule) for o in told} == {("no_consent", "default/consent.offers")}


def test_a_pause_defers_what_keeps_and_suppresses_what_does_not() -> None:
    world = World()
    world.start(bill())
    hearing.pause(world.book, "default", "ann", at("2026-03-06 15:00"), PACKS, world.now)
    world.until(at("2026-03-09 12:00"))
    assert world.sent() == [(at("2026-03-06 15:00"), "t-7"), (at("2026-03-09 10:00"), "t-3")]
    hearing.pause(world.book, "default", "ann", at("2026-03-20 15:00"), PACKS, world.now)
    world.until(at("2026-03-21 12:00"))
    assert len(world.sent()) == 2


def test_sent_and_unknown_end_a_step_and_the_last_one_completes() -> None:
    world = World()
    world.start(bill())
    for type in ("message.sent", "message.unknown", "message.sent"):
        one = dispatch(world, "2026-03-12 00:00")
        world.answer(one, type, reason="timeout")
    assert isinstance(world.told[-1][1], Completed)
    assert len(world.book.contacts_of(("default", "ann"))) == 3


def refused(**more: Any) -> dict[str, Any]:
    return {"type": "message.refused", "reason": "hours", "rule": "r", "rule_version": 2, **more}


def test_a_retryable_refusal_is_tried_again_when_it_may_and_counts_once() -> None:
    world = World()
    world.start(bill())
    one = dispatch(world, "2026-03-05 12:00")
    later = at("2026-03-05 18:00")
    world.answer(one, **refused(retryable=True, not_before=later.isoformat()))
    again = dispatch(world, "2026-03-05 20:00")
    assert (again.decided_at, again.step.attempt) == (later, 2)
    assert again.step.dispatch_id != one.step.dispatch_id
    assert len(world.book.contacts_of(("default", "ann"))) == 1


def test_a_final_refusal_is_no_contact_and_is_not_tried_again() -> None:
    world = World()
    world.start(bill())
    world.answer(dispatch(world, "2026-03-05 12:00"), **refused(retryable=False))
    assert world.book.contacts_of(("default", "ann")) == []
    world.until(at("2026-03-08 00:00"))
    assert len(world.sent()) == 1


def test_attempts_are_bounded() -> None:
    world = World()
    world.start(bill(), plans=(StepPlan("t-7", "due", -7, timedelta(days=9), "early", at="10:00"),))
    while (one := world.next_dispatch(at("2026-03-10 00:00"))) is not None:
        world.answer(one, "message.failed", reason="relay", retryable=True)
    steps = list(world.book.steps.values())
    assert [(step.state, step.attempt) for step in steps] == [(StepState.FAILED, 5)]


def test_answers_to_other_dispatches_are_ignored() -> None:
    world = World()
    world.start(bill())
    one = dispatch(world, "2026-03-05 12:00")
    stranger = heard("message.sent", world.now, "ann", step_id=one.step.id, dispatch_id="other")
    assert (
        world.hear(stranger, heard("message.sent", world.now, step_id="?", dispatch_id="?")) == []
    )
    assert world.book.steps[one.step.id].state is StepState.DISPATCHED


def test_the_contact_counts_from_the_messengers_check() -> None:
    world = World()
    world.start(bill())
    one = dispatch(world, "2026-03-05 12:00")
    checked = at("2026-03-05 10:07")
    world.answer(one, "message.intended", checked_at=checked.isoformat())
    assert [c.at for c in world.book.contacts_of(("default", "ann"))] == [checked]


def test_a_step_on_its_way_is_named_when_its_enrolment_is_cancelled() -> None:
    world = World()
    world.start(bill())
    one = dispatch(world, "2026-03-05 12:00")
    (ended,) = world.hear(paid(world.now))
    assert isinstance(ended, Cancelled)
    assert one.step.id in ended.step_ids
    world.answer(one, **refused(retryable=True))
    assert world.book.steps[one.step.id].state is StepState.REFUSED


def test_a_bill_and_a_subscription_of_the_same_id_are_two_things() -> None:
    world = World()
    world.start(bill())
    plan = heard(
        "subscription.expiring",
        START,
        subscription_id="b1",
        plan="Gold",
        expires_on="2026-03-12",
        price_minor=900,
        currency="EUR",
    )
    world.start(plan, playbook="subscription-retain")
    (ended,) = world.hear(paid(START + timedelta(hours=1)))
    assert isinstance(ended, Cancelled)
    assert ended.enrolment.playbook == "bill-reminder"
    assert dispatch(world, "2026-03-05 12:00").obligation.kind == "subscription"
    held = heard("customer.hold_placed", world.now, kind="minor", obligation_id="b1")
    (ended,) = world.hear(held)  # a hold names no kind: it stops whatever goes by the id
    assert isinstance(ended, Cancelled)
    assert ended.enrolment.playbook == "subscription-retain"


def test_while_payments_may_be_missing_reminders_wait_and_benefits_do_not() -> None:
    world = World()
    world.book.unsure_until = at("2026-03-05 10:05")
    world.start(bill())
    world.now = at("2026-03-05 10:00")
    (deferred,) = world.claim()
    assert isinstance(deferred, Deferred)
    assert (deferred.reason, deferred.rule) == ("payment_lag", "payment_lag")
    assert deferred.step.due_at == at("2026-03-05 10:05")
    granted = heard("benefit.granted", world.now, "bob", benefit_id="g1", kind="coupon", title="x")
    world.start(granted, plans=FIRST_CONTACT, playbook="benefit-notice")
    assert any(isinstance(one, Dispatched) for one in world.claim())
    world.book.unsure_until = None
    assert dispatch(world, "2026-03-05 10:06").step.plan.name == "t-7"


def test_a_step_that_was_put_off_does_not_follow_a_later_one_that_has_gone() -> None:
    world = World(START)
    event = bill("payment.missed", world.now, due_date="2026-02-27")
    world.start(event, plans=LONG, purpose="collection")
    first, _ = world.book.steps.values()
    world.book.put(msgspec.structs.replace(first, due_at=at("2026-03-05 11:20")))
    world.now = at("2026-03-05 16:00")
    told = world.claim()
    assert [one.step.plan.name for one in told if isinstance(one, Dispatched)] == ["second"]
    (ended,) = [one for one in told if isinstance(one, Suppressed)]
    assert (ended.step and ended.step.plan.name, ended.reason) == ("first", "superseded")
