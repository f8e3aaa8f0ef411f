"""Contacts against holds, hand-offs and pauses, and before a notice: promise 3."""

from planted import Cases

from support.audit.world import World

CASES = Cases()
planted = CASES.planted
TEN = "2026-03-05T10:00:00+00:00"


@planted(3, "hold", "wary.died", "d-wary.intended")
def contact_to_one_whose_death_only_the_publisher_took_back(world: World) -> None:
    world.drop("wary.lives")
    world.event("wary.undone", "customer.hold_lifted", "wary", "2026-03-05T11:00:00+00:00",
                kind="deceased", before="d-wary.dispatched")  # fmt: skip


@planted(3, "gentler", "wary.gentle", "d-wary.intended")
def harsh_words_to_the_vulnerable(world: World) -> None:
    world.change("d-wary.intended", tone="formal")


@planted(3, "hold", "wary.until", "d-wary.intended")
def contact_within_sixty_days_of_a_moratorium_without_end(world: World) -> None:
    del world["wary.until"].data["data"]["until"]


@planted(3, "hold", "new", "d-wary.intended")
def contact_by_a_machine_where_only_a_person_may(world: World) -> None:
    world.event("new", "customer.hold_placed", "wary", TEN, kind="fraud", obligation_id="other",
                before="d-wary.dispatched")  # fmt: skip


@planted(3, "hold", "new", "d-wary.intended")
def contact_against_a_hold_of_which_no_pack_speaks(world: World) -> None:
    world.event("new", "customer.hold_placed", "wary", TEN, kind="time_barred",
                before="d-wary.dispatched")  # fmt: skip


@planted(3, "hold", "new", "d-delhi.intended")
def contact_to_a_customer_whose_attorney_must_be_asked(world: World) -> None:
    world.event("new", "customer.hold_placed", "delhi", "2026-03-03T04:00:00+00:00",
                kind="attorney", before="d-delhi.dispatched")  # fmt: skip


@planted(3, "handoff", "wary.taken", "d-wary.intended")
def contact_while_a_person_had_taken_over(world: World) -> None:
    world.drop("wary.back")


@planted(3, "handoff", "new", "d-any-0.intended")
def collection_while_a_question_was_open(world: World) -> None:
    world.add("new", "handoff.requested", "anywhere", "2026-03-03T19:00:00+00:00",
              handoff_id="h-any", case_id="k", obligation_id="b-any", reason="question",
              before="d-any-0.dispatched")  # fmt: skip
    world.add("done", "handoff.resolved", "anywhere", "2026-03-03T20:00:00+00:00",
              handoff_id="h-any", outcome="done", after="d-any-0.sent")  # fmt: skip


@planted(3, "handoff", "new", "d-any-0.intended")
def collection_in_the_name_of_an_answer(world: World) -> None:
    collection_while_a_question_was_open(world)
    world.change("d-any-0.intended", answers="h-any")


@planted(3, "pause", "wary.paused.2026-03-14T10:00:00+00:00", "d-wary.intended")
def contact_during_an_operators_pause(world: World) -> None:
    world.drop("wary.paused.None")


@planted(3, "notice", "policy.india", "d-delhi.intended")
def collection_before_the_notice_had_gone(world: World) -> None:
    world.drop("delhi.noticed")
