"""Choices of words that do not explain themselves: promise 8."""

from planted import Cases

from support.audit.world import World

CASES = Cases()
planted = CASES.planted


@planted(8, "wording-unexplained", "d-wary.intended")
def words_that_could_not_be_chosen(world: World) -> None:
    world.change("d-wary.intended", wording="f" * 16, variant="a/neutral/gone", propensity=0.5,
                 variants={"a/neutral/base": 0.5, "a/neutral/warm": 0.5})  # fmt: skip


@planted(8, "wording-unexplained", "d-wary.intended")
def another_chance_than_was_told(world: World) -> None:
    world.change("d-wary.intended", wording="f" * 16, variant="a/neutral/base", propensity=0.9,
                 variants={"a/neutral/base": 0.5, "a/neutral/warm": 0.5})  # fmt: skip


@planted(8, "wording-unexplained", "d-wary.intended")
def chances_that_do_not_add_up(world: World) -> None:
    world.change("d-wary.intended", wording="f" * 16, variant="a/neutral/base", propensity=0.5,
                 variants={"a/neutral/base": 0.5, "a/neutral/warm": 0.4})  # fmt: skip
