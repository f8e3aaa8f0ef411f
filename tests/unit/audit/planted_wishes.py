"""Contacts against what their readers asked for."""

from planted import Cases

from support.audit.world import World

CASES = Cases()
planted = CASES.planted

SAID = "2026-03-01T23:00:00+00:00"


def _wish(world: World, **changes: object) -> None:
    world.add("wish", "contact.preference_changed", "tokyo", SAID, changes=changes,
              before="d-tokyo-3.dispatched")  # fmt: skip


@planted(4, "against-a-wish", "d-tokyo-3.intended")
def outside_the_hours_asked_for(world: World) -> None:
    # A part of the day in which no message of the good world falls.
    _wish(world, hours="20:58-20:59")


@planted(5, "against-a-wish", *(f"d-tokyo-{n}.intended" for n in (1, 2, 3)))
def more_than_asked_for(world: World) -> None:
    _wish(world, max_a_week=2)


@planted(3, "says_paid", "says-paid", "d-tokyo-3.intended")
def contact_about_what_is_said_to_be_paid(world: World) -> None:
    world.add("says-paid", "message.replied", "tokyo", "2026-03-08T00:00:00+00:00",
              message_id="m-d-tokyo-2", intent="paid_already",
              quiet_until="2026-03-15T00:00:00+00:00", before="d-tokyo-3.dispatched")  # fmt: skip


@planted(3, "opt_out", "channel-off", "d-tokyo-3.intended")
def contact_by_a_channel_that_is_switched_off(world: World) -> None:
    world.add("channel-off", "contact.preference_changed", "tokyo", "2026-03-08T00:00:00+00:00",
              changes={"email/*": "off"}, before="d-tokyo-3.dispatched")  # fmt: skip


@planted(3, "suppressed", "brought", "d-tokyo-3.intended")
def contact_with_whom_an_operator_suppressed(world: World) -> None:
    world.add("brought", "contact.suppressed", "tokyo", "2026-03-08T00:00:00+00:00",
              scope="customer", channel="email", purpose="*", reason="imported", by="ops",
              before="d-tokyo-3.dispatched")  # fmt: skip
