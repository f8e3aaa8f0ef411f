"""A trigger from before a person took over means the same whenever it is told."""

from datetime import timedelta
from typing import Any

import pytest
from scheduler_world import FIRST_CONTACT, World, at, bill, command, heard, paid

from services.scheduler.model import Cancelled, Completed, Dispatched, ExitRule, Heard

MISSED = at("2026-03-13 12:00")
ASKED = MISSED + timedelta(hours=1)
RESOLVED = MISSED + timedelta(hours=2)
EXITS = (ExitRule("handoff.requested", "person"),)


def asked(about: str | None = "b1", reason: str = "question", customer: str = "ann") -> Heard:
    data: dict[str, Any] = {"handoff_id": "h1", "case_id": "c1", "reason": reason}
    if about is not None:
        data["obligation_id"] = about
    return heard("handoff.requested", ASKED, customer, **data)


def resolved(outcome: str, customer: str = "ann") -> Heard:
    return heard("handoff.resolved", RESOLVED, customer, handoff_id="h1", outcome=outcome)


def live(*told: Heard, purpose: str = "collection", exits: Any = EXITS) -> list[str]:
    """What goes out in the end, where this is told in this order."""
    world = World(RESOLVED + timedelta(minutes=30))
    for event in told:
        world.hear(event)
        if event.type == "payment.missed":
            order = command(event, plans=FIRST_CONTACT, purpose=purpose, exits=exits)
            world.order(order)
    told_later = world.until(at("2026-03-20 12:00"))
    return [one.step.plan.name for one in told_later if isinstance(one, Dispatched)]


def in_each_order(outcome: str | None, **how: Any) -> list[list[str]]:
    missed = bill("payment.missed", MISSED)
    about = [asked(how.pop("about", "b1")), *([resolved(outcome)] if outcome else [])]
    return [live(*about[:n], missed, *about[n:], **how) for n in range(len(about) + 1)]


@pytest.mark.parametrize("purpose", ["collection", "service"])
@pytest.mark.parametrize("about", ["b1", None])
@pytest.mark.parametrize("outcome", ["passed_to_creditor", None])
def test_what_a_person_has_is_theirs_in_each_order(
    outcome: str | None, about: str | None, purpose: str
) -> None:
    assert all(sent == [] for sent in in_each_order(outcome, about=about, purpose=purpose))


def test_what_is_handed_back_goes_on_in_each_order() -> None:
    assert all("second" in sent for sent in in_each_order("done"))


def test_another_matter_and_what_happened_later_begin() -> None:
    kept = asked("b2"), resolved("passed_to_creditor")
    assert live(*kept, bill("payment.missed", MISSED)) != []
    later = bill("payment.missed", RESOLVED)
    assert live(asked(), resolved("passed_to_creditor"), later) != []


def test_a_playbook_that_no_person_ends_goes_on() -> None:
    kept = asked(), resolved("passed_to_creditor")
    assert live(*kept, bill("payment.missed", MISSED), exits=()) != []


def test_what_an_exit_keeps_is_kept() -> None:
    exits = (ExitRule("handoff.requested", "person", keep=("second",)),)
    for sent in in_each_order("passed_to_creditor", exits=exits):
        assert sent == ["second"]


def test_it_says_that_a_person_has_it_and_by_which_fact() -> None:
    world = World(RESOLVED)
    world.hear(asked(), resolved("passed_to_creditor"))
    told = world.start(bill("payment.missed", MISSED), plans=FIRST_CONTACT, exits=EXITS)
    [ended] = [one for one in told if isinstance(one, Cancelled)]
    assert (ended.reason, ended.enrolment.ended_by) == ("person", "handoff.kept")
    assert ended.cause_event_id == asked().id


def test_what_is_over_when_it_is_told_ends_once() -> None:
    world = World(MISSED + timedelta(days=4))
    world.hear(asked())
    told = world.start(bill("payment.missed", MISSED), plans=FIRST_CONTACT[:1], exits=EXITS)
    ends = [type(one) for one in told if isinstance(one, Cancelled | Completed)]
    assert ends == [Completed]


@pytest.mark.parametrize("merged_first", [True, False])
def test_what_a_person_has_kept_under_another_id_is_theirs(merged_first: bool) -> None:
    one = heard("customer.merged", MISSED - timedelta(days=1), "bob", into="ann")
    kept = asked(customer="bob"), resolved("passed_to_creditor", "bob")
    told = (one, *kept) if merged_first else (*kept, one)
    assert live(*told, bill("payment.missed", MISSED)) == []


def test_money_taken_back_does_not_begin_anew_what_a_person_has_kept_since() -> None:
    world = World(MISSED)
    world.start(bill("payment.missed", MISSED), plans=FIRST_CONTACT, exits=EXITS)
    world.hear(paid(MISSED + timedelta(minutes=1)))
    world.hear(asked(), resolved("passed_to_creditor"))
    back: dict[str, Any] = {
        "payment_id": "p1",
        "bill_id": "b1",
        "amount_minor": 1,
        "currency": "EUR",
    }
    world.now = RESOLVED
    world.hear(heard("payment.reversed", RESOLVED, **back, remaining_minor=9_000))
    assert [one for one in world.until(at("2026-03-20 12:00")) if isinstance(one, Dispatched)] == []


def test_what_a_person_has_kept_under_one_id_is_not_carried_over_to_it() -> None:
    world = World(MISSED)
    other = heard("payment.missed", MISSED, "bob", **bill().data)
    world.start(other, plans=FIRST_CONTACT, exits=EXITS)
    world.hear(asked(), resolved("passed_to_creditor"))
    world.hear(heard("customer.merged", RESOLVED, "bob", into="ann"))
    assert [one for one in world.until(at("2026-03-20 12:00")) if isinstance(one, Dispatched)] == []
