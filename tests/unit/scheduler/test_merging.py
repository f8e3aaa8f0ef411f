"""Two ids that turn out to be one customer: no promise given to either breaks."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from scheduler_world import FIRST_CONTACT, PACKS, TENANT, World, at, bill, command, heard, paid

from services.scheduler.model import (
    Dispatched,
    Enrolled,
    ExitRule,
    Heard,
    LiftRefused,
    Outcome,
    Planned,
    Suppressed,
)
from services.scheduler.rules import hearing, merging
from services.scheduler.rules.holds import lifted_from, standing

NOON = at("2026-03-13 12:00")
BOB = (TENANT, "bob")


def of(customer: str, event: Heard) -> Heard:
    return heard(event.type, event.time, customer, **event.data)


def begin(world: World, customer: str, name: str, **more: Any) -> list[Outcome]:
    event = of(customer, bill("payment.missed", world.now, bill_id=name))
    return world.start(event, plans=FIRST_CONTACT, purpose="collection", **more)


def merge(world: World, old: str = "ann", into: str = "bob") -> list[Outcome]:
    return world.hear(heard("customer.merged", world.now, old, into=into))


def dispatched(world: World, until: str) -> list[tuple[str, str]]:
    told = world.until(at(until))
    return [(o.customer.id, o.step.plan.name) for o in told if isinstance(o, Dispatched)]


def test_what_was_still_to_come_goes_on_under_the_id_that_stays() -> None:
    world = World(NOON)
    begin(world, "ann", "b1")
    assert dispatched(world, "2026-03-14 12:00") == [("ann", "first")]
    told = merge(world)
    (carried,) = [one.enrolment for one in told if isinstance(one, Enrolled)]
    assert carried.customer == "bob"
    assert carried.continues is not None
    assert [one.step.plan.name for one in told if isinstance(one, Planned)] == ["second"]
    assert "bob" in world.book.obligations[TENANT, "bill", "b1"].parties
    assert dispatched(world, "2026-03-20 12:00") == [("bob", "second")]


def test_what_was_put_off_when_ids_became_one_is_put_off_as_long() -> None:
    world = World(at("2026-03-13 23:00"))
    begin(world, "ann", "b1")
    assert world.claim() == []
    world.now += timedelta(hours=1)
    merge(world)
    assert dispatched(world, "2026-03-14 12:00") == [("bob", "first")]


def test_what_was_paused_stays_paused() -> None:
    world = World(NOON)
    begin(world, "ann", "b1")
    (running,) = world.book.enrolments.values()
    hearing.pause_enrolment(world.book, running, None)
    merge(world)
    assert dispatched(world, "2026-03-14 12:00") == []


def test_a_running_enrolment_of_the_one_that_stays_is_not_doubled() -> None:
    world = World(NOON)
    begin(world, "ann", "b1")
    begin(world, "bob", "b1")
    merge(world)
    active = [one.customer for one in world.book.enrolments.values() if one.active]
    assert active == ["bob"]


@pytest.mark.parametrize("how", ["an exit ended it", "it was complete"])
def test_who_had_it_all_under_the_id_that_stays_gets_none_of_it_again(how: str) -> None:
    world = World(NOON)
    exits = (ExitRule("message.replied", "answered"),)
    begin(world, "bob", "b1", exits=exits)
    if how == "an exit ended it":
        assert dispatched(world, "2026-03-13 13:00") == [("bob", "first")]
        world.hear(heard("message.replied", world.now, "bob", obligation_id="b1"))
    else:
        sent = [("bob", "first"), ("bob", "second")]
        assert dispatched(world, "2026-03-16 13:00") == sent
        for _, told in world.told:
            if isinstance(told, Dispatched):
                world.answer(told)
    begin(world, "ann", "b1", exits=exits)
    merge(world)
    assert dispatched(world, "2026-03-26 12:00") == []


def test_what_may_begin_again_by_its_own_rule_goes_on_under_the_id_that_stays() -> None:
    world = World(NOON)
    exits = (ExitRule("message.replied", "answered"),)
    begin(world, "bob", "b1", exits=exits, reentry="after_end")
    assert dispatched(world, "2026-03-13 13:00") == [("bob", "first")]
    world.hear(heard("message.replied", world.now, "bob", obligation_id="b1"))
    begin(world, "ann", "b1", exits=exits, reentry="after_end")
    merge(world)
    assert dispatched(world, "2026-03-20 12:00") == [("bob", "first"), ("bob", "second")]


def test_contacts_under_both_ids_count_for_every_cap() -> None:
    world = World(NOON)
    for number, customer in enumerate(["ann", "ann", "bob"]):
        begin(world, customer, f"b{number}")
        assert len(dispatched(world, f"2026-03-13 {14 + number}:00")) == 1
    merge(world)
    begin(world, "bob", "b9")
    assert dispatched(world, "2026-03-15 20:00") == []
    assert len(world.book.contacts_of(BOB)) == 3
    assert world.book.contacts_of((TENANT, "ann")) == []


def test_a_contact_that_was_not_made_after_all_is_given_back() -> None:
    world = World(NOON)
    begin(world, "ann", "b1")
    (told,) = [one for one in world.claim() if isinstance(one, Dispatched)]
    merge(world)
    assert len(world.book.contacts_of(BOB)) == 1
    world.answer(told, "message.refused", reason="merged", rule="customer", retryable=True)
    assert world.book.contacts_of(BOB) == []


def test_what_the_messenger_refused_since_it_heard_first_goes_on_under_the_id_that_stays() -> None:
    world = World(NOON)
    begin(world, "ann", "b1")
    (told,) = [one for one in world.claim() if isinstance(one, Dispatched)]
    world.answer(told, "message.refused", reason="merged", rule="customer", retryable=True)
    merge(world)
    assert dispatched(world, "2026-03-20 12:00") == [("bob", "first"), ("bob", "second")]


def under_way(world: World) -> Dispatched:
    """A step that is on its way when the scheduler hears of the merging."""
    begin(world, "ann", "b1")
    (told,) = [one for one in world.claim() if isinstance(one, Dispatched)]
    merge(world)
    return told


ANSWERS = [
    ("message.refused", {"reason": "merged", "retryable": True}, ["first", "second"]),
    ("message.refused", {"reason": "cancelled", "retryable": False}, ["first", "second"]),
    ("message.refused", {"reason": "hours", "retryable": True}, ["first", "second"]),
    ("message.failed", {"reason": "relay", "retryable": True}, ["first", "second"]),
    ("message.failed", {"reason": "no_such_address", "retryable": False}, ["second"]),
    ("message.sent", {}, ["second"]),
    ("message.unknown", {}, ["second"]),
]


@pytest.mark.parametrize(("kind", "said", "follows"), ANSWERS)
@pytest.mark.parametrize("into", ["bob", "cho"])
def test_a_step_on_its_way_when_ids_became_one_goes_out_once(
    kind: str, said: dict[str, Any], follows: list[str], into: str
) -> None:
    world = World(NOON)
    told = under_way(world)
    if into == "cho":
        merge(world, "bob", "cho")
    world.now += timedelta(minutes=5)
    world.answer(told, kind, **said)
    assert dispatched(world, "2026-03-20 12:00") == [(into, name) for name in follows]


def test_what_failed_is_tried_later_under_the_id_that_stays_too() -> None:
    world = World(NOON)
    told = under_way(world)
    world.answer(told, "message.failed", reason="relay", retryable=True)
    (step,) = (one for one in world.book.steps.values()
               if one.customer == "bob" and one.plan.name == "first")  # fmt: skip
    assert step.due_at >= NOON + timedelta(minutes=15)
    assert dispatched(world, "2026-03-13 12:00") == []


@pytest.mark.parametrize("into", ["bob", "cho"])
def test_the_last_step_that_was_on_its_way_goes_out_though_nothing_was_left_to_do(
    into: str,
) -> None:
    world = World(NOON)
    begin(world, "ann", "b1")
    assert dispatched(world, "2026-03-13 14:00") == [("ann", "first")]
    world.now = at("2026-03-16 10:00")
    (told,) = [one for one in world.claim() if isinstance(one, Dispatched)]
    merge(world)
    if into == "cho":
        merge(world, "bob", "cho")
    world.answer(told, "message.refused", reason="cancelled", retryable=False)
    assert dispatched(world, "2026-03-20 12:00") == [(into, "second")]


@pytest.mark.parametrize("what", ["their own enrolment", "settled", "opted out", "too late"])
def test_a_step_on_its_way_when_ids_became_one_is_not_made_up_for(what: str) -> None:
    world = World(NOON)
    if what == "their own enrolment":
        begin(world, "bob", "b1")
        assert dispatched(world, "2026-03-13 12:30") == [("bob", "first")]
    told = under_way(world)
    match what:
        case "settled":
            world.hear(of("bob", paid(world.now)))
        case "opted out":
            off = {"channel": "email", "purpose": "*"}
            world.hear(heard("contact.unsubscribed", world.now, "bob", **off))
        case "too late":
            world.now += timedelta(days=2, hours=12)
    world.answer(told, "message.refused", reason="cancelled", retryable=False)
    assert ("bob", "first") not in dispatched(world, "2026-03-20 12:00")


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize(
    "word",
    [
        heard("contact.unsubscribed", NOON, channel="email", purpose="*"),
        heard("customer.hold_placed", NOON, kind="dispute"),
        heard("customer.consent_changed", NOON, channel="*", purpose="*", status="revoked"),
    ],
)
def test_a_word_against_contact_binds_under_either_id(word: Heard, before: bool) -> None:
    world = World(NOON)
    begin(world, "bob", "b1")
    if before:
        world.hear(word)
    merge(world)
    if not before:
        world.hear(word)
    assert dispatched(world, "2026-03-20 12:00") == []


def test_the_stricter_word_counts_whatever_the_one_that_stays_said_later() -> None:
    world = World(NOON)
    world.hear(heard("contact.unsubscribed", NOON, "ann", channel="email", purpose="*"))
    on = {"email/*": "on"}
    world.hear(heard("contact.preference_changed", at("2026-03-13 13:00"), "bob", changes=on))
    begin(world, "bob", "b1")
    merge(world)
    assert dispatched(world, "2026-03-20 12:00") == []


def test_who_opted_out_by_mail_under_one_id_gets_no_text_under_the_other() -> None:
    world = World(NOON)
    world.hear(heard("contact.unsubscribed", NOON, "ann", channel="email", purpose="collection"))
    world.hear(heard("customer.updated", NOON, "bob", channels={"email": "h", "sms": "h"}))
    merge(world)
    both = (msgspec.structs.replace(FIRST_CONTACT[0], channels=("email", "sms")),)
    event = of("bob", bill("payment.missed", world.now))
    world.start(event, plans=both, purpose="collection")
    assert dispatched(world, "2026-03-20 12:00") == []


@pytest.mark.parametrize("stays", ["ann", "bob"])
@pytest.mark.parametrize(
    ("kind", "word"), [("dispute", "hold.lifted"), ("deceased", "hold.lifted"),
                       ("dispute", "customer.hold_lifted")],
)  # fmt: skip
def test_a_hold_that_one_id_is_rid_of_stands_as_long_as_the_others(
    kind: str, word: str, stays: str
) -> None:
    world = World(NOON)
    for who in ("ann", "bob"):
        world.hear(heard("customer.hold_placed", NOON, who, kind=kind))
    later = NOON + timedelta(hours=1)
    world.hear(heard(word, later, "ann", kind=kind))
    if kind == "deceased":
        world.hear(heard("customer.hold_lifted", later, "bob", kind=kind))
    world.now = later + timedelta(hours=1)
    merge(world, old="bob" if stays == "ann" else "ann", into=stays)
    held = standing(world.book.customer(TENANT, stays), PACKS, later)
    assert [one.kind for one in held] == [kind]


def test_a_hold_stands_that_was_placed_after_a_lifting_told_late() -> None:
    world = World(NOON)
    for customer, hour in (("ann", 9), ("bob", 11)):
        placed = at(f"2026-03-13 {hour:02}:00")
        world.hear(heard("customer.hold_placed", placed, customer, kind="dispute"))
    merge(world)
    world.hear(heard("customer.hold_lifted", at("2026-03-13 10:00"), "bob", kind="dispute"))
    begin(world, "bob", "b1")
    assert dispatched(world, "2026-03-20 12:00") == []


@pytest.mark.parametrize("word", ["hold.lifted", "customer.hold_lifted"])
@pytest.mark.parametrize("said_of", ["ann", "bob", "cho"])
@pytest.mark.parametrize("placed_of", ["ann", "bob", "cho"])
@pytest.mark.parametrize("heard_first", ["merging", "words"])
def test_a_lifting_told_since_ids_are_one_counts_for_all_in_whatever_order_it_is_heard(
    heard_first: str, placed_of: str, said_of: str, word: str
) -> None:
    world = World(NOON)
    one, two = NOON - timedelta(hours=5), NOON - timedelta(hours=4)
    ways = [
        heard("customer.merged", one, "ann", into="bob"),
        heard("customer.merged", two, "bob", into="cho"),
    ]
    words = [
        heard("customer.hold_placed", NOON - timedelta(hours=6), placed_of, kind="dispute"),
        heard(word, NOON - timedelta(hours=3), said_of, kind="dispute"),
    ]
    world.hear(*(ways + words if heard_first == "merging" else words + ways))
    assert standing(world.book.customer(TENANT, "cho"), PACKS, NOON) == []
    begin(world, "cho", "b1")
    assert dispatched(world, "2026-03-14 12:00") == [("cho", "first")]


@pytest.mark.parametrize("said_of", ["ann", "bob"])
def test_what_waits_for_a_hold_goes_on_when_it_is_lifted_under_any_id(said_of: str) -> None:
    world = World(NOON)
    world.hear(heard("customer.hold_placed", NOON, "ann", kind="dispute"))
    begin(world, "ann", "b1")
    merge(world)
    assert dispatched(world, "2026-03-13 15:00") == []
    world.hear(heard("hold.lifted", world.now, said_of, kind="dispute"))
    assert dispatched(world, "2026-03-13 18:00") == [("bob", "first")]


def test_what_only_an_operator_lifts_is_kept_from_the_publisher_under_any_id() -> None:
    world = World(NOON)
    world.hear(heard("customer.hold_placed", NOON, "ann", kind="deceased"))
    merge(world)
    later = NOON + timedelta(hours=1)
    told = world.hear(heard("customer.hold_lifted", later, "bob", kind="deceased"))
    assert [one.kind for one in told if isinstance(one, LiftRefused)] == ["deceased"]


def test_an_operators_word_comes_after_all_that_it_is_to_reach() -> None:
    world = World(NOON)
    ahead = NOON + timedelta(hours=20)
    world.hear(heard("customer.hold_placed", NOON, "ann", kind="dispute"))
    world.hear(heard("customer.merged", ahead, "ann", into="bob"))
    person = world.book.customer(*BOB)
    said_at = max(lifted_from(person, standing(person, PACKS, NOON)))
    assert said_at > ahead
    lift = {"kind": "dispute", "at": said_at.isoformat()}
    world.hear(heard("hold.lifted", NOON, "bob", **lift))
    assert standing(world.book.customer(*BOB), PACKS, NOON) == []


@pytest.mark.parametrize(("outcome", "goes_on"), [("passed_to_creditor", False), ("done", True)])
def test_a_person_may_be_turned_to_under_the_old_id(outcome: str, goes_on: bool) -> None:
    world = World(NOON)
    begin(world, "ann", "b1", exits=(ExitRule("handoff.requested", "person"),))
    merge(world)
    asked = {"handoff_id": "h1", "case_id": "c1", "obligation_id": "b1", "reason": "question"}
    world.hear(heard("handoff.requested", NOON, **asked))
    world.hear(heard("handoff.resolved", NOON, handoff_id="h1", outcome=outcome))
    assert bool(dispatched(world, "2026-03-20 12:00")) is goes_on


def test_wishes_of_either_id_are_kept_and_the_fewest_messages_count() -> None:
    world = World(NOON)
    for who, wishes in (
        ("ann", {"hours": "08:00-12:00", "max_a_week": 1}),
        ("bob", {"max_a_week": 2}),
    ):
        world.hear(heard("contact.preference_changed", NOON, who, changes=wishes))
    merge(world)
    stays = world.book.customers[BOB]
    assert (stays.hours, stays.max_a_week) == ("08:00-12:00", 1)
    begin(world, "bob", "b1")
    begin(world, "bob", "b2")
    assert dispatched(world, "2026-03-18 20:00") == [("bob", "first")]
    assert world.sent()[0][0].hour == 8


def test_the_same_news_twice_and_merged_back_change_nothing() -> None:
    world = World(NOON)
    begin(world, "ann", "b1")
    merge(world)
    before = dict(world.book.customers)
    assert merge(world) == []
    assert merge(world, "bob", "ann") == []
    assert world.book.customers == before
    assert merging.survivor(world.book, (TENANT, "ann")) == BOB


def test_whom_an_id_was_merged_into_may_be_merged_in_turn() -> None:
    world = World(NOON)
    begin(world, "ann", "b1")
    merge(world)
    merge(world, "bob", "cho")
    assert merging.survivor(world.book, (TENANT, "ann")) == (TENANT, "cho")
    assert {one.customer for one in world.book.enrolments.values() if one.active} == {"cho"}
    world.hear(heard("contact.unsubscribed", world.now, "ann", channel="email", purpose="*"))
    assert dispatched(world, "2026-03-20 12:00") == []


def test_a_command_for_the_old_id_begins_nothing_and_says_why() -> None:
    world = World(NOON)
    merge(world)
    event = bill("payment.missed", world.now)
    told = world.order(command(event, plans=FIRST_CONTACT))
    assert [(o.reason, o.rule) for o in told if isinstance(o, Suppressed)] == [
        ("merged", "customer.merged")
    ]
