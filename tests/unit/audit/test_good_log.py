"""A log in which all is well: the audit holds, says what it saw, and what is under way."""

from typing import Any

import pytest
from planted_packs import hand_over, keep_apart
from planted_secrecy import let_in

from rapport.audit.log import build
from rapport.audit.run import NothingToAudit, audit
from rapport.audit.verdict import Outcome
from support.audit.good_world import good
from support.audit.log_builder import lane
from support.audit.world import World


def outcome(world: World, promise: int, in_flight_seconds: float = 60.0) -> Outcome:
    report = audit(world.records(), in_flight_seconds)
    return next(one for one in report.outcomes if one.promise == promise)


def test_the_good_log_holds() -> None:
    report = audit(good().records())
    assert [violation.as_dict() for violation in report.violations] == []
    assert report.held


def test_choices_and_steps_for_a_person_explain_themselves() -> None:
    world = good()
    now = "2026-03-09T00:00:00+00:00"
    world.bill("vip.due", "vip", now, "b-vip")
    world.enrol("e-vip", "vip", now, "vip.due", "b-vip", steps={"s-vip": now})
    world.add("vip.person", "outreach.person_due", "vip", now, step_id="s-vip",
              enrolment_id="e-vip", playbook="vip-care", playbook_version=1,
              obligation_id="b-vip", reason="adviser_calls", segment="private",
              due_by=now)  # fmt: skip
    for enrolment, does in (("e-tokyo", "person"), ("another", "stop")):
        world.add(f"chosen.{does}", "choice.made", "tokyo", "2026-03-08T00:00:00+00:00",
                  message_id="m-d-tokyo-2", enrolment_id=enrolment, choice="x", does=does,
                  playbook="bill-reminder", locale="ja", before="d-tokyo-3.dispatched")  # fmt: skip
    report = audit(world.records())
    assert [violation.as_dict() for violation in report.violations] == []
    eighth = next(one for one in report.outcomes if one.promise == 8)
    assert "due steps without a contact or a reason yet" not in eighth.notes


def test_what_stands_on_the_page_of_who_was_let_in_holds() -> None:
    world = good()
    let_in(world)
    report = audit(world.records())
    assert [violation.as_dict() for violation in report.violations] == []
    assert outcome(world, 6).checked["messages on customers' own pages"] == 1


def test_an_answer_need_not_keep_the_distance() -> None:
    world = good()
    keep_apart(world)
    hand_over(world)
    world.change("d-late-1.intended", answers="h-late")
    assert [violation.as_dict() for violation in audit(world.records()).violations] == []


def test_of_ids_that_give_way_in_a_ring_nobody_says_which_must_not_be_used() -> None:
    world = good()
    for old, into in (("tokyo", "kyoto"), ("kyoto", "tokyo")):
        world.event(f"{old}.merged", "customer.merged", old, "2026-03-08T00:00:00+00:00",
                    into=into, before="d-tokyo-3.dispatched")  # fmt: skip
    assert audit(world.records()).held


@pytest.mark.parametrize(("placed", "lifted"), [("kyoto", "tokyo"), ("tokyo", "kyoto")])
@pytest.mark.parametrize("word", ["hold.lifted", "customer.hold_lifted"])
def test_a_hold_is_lifted_under_any_id_since_two_are_one(
    placed: str, lifted: str, word: str
) -> None:
    world, first = good(), "d-tokyo-3.dispatched"
    days = [f"2026-03-0{day}T00:00:00+00:00" for day in (5, 6, 7)]
    world.event("held", "customer.hold_placed", placed, days[0], kind="dispute", before=first)
    world.event("one", "customer.merged", "kyoto", days[1], into="tokyo", before=first)
    if word == "hold.lifted":
        world.add("lifted", word, lifted, days[2], kind="dispute", by="ops", reason="x",
                  before=first)  # fmt: skip
    else:
        world.event("lifted", word, lifted, days[2], kind="dispute", before=first)
    assert list(audit(world.records()).violations) == []


def test_a_place_may_be_known_under_an_id_that_gave_way() -> None:
    world = good()
    at, first = "2026-03-05T10:00:00+00:00", "d-wary.dispatched"
    world.event("old.place", "customer.updated", "old", at, timezone="Europe/London", before=first)
    world.event("old.merged", "customer.merged", "old", at, into="wary", before=first)
    world.drop("wary.place")
    assert list(audit(world.records()).violations) == []


