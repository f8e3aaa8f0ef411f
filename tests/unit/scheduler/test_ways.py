"""By which channel a step goes, and what follows when a message does not reach the customer."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from scheduler_world import START, World, at, bill, heard

from services.scheduler.model import (
    Cancelled,
    Dispatched,
    ExitRule,
    Outcome,
    Planned,
    StepPlan,
    Suppressed,
)

BOTH = ("email", "sms")
TWO_STEPS = (
    StepPlan("t-7", "due", -7, timedelta(days=2), "early", at="10:00", channels=BOTH),
    StepPlan("t-3", "due", -3, timedelta(days=1), "soon", at="10:00", channels=BOTH),
)
ONE_STEP = TWO_STEPS[:1]
UNREACHABLE = ExitRule("message.bounced", "unreachable", 'kind == "hard"')
FIRST, SECOND = at("2026-03-05 10:00"), at("2026-03-09 10:00")


def reachable(**channels: str | None) -> World:
    """A world whose customer has told these addresses."""
    world = World()
    world.hear(heard("customer.updated", channels=channels))
    return world


def begin(world: World, plans: tuple[StepPlan, ...] = TWO_STEPS, **more: Any) -> World:
    world.start(bill(), plans=plans, exits=(UNREACHABLE,), **more)
    return world


def gone(world: World) -> list[tuple[datetime, str]]:
    """When, and by which channel, each dispatch went."""
    return [
        (when, one.step.plan.channel) for when, one in world.told if isinstance(one, Dispatched)
    ]


def dispatched(world: World) -> Dispatched:
    found = world.next_dispatch(at("2026-03-13 00:00"))
    assert found is not None
    return found


def bounce(world: World, told: Dispatched, **data: Any) -> list[Outcome]:
    given = {"kind": "hard", "channel": told.step.plan.channel, "step_id": told.step.id, **data}
    return world.hear(heard("message.bounced", world.now, message_id="m", **given))


def test_the_first_channel_is_taken_where_it_is_open() -> None:
    world = begin(reachable(email="h", sms="h"))
    world.until(at("2026-03-13 00:00"))

    assert gone(world) == [(FIRST, "email"), (SECOND, "email")]


@pytest.mark.parametrize(
    "words",
    [
        heard("customer.updated", channels={"email": None}),
        heard("contact.preference_changed", changes={"email/*": "off"}),
        heard("contact.right_party", confirmed=False, channel="email"),
        heard("customer.consent_changed", channel="email", purpose="*", status="revoked"),
    ],
)
def test_the_next_is_taken_where_the_first_is_shut(words: Any) -> None:
    world = reachable(email="h", sms="h")
    world.hear(words)
    begin(world).until(at("2026-03-13 00:00"))

    assert gone(world) == [(FIRST, "sms"), (SECOND, "sms")]


def test_without_a_number_nothing_goes_by_sms() -> None:
    world = reachable(email="h")
    world.hear(heard("contact.preference_changed", changes={"email/*": "off"}))
    begin(world).until(at("2026-03-13 00:00"))

    assert gone(world) == []


def test_who_opts_out_by_one_channel_is_not_written_to_by_another() -> None:
    world = begin(reachable(email="h", sms="h"))
    dispatched(world)
    told = world.hear(heard("contact.unsubscribed", world.now, channel="email", purpose="service"))
    world.until(at("2026-03-13 00:00"))

    assert [one.reason for one in told if isinstance(one, Cancelled)] == ["opted_out"]
    assert len(gone(world)) == 1


def test_who_takes_an_opt_out_back_is_written_to_again() -> None:
    world = reachable(email="h", sms="h")
    world.hear(heard("contact.unsubscribed", channel="email", purpose="service"))
    on = {"email/service": "on"}
    later = START + timedelta(minutes=1)
    world.hear(heard("contact.preference_changed", later, changes=on))
    begin(world, ONE_STEP).until(at("2026-03-13 00:00"))

    assert gone(world) == [(FIRST, "email")]


def test_a_hard_bounce_leads_to_one_new_step_by_the_next_channel() -> None:
    world = begin(reachable(email="h", sms="h"))
    first = dispatched(world)
    world.answer(first)
    told = bounce(world, first)
    again = bounce(world, first)
    world.until(at("2026-03-13 00:00"))

    [planned] = [one for one in told if isinstance(one, Planned)]
    assert planned.instead_of == first.step.id
    assert planned.step.id != first.step.id
    assert again == []
    an_hour_later = FIRST + timedelta(hours=1)  # what bounced was sent
    assert gone(world) == [(FIRST, "email"), (an_hour_later, "sms"), (SECOND, "sms")]


def test_the_new_step_passes_the_same_caps() -> None:
    world = reachable(email="h", sms="h")
    for day in (3, 4):
        made = {"channel": "phone", "direction": "outbound", "outcome": "reached"}
        when = at(f"2026-03-0{day} 10:00")
        world.hear(heard("contact.made", when, at=when.isoformat(), **made))
    begin(world, ONE_STEP)
    first = dispatched(world)
    world.answer(first)
    bounce(world, first)
    world.until(at("2026-03-13 00:00"))

    assert len(gone(world)) == 1
    [left] = [one for _, one in world.told if isinstance(one, Suppressed)]
    assert left.rule == "default/week"


@pytest.mark.parametrize(
    ("end", "data"),
    [
        ("message.failed", {"reason": "recipient_refused", "dead_address": True}),
        ("message.refused", {"reason": "no_address"}),
        ("message.refused", {"reason": "suppressed:hard_bounce"}),
        ("message.refused", {"reason": "channel_not_served"}),
    ],
)
def test_what_was_never_sent_goes_by_the_next_channel_too(end: str, data: dict[str, Any]) -> None:
    world = begin(reachable(email="h", sms="h"), ONE_STEP)
    world.answer(dispatched(world), end, channel="email", retryable=False, **data)
    world.until(at("2026-03-13 00:00"))

    assert gone(world) == [(FIRST, "email"), (FIRST, "sms")]


@pytest.mark.parametrize(
    ("end", "data"),
    [
        ("message.unknown", {"reason": "sender_lost"}),
        ("message.failed", {"reason": "content_refused"}),
        ("message.failed", {"reason": "opted_out_at_provider", "dead_address": True}),
        ("message.refused", {"reason": "suppressed:unsubscribed"}),
        ("message.refused", {"reason": "settled"}),
    ],
)
def test_what_may_have_arrived_or_is_not_wanted_goes_by_no_other(
    end: str, data: dict[str, Any]
) -> None:
    world = begin(reachable(email="h", sms="h"), ONE_STEP)
    world.answer(dispatched(world), end, channel="email", retryable=False, **data)
    world.until(at("2026-03-13 00:00"))

    assert gone(world) == [(FIRST, "email")]


def test_where_no_channel_is_left_the_enrolment_ends_as_its_playbook_says() -> None:
    world = begin(reachable(email="h", sms="h"))
    by_mail = dispatched(world)
    world.answer(by_mail)
    bounce(world, by_mail)
    by_sms = dispatched(world)
    world.answer(by_sms)
    told = bounce(world, by_sms)

    assert [one.reason for one in told if isinstance(one, Cancelled)] == ["unreachable"]


def test_a_dead_number_ends_nothing_that_goes_by_mail_alone() -> None:
    world = reachable(email=None, sms="h")
    by_sms = (msgspec.structs.replace(ONE_STEP[0], channels=(), channel="sms"),)
    begin(world, by_sms, playbook="texts")
    world.start(bill(bill_id="b2"), exits=(UNREACHABLE,), playbook="letters")
    first = dispatched(world)
    world.hear(heard("customer.updated", world.now, channels={"email": "h"}))
    world.answer(first)
    told = bounce(world, first)

    assert first.step.plan.channel == "sms"
    assert [one for one in told if isinstance(one, Cancelled)] == []
    active = [one.playbook for one in world.book.enrolments.values() if one.active]
    assert "letters" in active
    told = bounce(world, first, channel="email")
    assert [one.enrolment.playbook for one in told if isinstance(one, Cancelled)] == ["letters"]


def test_a_new_address_is_tried_again() -> None:
    world = begin(reachable(email="h", sms="h"))
    first = dispatched(world)
    world.answer(first)
    bounce(world, first)
    world.hear(heard("customer.updated", world.now, channels={"email": "other"}))
    world.until(at("2026-03-13 00:00"))

    assert gone(world)[-1] == (SECOND, "email")


LET_IN = heard("contact.right_party", confirmed=True, channel="email", message_id="m-0")


def test_who_was_let_in_finds_on_the_page_what_came_back() -> None:
    plan = msgspec.structs.replace(ONE_STEP[0], channels=("email", "in_app"))
    world = reachable(email="h")
    world.hear(LET_IN)
    first = dispatched(begin(world, (plan,)))
    world.answer(first)
    bounce(world, first)
    world.until(at("2026-03-13 00:00"))

    assert gone(world) == [(FIRST, "email"), (FIRST + timedelta(hours=1), "in_app")]


@pytest.mark.parametrize(
    ("words", "is_open"),
    [
        ((), False),
        ((LET_IN,), True),
        ((heard("contact.right_party", confirmed=True, channel="email"),), False),
        ((LET_IN, heard("contact.right_party", confirmed=False, channel="sms")), False),
        ((LET_IN, heard("customer.erased")), False),
    ],
)
def test_the_page_is_open_to_whoever_was_let_in(words: tuple[Any, ...], is_open: bool) -> None:
    world = reachable(email="h")
    world.hear(*words)
    [customer] = world.book.customers.values()

    assert customer.has_address("in_app") is is_open


def test_a_playbook_of_one_channel_ends_with_its_address_as_before() -> None:
    world = World(START)
    world.start(bill(), exits=(UNREACHABLE,))
    first = dispatched(world)
    world.answer(first)
    told = bounce(world, first)

    assert [one.reason for one in told if isinstance(one, Cancelled)] == ["unreachable"]
    assert not any(isinstance(one, Planned) for one in told)
