"""Reminders of an agreement's instalments, and thanks at its end."""

from datetime import date, timedelta
from typing import Any

import msgspec
from scheduler_world import World, at, bill, command, heard, paid

from services.scheduler.model import (
    Agreement,
    Cancelled,
    Enrolled,
    ExitRule,
    Instalment,
    Outcome,
    Planned,
    StepPlan,
    Suppressed,
)
from services.scheduler.rules.agreements import spelled_out

TEN_HOURS = timedelta(hours=11)
CARE = (
    StepPlan("day_before", "instalment", -1, TEN_HOURS, "day_before", at="10:00"),
    StepPlan("due_day", "instalment", 0, TEN_HOURS, "due_day", at="10:00"),
    StepPlan("thanks", "completed", 0, timedelta(days=3), "thanks"),
)
DAYS = ("2026-03-10", "2026-03-20", "2026-03-30")
TERMS = {"agreement_id": "a1", "case_id": "c1", "obligation_id": "b1"}
EXITS = (ExitRule("agreement.broken", "broken"),)
NOON = at("2026-03-08 12:00")


def parts(*days: str) -> list[dict[str, Any]]:
    return [{"due_date": day, "amount_minor": 4_000} for day in days]


def agree(world: World, *days: str) -> list[Outcome]:
    """The bill is missed, and a plan is agreed on; the segmenter orders its care."""
    world.hear(bill("payment.missed", world.now))
    made = heard("agreement.made", world.now, **TERMS, instalments=parts(*days))
    world.hear(made)
    agreement = Agreement("a1", tuple(Instalment(date.fromisoformat(day), 4_000) for day in days))
    asked = command(made, plans=CARE, playbook="plan-keeping", exits=EXITS)
    cares = msgspec.structs.replace(
        asked.enrolment, agreement=agreement, plans=tuple(spelled_out(CARE, agreement))
    )
    return world.order(msgspec.structs.replace(asked, enrolment=cares))


def tell(world: World, type: str, **data: Any) -> list[Outcome]:
    return world.hear(heard(type, world.now, **TERMS, **data))


def kept(world: World, number: int) -> list[Outcome]:
    return tell(world, "agreement.kept", instalment=number, amount_minor=4_000)


def names(outcomes: list[Outcome], kind: type[Planned] | type[Suppressed]) -> list[str]:
    return [one.step.plan.name for one in outcomes if isinstance(one, kind) and one.step]


def test_each_instalment_is_reminded_of_the_day_before_and_on_the_day() -> None:
    world = World(NOON)
    told = agree(world, *DAYS)
    assert names(told, Planned) == [
        f"{name}_{number}" for number in (1, 2, 3) for name in ("day_before", "due_day")
    ]
    world.until(at("2026-04-10 00:00"))
    assert world.sent()[:3] == [
        (at("2026-03-09 10:00"), "day_before_1"),
        (at("2026-03-10 10:00"), "due_day_1"),
        (at("2026-03-19 10:00"), "day_before_2"),
    ]


def test_who_has_just_agreed_is_reminded_of_nothing_for_half_a_day() -> None:
    world = World(at("2026-03-09 09:30"))
    told = agree(world, "2026-03-09", "2026-03-10", "2026-03-20")
    assert names(told, Suppressed) == ["day_before_1", "due_day_1", "day_before_2"]
    assert names(told, Planned) == ["due_day_2", "day_before_3", "due_day_3"]


def test_what_is_paid_is_not_reminded_of_and_the_next_one_is() -> None:
    world = World(NOON)
    agree(world, *DAYS)
    world.until(at("2026-03-09 20:00"))
    told = kept(world, 1)
    assert [(o.step.plan.name, o.reason) for o in told if isinstance(o, Suppressed) and o.step] == [
        ("due_day_1", "instalment_paid")
    ]
    world.until(at("2026-03-19 20:00"))
    assert [name for _, name in world.sent()] == ["day_before_1", "day_before_2"]


