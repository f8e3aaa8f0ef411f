"""Steps are laid where hours and caps leave room, by the contacts that are known by then."""

from datetime import timedelta

import pytest
from scheduler_world import FIRST_CONTACT, World, at, bill, heard

from services.scheduler.model import Deferred, Planned, StepPlan, StepState, Suppressed


def called(world: World, *instants: str) -> None:
    """The publisher's people reached the customer then."""
    for when in map(at, instants):
        told = {"channel": "phone", "direction": "outbound", "outcome": "reached"}
        world.hear(heard("contact.made", when, at=when.isoformat(), **told))


@pytest.mark.parametrize(
    ("calls", "reason", "rule", "first"),
    [
        (("03-01 10:00", "03-02 10:00", "03-03 10:00"), "cap", "default/week", "03-08 10:00"),
        (("03-05 09:30",), "gap", "default/gap.any", "03-05 10:30"),
        (("03-05 09:00",), None, None, "03-05 10:00"),
    ],
)
def test_a_step_is_laid_for_the_first_instant_that_caps_allow(
    calls: tuple[str, ...], reason: str | None, rule: str | None, first: str
) -> None:
    world = World(at("2026-03-05 10:00"))
    called(world, *(f"2026-{when}" for when in calls))
    plans = (StepPlan("now", "trigger", 0, timedelta(days=20), "now"),)
    told = world.start(bill("payment.missed", world.now), plans=plans)
    assert [one.step.due_at for one in told if isinstance(one, Planned)] == [world.now]
    moved = [one for one in told if isinstance(one, Deferred)]
    assert [(one.reason, one.rule, one.was) for one in moved] == [
        (reason, rule, world.now) for _ in (1,) if reason
    ]
    (step,) = world.book.steps.values()
    assert step.due_at == at(f"2026-{first}")
    world.until(at("2026-03-09 12:00"))
    assert world.sent() == [(at(f"2026-{first}"), "now")]


def test_a_step_that_no_instant_allows_in_time_is_suppressed_with_the_cap() -> None:
    world = World(at("2026-03-05 10:00"))
    called(world, "2026-03-04 10:00", "2026-03-04 12:00", "2026-03-04 14:00")
    told = world.start(bill())
    ended = [(one.step.plan.name, one.reason, one.rule) for one in told
             if isinstance(one, Suppressed) and one.step]  # fmt: skip
    assert ended == [("t-7", "cap", "default/week"), ("t-3", "cap", "default/week")]
    # For a later day there is room again.
    world.hear(bill(time=world.now + timedelta(minutes=1), due_date="2026-03-25", version=2))
    world.until(at("2026-03-24 12:00"))
    assert [name for _, name in world.sent()] == ["t-7", "t-3", "t-1"]


def test_what_is_laid_again_keeps_clear_of_what_is_on_its_way() -> None:
    world = World(at("2026-03-02 10:00"))
    world.start(bill(bill_id="b1"), plans=FIRST_CONTACT[:1], playbook="other")
    world.claim()
    world.start(bill(bill_id="b2"), plans=FIRST_CONTACT[:1])
    later = next(one for one in world.book.steps.values() if one.state is StepState.PLANNED)
    assert later.due_at == at("2026-03-02 11:00")
