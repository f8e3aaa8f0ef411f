"""Messages about several obligations: each step ends once, and each obligation is a step's."""

from planted import Cases

from support.audit.world import World

CASES = Cases()
planted = CASES.planted


@planted(2, "step-lost", "d-several.dispatched", "several.left", "d-several.sent")
def a_joined_step_is_forgotten(world: World) -> None:
    world.change("d-several.sent", joined=[])


@planted(2, "step-lost", "d-several.dispatched", "d-several.sent")
def nobody_says_why_a_step_was_left_out(world: World) -> None:
    world.drop("several.left")


@planted(2, "left-out-wrongly", "several.left", "d-several.intended")
def left_out_and_sent(world: World) -> None:
    world.change("several.left", step_id="several-2")
    world.change("d-several.dispatched", step_id="several-1", joined=["several-2"])
    world.drop("d-several.several-1.joined")


@planted(2, "joined-differs", "d-several.dispatched", "d-several.several-2.joined")
def a_step_joins_and_the_order_does_not_say_so(world: World) -> None:
    world.change("d-several.dispatched", step_id="several-1", joined=[])
    world.drop("d-several.several-1.joined", "several.left")
    world.change("d-several.intended", joined=[], obligation_ids=["b-several-1"])
    world.change("d-several.sent", joined=[])


@planted(2, "step-differs", "d-several.dispatched", "d-several.intended", "d-several.sent")
def another_step_went_along(world: World) -> None:
    world.change("d-several.sent", joined=["several-2", "stranger"])


@planted(2, "step-twice", "d-several.sent", "again.sent")
def a_joined_step_is_sent_again(world: World) -> None:
    world.message("again", "several", "2026-03-03T02:05:00+00:00", "several-2", "e-several-2",
                  "b-several-2", packs=("house", "japan"))  # fmt: skip


@planted(3, "settled", "several.paid", "d-several.intended")
def a_settled_obligation_among_others(world: World) -> None:
    world.drop("several.left")
    ids = [f"b-several-{n}" for n in range(3)]
    world.change("d-several.intended", step_id="several-0", enrolment_id="e-several-0",
                 joined=["several-1", "several-2"], obligation_ids=ids)  # fmt: skip
    world.change("d-several.sent", step_id="several-0", joined=["several-1", "several-2"])


@planted(
    5, "cap", "d-several.intended", "more-0.intended", "more-1.intended",
    "more-2.intended",
)  # fmt: skip
def it_counts_as_a_contact(world: World) -> None:
    for n in range(3):
        world.message(f"more-{n}", "several", f"2026-03-0{n + 3}T03:00:00+00:00", f"more-{n}",
                      "e-several-2", "b-several-2", packs=("house", "japan"))  # fmt: skip


@planted(
    8, "obligation-unexplained", "d-several.intended", "e-several-1.enrolled",
    "e-several-2.enrolled",
)  # fmt: skip
def an_obligation_that_no_step_is_about(world: World) -> None:
    ids = ["b-several-1", "b-several-2", "b-stranger"]
    world.change("d-several.intended", obligation_ids=ids)