def test_a_payment_that_is_put_off_takes_its_reminders_along() -> None:
    world = World(NOON)
    agree(world, *DAYS)
    world.until(at("2026-03-09 20:00"))
    told = tell(world, "agreement.changed", instalments=parts("2026-03-14", *DAYS[1:]))
    assert names(told, Planned)[0] == "due_day_1"
    world.until(at("2026-03-18 00:00"))
    # The one that was sent is not sent again.
    assert world.sent() == [
        (at("2026-03-09 10:00"), "day_before_1"),
        (at("2026-03-14 10:00"), "due_day_1"),
    ]


def test_a_plan_that_is_broken_takes_all_its_reminders_along() -> None:
    world = World(NOON)
    agree(world, *DAYS)
    told = tell(world, "agreement.broken", instalment=1, short_minor=1)
    (ended,) = [one for one in told if isinstance(one, Cancelled)]
    assert (ended.reason, len(ended.step_ids)) == ("broken", 6)
    world.until(at("2026-04-10 00:00"))
    assert world.sent() == []


def test_money_taken_back_brings_the_reminders_back_that_are_still_ahead() -> None:
    world = World(NOON)
    agree(world, *DAYS)
    kept(world, 1)
    kept(world, 2)
    world.until(at("2026-03-11 00:00"))
    assert world.sent() == []
    told = tell(world, "agreement.reopened", kept=0)
    assert names(told, Planned) == ["day_before_2", "due_day_2"]
    assert names(told, Suppressed) == ["day_before_1", "due_day_1"]


def test_whoever_paid_it_all_is_thanked_once_though_the_bill_is_settled() -> None:
    world = World(NOON)
    agree(world, *DAYS)
    for number in (1, 2, 3):
        kept(world, number)
    world.hear(paid(world.now))
    told = tell(world, "agreement.completed")
    (begun,) = [one.enrolment for one in told if isinstance(one, Enrolled)]
    assert begun.continues is not None
    assert names(told, Planned) == ["thanks"]
    world.until(at("2026-04-10 00:00"))
    assert world.sent() == [(NOON, "thanks")]


def test_thanks_are_held_back_where_the_money_is_taken_back_in_time() -> None:
    world = World(at("2026-03-08 23:30"))  # nobody is written to at night
    agree(world, *DAYS)
    world.hear(paid(world.now))
    tell(world, "agreement.completed")
    terms: dict[str, Any] = {"payment_id": "p1", "amount_minor": 12_000, "currency": "EUR"}
    world.hear(heard("payment.reversed", world.now, bill_id="b1", remaining_minor=8_000, **terms))
    told = tell(world, "agreement.reopened", kept=1)
    assert names(told, Planned) == ["day_before_2", "due_day_2", "day_before_3", "due_day_3"]
    world.until(at("2026-03-19 12:00"))
    assert world.sent() == [(at("2026-03-19 10:00"), "day_before_2")]


def test_another_agreement_leaves_this_one_alone_and_its_orders_come_too_late() -> None:
    world = World(NOON)
    agree(world, *DAYS)
    other = {**TERMS, "agreement_id": "a0"}
    assert world.hear(heard("agreement.kept", world.now, **other, instalment=1)) == []
    tell(world, "agreement.broken", instalment=1, short_minor=1)
    late = agree_late(world)
    assert [(one.reason, one.step) for one in late if isinstance(one, Suppressed)] == [
        ("agreement_over", None)
    ]


def agree_late(world: World) -> list[Outcome]:
    """An order for an agreement that is over by the time it is read."""
    made = heard("agreement.made", world.now, **TERMS, instalments=parts(*DAYS))
    asked = command(made, plans=(), playbook="plan-keeping", exits=EXITS)
    agreement = Agreement("a1", (Instalment(date(2026, 3, 10), 4_000),))
    plans = tuple(spelled_out(CARE, agreement))
    cares = msgspec.structs.replace(asked.enrolment, agreement=agreement, plans=plans)
    return world.order(msgspec.structs.replace(asked, enrolment=cares))
