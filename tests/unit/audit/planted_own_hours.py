"""Chosen hours that are not those of the step: promise 8."""

from typing import Any

from planted import Cases

from support.audit.world import World

CASES = Cases()
planted = CASES.planted


def _chosen(world: World, **hour: Any) -> None:
    world.change("tail-9.planned", hour={
        "usual": 9, "wanted": 18, "by": "own", "arm": "learned", "propensity": 0.9, **hour,
    })  # fmt: skip


@planted(8, "hour-unexplained", "tail-9.planned")
def a_learned_hour_at_which_it_is_not_due(world: World) -> None:
    _chosen(world)


@planted(8, "hour-unexplained", "tail-9.planned")
def an_hour_to_compare_with_that_is_another(world: World) -> None:
    _chosen(world, usual=8, arm="control", propensity=0.1)
