"""Texts in answer to what nobody wrote: promise 3."""

from planted import Cases

from support.audit.world import World

CASES = Cases()
planted = CASES.planted


def _answered(world: World, name: str, what: str) -> None:
    world.add(name, "reply.answered", "tokyo", "2026-03-20T00:00:01+00:00",
              message_id="m-d-tokyo-3", what=what, channel="sms")  # fmt: skip


def _replied(world: World, intent: str) -> None:
    world.add("replied", "message.replied", "tokyo", "2026-03-20T00:00:00+00:00",
              message_id="m-d-tokyo-3", intent=intent)  # fmt: skip


@planted(3, "answered-unasked", "answered")
def a_confirmation_of_no_stop(world: World) -> None:
    _replied(world, "question")
    _answered(world, "answered", "stop")


@planted(3, "answered-unasked", "again")
def a_second_confirmation_of_one_stop(world: World) -> None:
    _replied(world, "stop")
    _answered(world, "answered", "stop")
    _answered(world, "again", "stop")


@planted(3, "answered-unasked", "answered")
def help_that_nobody_asked_for(world: World) -> None:
    _replied(world, "stop")
    _answered(world, "answered", "help")
