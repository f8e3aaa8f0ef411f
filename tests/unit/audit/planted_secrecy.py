"""Debts told of where others may see them: promise 6."""

from typing import Any

from planted import Cases
from planted_packs import add_rule

from support.audit.world import World

CASES = Cases()
planted = CASES.planted


def _asked(world: World, **intended: Any) -> None:
    """The house asks it of collection; one message says that it kept back nothing."""
    add_rule(world, "house", "right_party", rule="right-party", purposes=["collection"],
             discloses_debt="after_confirmation", where=["subject"])  # fmt: skip
    world.change("d-any-0.intended", withheld=[], **intended)


@planted(6, "debt-told", "policy.house", "d-any-0.intended")
def a_debt_in_the_subject_of_an_address_not_confirmed(world: World) -> None:
    _asked(world)


@planted(6, "debt-told", "policy.house", "d-any-0.intended")
def an_address_that_nobody_confirmed(world: World) -> None:
    _asked(world, confirmed="right_party")


@planted(6, "debt-told", "policy.house", "d-any-0.intended")
def an_address_that_is_nowhere_vouched_for(world: World) -> None:
    _asked(world, confirmed="source")