def test_what_came_back_may_go_once_by_another_channel() -> None:
    world = good()
    at = "2026-03-14T13:00:00+00:00"
    again: dict[str, Any] = {
        "enrolment_id": "e-halted",
        "step": "step",
        "due_at": at,
        "zones": ["Europe/London"],
        "instead_of": "halted-0",
        "channel": "sms",
    }
    world.add("back", "message.bounced", "halted", at, message_id="m-d-halted", kind="hard",
              channel="email", step_id="halted-0", after="d-halted.sent")  # fmt: skip
    world.add("once", "outreach.step_planned", "halted", at, step_id="a", after="back", **again)
    assert list(audit(world.records()).violations) == []
    world.add("twice", "outreach.step_planned", "halted", at, step_id="b", after="once", **again)
    assert [one.rule for one in audit(world.records()).violations] == ["sent-again"]


def test_it_does_not_matter_in_which_partitions_the_facts_stand() -> None:
    world = good()
    world.by_lane = False
    assert audit(world.records()).held


def test_records_may_come_in_any_order() -> None:
    records = list(good().records())
    assert audit(reversed(records)).as_dict() == audit(records).as_dict()


def test_it_says_how_much_it_has_checked() -> None:
    checked = {one.promise: one.checked for one in audit(good().records()).outcomes}
    assert checked[1]["events applied"] == 56
    assert checked[2] == {"dispatches": 29, "messages intended": 27, "steps": 29}
    assert checked[5] == {"contacts": 26, "customers contacted": 15}
    assert checked[7] == {"offers": 8, "agreements": 3}


def test_transport_duplicates_are_dropped_and_counted() -> None:
    records = list(good().records())
    again = [records[5], records[9], records[9]]
    report = audit([*records, *again])
    assert report.held
    assert report.duplicates == len(again)
    assert report.facts == len(records)


def test_dispatches_at_the_end_of_the_log_are_in_flight() -> None:
    world = good()
    assert outcome(world, 2).in_flight == {"dispatches without an end yet": 2}


def test_steps_that_join_may_come_after_the_order_at_the_end_of_the_log() -> None:
    world = good()
    world.drop("d-several.several-2.joined", "several.left", "d-several.intended", "d-several.sent")
    found = outcome(world, 2, in_flight_seconds=86_400)
    assert found.held
    assert found.in_flight["dispatches whose joining steps are not yet in the log"] == 1


def test_how_long_a_dispatch_may_be_open_is_a_setting() -> None:
    world = good()
    world.add("last", "log.heartbeat", "lane:1", "2026-03-20T10:00:00+00:00", service="messenger",
              lane=1, sent_at="2026-03-20T10:00:00+00:00").late_seconds = 3630  # fmt: skip
    assert outcome(world, 2).held
    rules = [violation.rule for violation in outcome(world, 2, in_flight_seconds=29).violations]
    assert rules == ["no-end", "no-end"]


def test_a_stop_that_came_too_late_is_in_flight() -> None:
    assert outcome(good(), 3).in_flight == {"stops that came too late to be known": 1}


def test_what_is_not_explained_yet_is_information() -> None:
    world = good()
    assert outcome(world, 8).in_flight == {"steps that are not due yet": 1}
    world.drop("tokyo.cancelled")
    world.drop("e-tail.enrolled", "tail-9.planned")
    found = outcome(world, 8)
    assert found.held
    assert found.notes == {
        "matched triggers without an enrolment or a reason": 1,
        "due steps without a contact or a reason yet": 1,
    }


def test_facts_of_types_to_come_are_left_alone() -> None:
    world = good()
    world.add("new", "weather.changed", "tokyo", "2026-03-10T00:00:00+00:00", to="rain")
    report = audit(world.records())
    assert report.held
    assert report.unknown == 1


def test_an_empty_log_proves_nothing() -> None:
    with pytest.raises(NothingToAudit):
        audit([])


def test_order_within_a_partition_is_that_of_offsets() -> None:
    """A producer's clock that runs behind must not turn a customer's story round."""
    world = good()
    world["tokyo.paid"].late_seconds = -3600
    log = build(world.records())
    story = [fact.id for fact in log.facts if fact.position.partition == lane("tokyo")]
    assert story.index("tokyo.paid") > story.index("d-tokyo-3.sent")
