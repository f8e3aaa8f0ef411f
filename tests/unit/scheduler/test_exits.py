"""Which enrolments a click, an answer and a complaint end."""

from typing import Any

import pytest
from scheduler_world import World, at, bill, heard, step_ids

from services.scheduler.model import Cancelled, Dispatched, ExitRule, Outcome

SENT = at("2026-03-06 20:00")
EXITS = (
    ExitRule("message.clicked", "answered", '!machine && link == "pay"'),
    ExitRule("message.replied", "answered"),
    ExitRule("message.complained", "complained"),
)
CLICK: dict[str, Any] = {"link": "pay", "machine": False}


def owing(*names: str, consolidate: bool = False) -> World:
    """A world in which the first reminder of each bill has gone out, and named these exits."""
    world = World()
    for name in names:
        world.start(bill(bill_id=name), exits=EXITS, consolidate=consolidate)
    world.until(SENT)
    return world


def carried(world: World, name: str) -> dict[str, Any]:
    """What a fact says of the message that the bill's first reminder went out in."""
    sent = [one for _, one in world.told if isinstance(one, Dispatched)]
    one = next(s for s in sent if name in (s.obligation.id, *(j.obligation.id for j in s.joined)))
    first, *others = step_ids(one)
    return {"message_id": "m", "step_id": first, "joined": tuple(others)}


def ended(outcomes: list[Outcome]) -> set[str]:
    return {one.enrolment.obligation_id for one in outcomes if isinstance(one, Cancelled)}


@pytest.mark.parametrize(
    ("type", "data"), [("message.clicked", CLICK), ("message.replied", {"intent": "question"})]
)
def test_an_answer_to_one_message_ends_what_that_message_was_about(
    type: str, data: dict[str, Any]
) -> None:
    world = owing("b1", "b2")
    assert ended(world.hear(heard(type, SENT, **carried(world, "b2"), **data))) == {"b2"}
    assert ended(world.hear(heard(type, SENT, **carried(world, "b2"), **data))) == set()


def test_an_answer_to_a_message_about_several_ends_all_of_these() -> None:
    world = owing("b1", "b2", consolidate=True)
    world.start(bill(bill_id="b3"), exits=EXITS)
    told = world.hear(heard("message.clicked", SENT, **carried(world, "b2"), **CLICK))
    assert ended(told) == {"b1", "b2"}


@pytest.mark.parametrize(
    ("type", "data"),
    [
        ("message.clicked", CLICK),
        ("message.replied", {"intent": "question"}),
        ("message.complained", {}),
    ],
)
def test_where_it_is_not_sure_which_message_it_was_all_end_and_so_by_a_complaint(
    type: str, data: dict[str, Any]
) -> None:
    world = owing("b1", "b2")
    assert ended(world.hear(heard(type, SENT, message_id="m", **data))) == {"b1", "b2"}


def test_an_answer_to_what_has_ended_ends_nothing_else() -> None:
    world = owing("b1", "b2")
    answered: dict[str, Any] = {
        "message_id": "m",
        "step_id": "of an enrolment that is over",
        "joined": (),
    }
    assert ended(world.hear(heard("message.clicked", SENT, **answered, **CLICK))) == set()


def test_a_click_that_the_exit_does_not_mean_ends_nothing() -> None:
    world = owing("b1", "b2")
    told = world.hear(
        heard("message.clicked", SENT, **carried(world, "b1"), link="x", machine=True)
    )
    assert ended(told) == set()
