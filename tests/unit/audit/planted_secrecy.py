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


def let_in(world: World) -> None:
    """tokyo proves in the portal who they are; the next message stands on their own page."""
    world.add("let-in", "contact.right_party", "tokyo", "2026-03-06T01:00:00+00:00",
              confirmed=True, channel="email", via="portal", message_id="m-d-tokyo-2",
              before="d-tokyo-3.dispatched")  # fmt: skip
    world.change("d-tokyo-3.intended", channel="in_app", confirmed="right_party")


@planted(6, "debt-told", "policy.house", "d-any-0.intended")
def a_debt_in_the_subject_of_an_address_not_confirmed(world: World) -> None:
    _asked(world)


@planted(6, "debt-told", "policy.house", "d-any-0.intended")
def an_address_that_nobody_confirmed(world: World) -> None:
    _asked(world, confirmed="right_party")


@planted(6, "page-of-nobody", "d-any-0.intended")
def a_page_that_nobody_was_let_into(world: World) -> None:
    world.change("d-any-0.intended", channel="in_app", confirmed="right_party")


@planted(6, "page-of-nobody", "d-tokyo-3.intended")
def a_page_that_was_shut_again(world: World) -> None:
    let_in(world)
    world.add("shut", "contact.right_party", "tokyo", "2026-03-06T02:00:00+00:00",
              confirmed=False, channel="sms", via="reply",
              before="d-tokyo-3.dispatched")  # fmt: skip


@planted(6, "debt-told", "policy.house", "d-any-0.intended")
def an_address_that_is_nowhere_vouched_for(world: World) -> None:
    _asked(world, confirmed="source")
