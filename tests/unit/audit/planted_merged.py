"""Contacts with a customer of two ids, and with whoever answers for the same bill."""

from planted import Cases

from support.audit.log_builder import plus
from support.audit.world import World

CASES = Cases()
planted = CASES.planted

SUNDAY = "2026-03-08T00:00:00+00:00"


def _are_one(world: World) -> None:
    world.event("one", "customer.merged", "kyoto", SUNDAY, into="tokyo",
                before="d-tokyo-3.dispatched")  # fmt: skip


@planted(3, "opt_out", "left", "d-tokyo-3.intended")
def contact_with_one_who_opted_out_under_a_former_id(world: World) -> None:
    world.add("left", "contact.preference_changed", "kyoto", SUNDAY, changes={"email/*": "off"},
              before="d-tokyo-3.dispatched")  # fmt: skip
    _are_one(world)


@planted(3, "hold", "held", "d-tokyo-3.intended")
def contact_against_a_hold_told_of_a_former_id(world: World) -> None:
    world.event("held", "customer.hold_placed", "kyoto", SUNDAY, kind="dispute",
                before="d-tokyo-3.dispatched")  # fmt: skip
    _are_one(world)


@planted(3, "hold", "held", "d-tokyo-3.intended")
def contact_against_a_hold_that_was_lifted_of_another_id_before_the_two_were_one(
    world: World,
) -> None:
    for name, word, who, day in (
        ("held", "placed", "kyoto", "2026-03-05"),
        ("lifted", "lifted", "tokyo", "2026-03-06"),
    ):
        world.event(name, f"customer.hold_{word}", who, f"{day}T00:00:00+00:00", kind="dispute",
                    before="d-tokyo-3.dispatched")  # fmt: skip
    _are_one(world)


@planted(2, "step-twice", "d-tokyo-3.sent", "d-delhi.sent")
def a_letter_repeated_under_the_id_that_stays(world: World) -> None:
    world.change("e-delhi.enrolled", continues="e-tokyo")


@planted(2, "step-twice", "d-delhi.sent", "d-again.sent")
def a_letter_of_their_own_repeated_by_what_goes_on_for_another_id(world: World) -> None:
    at, about = "2026-03-12T05:00:00+00:00", "b-delhi"
    world.add("delhi.done", "outreach.completed", "delhi", at, enrolment_id="e-delhi",
              reason="all_steps_done")  # fmt: skip
    world.bill("pune.missed", "pune", at, about, type="payment.missed")
    world.enrol("e-pune", "pune", at, "pune.missed", about, purpose="collection")
    world.event("one", "customer.merged", "pune", at, into="delhi")
    world.enrol("e-again", "delhi", at, "pune.missed", about, purpose="collection")
    world.change("e-again.enrolled", continues="e-pune", reentry="never")
    world.message("d-again", "delhi", at, "again-0", "e-again", about,
                  packs=("house", "india"), purpose="collection",
                  zones=["Asia/Kolkata"])  # fmt: skip


@planted(5, "cap", "called", "d-tokyo-1.intended", "d-tokyo-2.intended", "d-tokyo-3.intended")
def contacts_under_a_former_id_not_counted(world: World) -> None:
    at = plus("2026-03-02T00:00:00+00:00", hours=100)
    world.event("called", "contact.made", "kyoto", at, channel="phone", direction="outbound",
                outcome="reached", at=at, before="d-tokyo-3.dispatched")  # fmt: skip
    _are_one(world)


@planted(3, "hold", "held", "d-tokyo-3.intended")
def contact_against_a_hold_on_a_bill_told_of_another_party(world: World) -> None:
    world.event("held", "customer.hold_placed", "partner", SUNDAY, kind="dispute",
                obligation_id="b-tokyo", before="d-tokyo-3.dispatched")  # fmt: skip


@planted(4, "zone-left-out", "d-wary.intended")
def place_told_under_a_former_id_ignored(world: World) -> None:
    # In Helsinki it is 15:00, so only the candidate zone is wrong.
    at, first = "2026-03-05T10:00:00+00:00", "d-wary.dispatched"
    world.event("old.place", "customer.updated", "old", at, timezone="Europe/Helsinki",
                before=first)  # fmt: skip
    world.event("old.merged", "customer.merged", "old", at, into="wary", before=first)
    world.drop("wary.place")
