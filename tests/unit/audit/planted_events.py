"""Events and dispatches that go wrong: promises 1 and 2."""

from planted import Cases

from support.audit.log_builder import plus
from support.audit.world import World

CASES = Cases()
planted = CASES.planted


@planted(1, "applied-twice", "tokyo.due", "again")
def event_applied_twice(world: World) -> None:
    world.copy("tokyo.due", "again")


@planted(1, "position-twice", "tokyo.due", "tokyo.place")
def record_applied_as_two_events(world: World) -> None:
    place = {"topic": "customer.events", "partition": 3, "offset": 77}
    world.change("tokyo.place", position=place)
    world.change("tokyo.due", position=place)


@planted(1, "same-id", "tokyo.due")
def fact_published_again_with_other_content(world: World) -> None:
    world.copy("tokyo.due", "copy", effect="old")
    world["copy"].id = "tokyo.due"


@planted(1, "stale-applied", "tokyo.due", "tokyo.stale")
def lower_version_takes_effect(world: World) -> None:
    world.change("tokyo.stale", effect="applied")


@planted(1, "dropped", "tokyo.paid")
def highest_version_dropped_as_stale(world: World) -> None:
    world.change("tokyo.paid", effect="stale_version")


@planted(1, "stale-triggered", "tokyo.stale", "e-x.enrolled")
def stale_event_begins_a_playbook(world: World) -> None:
    world.enrol("e-x", "tokyo", plus("2026-03-02T00:00:00+00:00", hours=1), "tokyo.stale",
                "b-tokyo", playbook="other")  # fmt: skip
    world.drop("e-x.segmented")


@planted(1, "stale-triggered", "wary.due", "e-wary.enrolled")
def old_event_begins_a_playbook(world: World) -> None:
    world.change("wary.due", effect="old")
    world.change("e-wary.segmented", matched=False, reason="old_event")


@planted(1, "stale-triggered", "wary.due", "e-wary.segmented")
def old_event_matches_a_playbook(world: World) -> None:
    world.change("wary.due", effect="old")
    world.drop("e-wary.enrolled")
    for name in ("d-wary.dispatched", "d-wary.intended", "d-wary.sent"):
        world.drop(name)


@planted(1, "no-event", "e-x.enrolled")
def playbook_begins_upon_nothing(world: World) -> None:
    world.enrol("e-x", "tokyo", "2026-03-02T00:00:00+00:00", "nothing", "b-x")
    world.drop("e-x.segmented")


@planted(1, "enrolled-twice", "e-tokyo.enrolled", "again")
def enrolled_twice_upon_one_event(world: World) -> None:
    world.copy("e-tokyo.enrolled", "again")


@planted(1, "enrolled-twice", "e-tokyo.enrolled", "again")
def enrolment_continued_while_it_runs(world: World) -> None:
    world.copy("e-tokyo.enrolled", "again", enrolment_id="e-again", continues="e-tokyo")


@planted(1, "enrolled-twice", "e-viewer-1.enrolled", "e-viewer-2.enrolled")
def enrolled_again_while_running(world: World) -> None:
    world.drop("viewer.cancelled")


@planted(2, "step-twice", "d-tokyo-0.sent", "d-x.sent")
def step_sent_twice(world: World) -> None:
    at = "2026-03-20T01:00:00+00:00"
    world.message("d-x", "tokyo", at, "tokyo-0", "e-tokyo", "b-tokyo", packs=("house", "japan"))
    world["tokyo.paid"].data["data"]["remaining_minor"] = 1


@planted(2, "step-twice", "d-tries-unknown.unknown", "d-x.sent")
def unknown_step_sent_again(world: World) -> None:
    world.message("d-x", "tries", "2026-03-20T10:00:00+00:00", "tries-1", "e-tries", "b-tries",
                  attempt=2, zones=["Europe/London"])  # fmt: skip


@planted(2, "step-twice", "d-tail-1.intended", "d-x.sent")
def silent_step_sent_again(world: World) -> None:
    world.message("d-x", "tail", "2026-03-20T10:05:00+00:00", "tail-1", "e-tail", "b-tail",
                  attempt=2, zones=["Europe/London"])  # fmt: skip
    for part in ("dispatched", "intended", "sent"):
        world[f"d-x.{part}"].late_seconds = 3600


@planted(2, "ended-twice", "d-tokyo-0.sent", "late.unknown")
def dispatch_ends_twice(world: World) -> None:
    world.add("late.unknown", "message.unknown", "tokyo", "2026-03-02T00:10:00+00:00",
              after="d-tokyo-0.sent", message_id="m-d-tokyo-0", dispatch_id="d-tokyo-0",
              step_id="tokyo-0", reason="epoch")  # fmt: skip


@planted(2, "ended-twice", "d-tries-refused.refused", "again")
def dispatch_refused_twice(world: World) -> None:
    world.copy("d-tries-refused.refused", "again")


@planted(2, "no-end", "d-tries-refused.dispatched")
def ordered_dispatch_never_ends(world: World) -> None:
    world.drop("d-tries-refused.refused")


@planted(2, "no-end", "d-wary.dispatched", "d-wary.intended")
def intended_dispatch_never_ends(world: World) -> None:
    world.drop("d-wary.sent")


@planted(2, "not-dispatched", "d-wary.intended", "d-wary.sent")
def nobody_ordered_it(world: World) -> None:
    world.drop("d-wary.dispatched")


@planted(2, "not-intended", "d-wary.dispatched", "d-wary.sent")
def sent_without_intent(world: World) -> None:
    world.drop("d-wary.intended")


@planted(2, "not-intended", "d-tries-failed.dispatched", "d-tries-failed.failed")
def failed_without_intent(world: World) -> None:
    world.drop("d-tries-failed.intended")


@planted(2, "dispatched-twice", "d-wary.dispatched", "again")
def dispatched_twice(world: World) -> None:
    world.copy("d-wary.dispatched", "again")


@planted(2, "intended-twice", "d-wary.intended", "again")
def intended_twice(world: World) -> None:
    world.copy("d-wary.intended", "again")


@planted(2, "step-differs", "d-wary.dispatched", "d-wary.intended", "d-wary.sent")
def sent_as_another_step(world: World) -> None:
    world.change("d-wary.sent", step_id="wary-9")


@planted(2, "message-differs", "d-wary.intended", "d-wary.sent")
def another_message_sent(world: World) -> None:
    world.change("d-wary.sent", message_id="m-x")
    world.drop("wary.left")
