"""What holds and notices do to what is planned: it waits, ends, or goes to a person."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from scheduler_world import (
    FIRST_CONTACT,
    PACKS,
    START,
    TENANT,
    TOKYO,
    World,
    at,
    bill,
    command,
    heard,
)

from services.policy.model import Pack
from services.policy.packs import from_content
from services.scheduler.api.shared import shown_hold
from services.scheduler.model import (
    Cancelled,
    Deferred,
    Dispatched,
    LiftRefused,
    NoticeWanted,
    Outcome,
    PersonDue,
    Planned,
    Suppressed,
)
from services.scheduler.rules import claiming, hearing, planning
from services.scheduler.rules.holds import standing

DAY = timedelta(days=1)


def hold(world: World, kind: str, type: str = "placed", **data: Any) -> list[Outcome]:
    """A word on a hold, now."""
    name = "hold.lifted" if type == "freed" else f"customer.hold_{type}"
    return world.hear(heard(name, world.now, kind=kind, **data))


def told(world: World, *kinds: type) -> list[Any]:
    return [one for _, one in world.told if isinstance(one, kinds)]


@pytest.mark.parametrize("kind", ["dispute", "moratorium", "litigation", "time_barred"])
def test_what_is_planned_waits_and_goes_on_after_the_hold(kind: str) -> None:
    world = World()
    world.start(bill())
    assert hold(world, kind) == []
    world.until(at("2026-03-05 14:00"))
    [waiting] = told(world, Deferred)
    assert (waiting.reason, waiting.step.plan.name) == (f"hold:{kind}", "t-7")
    assert waiting.rule == f"default/hold.{kind}"
    [again] = hold(world, kind, "lifted")
    assert isinstance(again, Planned)
    world.until(at("2026-03-05 15:00"))
    assert [name for _, name in world.sent()] == ["t-7"]


def test_a_hold_ends_by_itself_and_what_is_over_is_skipped_not_made_up_for() -> None:
    world = World()
    world.start(bill())
    hold(world, "dispute", until="2026-03-09T12:00:00+09:00")
    world.until(at("2026-03-12 00:00"))
    assert world.sent() == [(at("2026-03-09 12:00"), "t-3"), (at("2026-03-11 10:00"), "t-1")]
    [skipped] = told(world, Suppressed)
    assert (skipped.step.plan.name, skipped.reason) == ("t-7", "too_late")
    assert {one.reason for one in told(world, Deferred)} == {"hold:dispute"}


def test_a_lifted_hold_brings_no_heap() -> None:
    world = World()
    event = bill("payment.missed")
    plans = [
        *FIRST_CONTACT[:1],
        *(type(FIRST_CONTACT[1])(f"s{n}", "trigger", n, 9 * DAY, "x", at="10:00") for n in (1, 2)),
    ]
    world.start(event, plans=plans, purpose="collection", exits=())
    hold(world, "dispute")
    world.until(at("2026-03-06 12:00"))
    assert world.sent() == []
    hold(world, "dispute", "lifted")
    world.until(at("2026-03-06 13:00"))
    assert [name for _, name in world.sent()] == ["s2"]
    assert {one.reason for one in told(world, Suppressed)} <= {"too_late", "superseded", "past"}


def test_a_moratorium_without_an_end_waits_sixty_days() -> None:
    world = World()
    hold(world, "moratorium")
    world.start(bill(due_date="2026-05-08"))
    world.until(at("2026-05-08 00:00"))
    assert world.sent() == [(at("2026-05-01 10:00"), "t-7"), (at("2026-05-05 10:00"), "t-3"),
                            (at("2026-05-07 10:00"), "t-1")]  # fmt: skip
    late = World()
    hold(late, "moratorium")
    late.start(bill(due_date="2026-05-03"))
    late.until(at("2026-05-03 00:00"))
    assert late.sent() == [(at("2026-05-01 09:00"), "t-3"), (at("2026-05-02 10:00"), "t-1")]


@pytest.mark.parametrize("kind", ["deceased", "cease_contact", "bankruptcy", "minor"])
def test_some_holds_end_what_is_planned_and_nothing_begins_under_them(kind: str) -> None:
    world = World()
    world.start(bill())
    [ended] = hold(world, kind)
    assert isinstance(ended, Cancelled)
    assert ended.reason == f"hold:{kind}"
    world.start(bill(bill_id="b2"))
    refused = told(world, Suppressed)[-1]
    assert (refused.step, refused.reason) == (None, f"hold:{kind}")
    assert refused.rule.startswith("default/hold.")


def test_only_an_operator_lifts_what_is_final() -> None:
    world = World()
    hold(world, "deceased")
    world.now += DAY
    [refused] = hold(world, "deceased", "lifted")
    assert isinstance(refused, LiftRefused)
    assert refused.rule == "default/hold.final"
    world.start(bill(time=world.now))
    assert told(world, Suppressed)[-1].reason == "hold:deceased"
    world.now += DAY
    assert hold(world, "deceased", "freed") == []
    world.start(bill(time=world.now, bill_id="b3"))
    assert told(world, Planned)


def test_a_hold_is_shown_with_whoever_placed_it_last() -> None:
    world = World()

    def word(type: str, minute: int, source: str) -> None:
        at = START + timedelta(minutes=minute)
        told = heard(f"customer.hold_{type}", at, kind="dispute", obligation_id="b1")
        world.hear(msgspec.structs.replace(told, source=source))

    for type, minute, source in (
        ("placed", 2, "/disputes"), ("placed", 1, "/branch"), ("lifted", 1, "/branch"),
    ):  # fmt: skip
        word(type, minute, source)
    [hold] = standing(world.book.customer(TENANT, "ann"), PACKS, world.now)
    assert shown_hold(hold) == {
        "kind": "dispute",
        "obligation_id": "b1",
        "since": "2026-03-02T00:02:00Z",
        "until": None,
        "source": "/disputes",
    }


def test_a_lift_of_what_was_never_held_is_nothing() -> None:
    assert hold(World(), "deceased", "lifted") == []


@pytest.mark.parametrize(
    ("kind", "to"), [("attorney", "attorney"), ("representative", "representative"),
                     ("fraud", None), ("hardship", None)],
)  # fmt: skip
def test_a_person_sees_to_what_the_machine_must_not(kind: str, to: str | None) -> None:
    world = World()
    world.start(bill())
    hold(world, kind)
    world.until(at("2026-03-05 12:00"))
    assert world.sent() == []
    [due] = told(world, PersonDue)
    assert due.step.plan.name == "t-7"
    assert due.ruling is not None
    assert (due.ruling.kind, due.ruling.to) == (kind, to)


def test_the_vulnerable_are_spoken_to_gently() -> None:
    world = World()
    world.start(bill(), tone="formal")
    world.start(bill(bill_id="b2"), tone="formal", playbook="another")
    hold(world, "vulnerability", obligation_id="b9")
    world.until(at("2026-03-05 12:00"))
    assert {one.enrolment.tone for one in told(world, Dispatched)} == {"gentle"}
    assert {one.tone for one in world.book.enrolments.values()} == {"formal"}


def _packs() -> list[Pack]:
    rule = {"rule": "notice.first", "notice": "first_letter", "purposes": ["service"],
            "citation": "A law", "status": "binding", "verified": False}  # fmt: skip
    here = {"name": "here", "version": 4, "title": "Here", "applies": {"countries": ["JP"]}}
    return [*PACKS, from_content({**here, "notices": [rule]})]


def test_contact_waits_for_a_notice_and_asks_for_it() -> None:
    world, packs = World(), _packs()
    for event in (bill(), heard("customer.updated", timezone=TOKYO.timezone, country="JP")):
        hearing.hear(world.book, event, packs, START)
    begun = planning.plan(world.book, command(bill()), packs, START)
    assert [one for one in begun if isinstance(one, NoticeWanted)] == [
        NoticeWanted("default", "ann", "b1", "first_letter")
    ]
    due = at("2026-03-05 10:00")
    first = next(s.id for s in world.book.steps.values() if s.plan.name == "t-7")
    wanted, waits = claiming.claim(world.book, [first], packs, due)
    assert isinstance(wanted, NoticeWanted)
    assert isinstance(waits, Deferred)
    assert (waits.reason, waits.rule, waits.rule_version) == (
        "notice:first_letter", "here/notice.first", 4,
    )  # fmt: skip
    sent = heard("notice.sent", due, kind="first_letter", obligation_id="b1",
                 at=due.isoformat())  # fmt: skip
    [again] = hearing.hear(world.book, sent, packs, due)
    assert isinstance(again, Planned)
    [gone] = claiming.claim(world.book, [first], packs, due)
    assert isinstance(gone, Dispatched)
