"""Reminders of what is paid or over, and thanks for what is not paid: promise 3."""

from planted import Cases

from support.audit.good_keeper import AGREED
from support.audit.log_builder import plus
from support.audit.world import World

CASES = Cases()
planted = CASES.planted


@planted(3, "instalment-paid", "keep.kept", "d-care-2.intended")
def reminded_of_a_paid_instalment(world: World) -> None:
    world.change("keep.back", kept=1)


@planted(3, "agreement-over", "keep.broken", "d-care-2.intended")
def reminded_of_a_plan_that_is_over(world: World) -> None:
    world.add("keep.broken", "agreement.broken", "keeper", "2026-03-05T05:00:00+00:00",
              before="d-care-2.dispatched", instalment=1, short_minor=6000, **AGREED)  # fmt: skip


@planted(3, "no-agreement", "d-care-1.intended")
def reminded_of_a_plan_that_nobody_made(world: World) -> None:
    world.change("d-care-1.intended", agreement={"agreement_id": "a-none", "instalment": 1})
    world.change("e-care.enrolled", purpose="service")


@planted(3, "not-completed", "d-thanks.intended")
def thanked_before_the_end(world: World) -> None:
    world.drop("keep.completed")


@planted(3, "thanked-twice", "d-thanks.intended", "d-twice.intended")
def thanked_a_second_time(world: World) -> None:
    at = plus(world["d-thanks.intended"].at.isoformat(), days=10)
    world.message("d-twice", "keeper", at, "twice", "e-thanks", "b-keep",
                  packs=("house", "japan"), agreement={"agreement_id": "a-keep"})  # fmt: skip


@planted(3, "settled", "keep.recalled", "d-thanks.intended")
def thanked_for_a_bill_that_was_recalled(world: World) -> None:
    world.event("keep.recalled", "bill.closed", "keeper", "2026-03-06T03:03:00+00:00",
                before="d-thanks.dispatched", obligation="b-keep", bill_id="b-keep",
                why="recalled")  # fmt: skip
