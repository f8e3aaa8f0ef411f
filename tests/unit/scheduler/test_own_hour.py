"""The hour at which a customer answers: learned from people, pooled while little is known, and
always within what the rules permit."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scheduler_world import PACKS, START, TENANT, TOKYO, World, at, bill, command, heard

from services.policy import gate
from services.policy.places import applying, candidate_zones
from services.scheduler.model import (
    Counts,
    HourChoice,
    Learning,
    Place,
    Planned,
    Pool,
    StepPlan,
)
from services.scheduler.rules import habits, own_hour, timing
from services.scheduler.rules.habits import ENOUGH, ENOUGH_POOLED, KEPT, Known

LATER = StepPlan("later", "trigger", 3, timedelta(days=2), "later", at="10:00", own_hour=True)
NOT_AT_NIGHT = range(8, 21)
"""Hours that the default pack permits."""
counts = st.dictionaries(st.integers(0, 23), st.integers(0, 80), max_size=6)


def known(
    own: Counts | None = None,
    segment: Counts | None = None,
    general: Counts | None = None,
    arm: str = "learned",
) -> Known:
    return Known(own or {}, segment or {}, general or {}, arm, 0.9)


def slot_of(
    plan: StepPlan,
    place: Place,
    now: datetime,
    about: Known | None,
    purpose: str = "service",
    **terms: Any,
) -> tuple[timing.Slot, Any, Any]:
    asked = command(
        bill("payment.missed", now, **terms), plans=(plan,), place=place, purpose=purpose
    )
    zones = candidate_zones(place)
    found = own_hour.slot(plan, asked.enrolment, asked.terms, zones, PACKS, now, known=about)
    assert found is not None
    return found, zones, timing.approach_of(plan, asked.enrolment, asked.terms)


PLACES = (
    *(Place(timezone=name) for name in ("Europe/Berlin", "America/New_York", "Asia/Kathmandu",
      "Australia/Lord_Howe", "Pacific/Apia", "America/Santiago")),
    Place(country="US"), Place(country="AU"), Place(timezone="Asia/Tokyo", country="JP"),
)  # fmt: skip
# The clocks change within days of these, forward and back, on either side of the equator.
CHANGES = ("2026-03-05", "2026-03-26", "2026-04-02", "2026-09-30", "2026-10-22", "2026-10-29")


@settings(max_examples=400, deadline=None)
@given(
    place=st.sampled_from(PLACES),
    change=st.sampled_from(CHANGES),
    minutes=st.integers(0, 5 * 24 * 60),
    days=st.integers(0, 3),
    hour=st.none() | st.integers(0, 23),
    lasting=st.sampled_from((timedelta(hours=2), timedelta(hours=11), timedelta(days=3))),
    anchor=st.sampled_from(("trigger", "due")),
    habits_known=st.tuples(counts, counts, counts),
    purpose=st.sampled_from(("service", "collection")),
)
def test_a_chosen_hour_is_permitted_on_the_steps_own_day_and_before_its_end(
    place: Place,
    change: str,
    minutes: int,
    days: int,
    hour: int | None,
    lasting: timedelta,
    anchor: str,
    habits_known: tuple[Counts, Counts, Counts],
    purpose: str,
) -> None:
    now = datetime.fromisoformat(f"{change}T00:00+00:00") + timedelta(minutes=minutes)
    time = None if hour is None else f"{hour:02}:30"
    plan = StepPlan("x", anchor, days, lasting, "x", at=time, own_hour=True)
    due = {"due_date": (now + timedelta(days=2)).date().isoformat(), "due_timezone": "Asia/Tokyo"}
    terms: dict[str, Any] = {"purpose": purpose, **due}
    chosen, zones, approach = slot_of(plan, place, now, known(*habits_known), **terms)
    usual, _, _ = slot_of(plan, place, now, None, **terms)
    assert (chosen.planned_at, chosen.not_after) == (usual.planned_at, usual.not_after)
    if chosen.hour is None:
        assert chosen == usual
        return
    assert chosen.due_at is not None
    assert usual.due_at is not None
    assert now <= chosen.due_at < chosen.not_after
    days_there = {chosen.due_at.astimezone(ZoneInfo(name)).date() for name in zones.names}
    own_day = min(
        usual.planned_at.astimezone(ZoneInfo(name)).replace(tzinfo=None) for name in zones.names
    ).date()
    assert own_day in days_there
    assert gate.check(chosen.due_at, zones, applying(PACKS, zones), approach).allowed
    shown = {chosen.due_at.astimezone(ZoneInfo(name)).hour for name in zones.names}
    assert chosen.hour.wanted in shown
    kept, _, _ = slot_of(plan, place, now, known(*habits_known, arm="control"), **terms)
    assert kept == usual._replace(hour=msgspec.structs.replace(chosen.hour, arm="control"))


def hour_in_tokyo(about: Known, plan: StepPlan = LATER) -> tuple[int, str]:
    chosen, _, _ = slot_of(plan, TOKYO, START, about)
    assert chosen.due_at is not None
    assert chosen.hour is not None
    return chosen.due_at.astimezone(ZoneInfo("Asia/Tokyo")).hour, chosen.hour.by


@settings(max_examples=200, deadline=None)
@given(own=counts, segment=counts, general=counts)
def test_while_little_is_known_the_level_above_decides_alone(
    own: Counts, segment: Counts, general: Counts
) -> None:
    thin: Counts = {}
    for hour, count in own.items():
        thin[hour] = min(count, ENOUGH - 1 - sum(thin.values()))
    pooled = hour_in_tokyo(known({}, segment, general))
    assert hour_in_tokyo(known(thin, segment, general)) == pooled
    if sum(segment.values()) < ENOUGH_POOLED:
        assert pooled == hour_in_tokyo(known({}, {}, general))
        if sum(general.values()) < ENOUGH_POOLED:
            assert pooled == (10, "usual")


@settings(max_examples=200, deadline=None)
@given(
    hour=st.sampled_from(NOT_AT_NIGHT),
    segment=counts,
    general=counts,
    strays=st.lists(st.integers(0, 23), max_size=6),
)
def test_with_their_own_answers_it_comes_to_the_customers_own_hour(
    hour: int, segment: Counts, general: Counts, strays: list[int]
) -> None:
    own = Counter({hour: KEPT - len(strays)}) + Counter(strays)
    assert hour_in_tokyo(known(dict(own), segment, general)) == (hour, "own")


def test_each_level_has_its_say_and_nobody_is_moved_by_one_tap() -> None:
    general, segment = {12: 60, 19: 20}, {19: 60, 12: 20}
    assert hour_in_tokyo(known(general=general)) == (12, "general")
    assert hour_in_tokyo(known(segment=segment, general=general)) == (19, "segment")
    one_tap = {8: 1, 19: 1, 12: 1, 15: 1}
    assert hour_in_tokyo(known(one_tap, segment, general)) == (19, "own")
    assert hour_in_tokyo(known({8: ENOUGH * 2}, segment, general)) == (8, "own")


def test_an_hour_at_night_gives_way_to_the_likeliest_that_is_permitted() -> None:
    assert hour_in_tokyo(known({3: 20, 14: 5})) == (14, "own")
    assert hour_in_tokyo(known({23: 20})) == (10, "own")


def test_it_is_the_same_each_time_and_spread_within_its_hour() -> None:
    asked = command(bill("payment.missed"), plans=(LATER,))
    zones = candidate_zones(TOKYO)

    def due(window: timedelta) -> datetime | None:
        found = own_hour.slot(
            LATER, asked.enrolment, asked.terms, zones, PACKS, START, window, known({20: 20})
        )
        assert found is not None
        return found.due_at

    assert due(timedelta(0)) == at("2026-03-05 20:00")
    spread = due(timedelta(minutes=40))
    assert spread == due(timedelta(minutes=40))
    assert spread is not None
    assert at("2026-03-05 20:00") < spread < at("2026-03-05 20:40")


def test_a_customer_is_always_of_the_same_arm_and_a_larger_share_has_the_same_and_more() -> None:
    customers = [("default", f"c-{number}") for number in range(5000)]

    def control(share: int) -> set[tuple[str, str]]:
        return {who for who in customers if habits.arm_of(Learning(share), who)[0] == "control"}

    assert control(1000) < control(2000)
    assert 0.08 < len(control(1000)) / len(customers) < 0.12
    assert control(0) == set()
    assert {habits.arm_of(Learning(1000), who)[1] for who in customers} == {0.1, 0.9}


class Learner(World):
    """A world in which hours are learned, about a customer in Tokyo who is not in the control."""

    def __init__(self, now: datetime = START) -> None:
        super().__init__(now)
        self.book.learning = Learning(0)
        self.hear(heard("customer.updated", now, timezone="Asia/Tokyo", country="JP"))

    def taps(self, *times: str, machine: bool = False, **data: Any) -> None:
        for time in times:
            given = {"message_id": "m1", "link": "pay", "machine": machine, **data}
            self.hear(heard("message.clicked", at(time), **given))

    @property
    def answers(self) -> Counts:
        return self.book.customer(TENANT, "ann").answers


def test_taps_and_visits_of_people_are_counted_once_an_hour() -> None:
    world = Learner()
    world.taps("2026-03-02 20:05", "2026-03-02 20:40", "2026-03-03 20:10", "2026-03-04 07:59")
    world.hear(heard("customer.active", at("2026-03-05 21:15"), last_active_on="2026-03-05"))
    world.hear(heard("choice.made", at("2026-03-06 22:00"), enrolment_id="e", choice="later"))
    assert world.answers == {20: 2, 7: 1, 21: 1, 22: 1}


def test_machines_opens_and_nightly_reports_are_not() -> None:
    world = Learner()
    world.taps("2026-03-02 20:05", machine=True)
    world.hear(heard("message.opened", at("2026-03-03 20:05"), message_id="m1", machine=False))
    world.hear(heard("customer.active", at("2026-03-05 02:00"), last_active_on="2026-03-04"))
    assert world.answers == {}
    world.taps("2026-03-08 20:05", "2026-03-07 09:00")  # the second is told too late
    assert world.answers == {20: 1}


def test_an_hour_that_is_not_known_is_not_counted() -> None:
    world = World()
    world.book.learning = Learning(0)
    world.hear(heard("customer.updated", country="US"))
    world.hear(heard("message.clicked", START, message_id="m", link="pay", machine=False))
    assert world.book.customer(TENANT, "ann").answers == {}


def test_what_lies_back_counts_less_and_what_is_erased_is_forgotten() -> None:
    world = Learner()
    days = [at("2026-03-02 09:00") + timedelta(days=day) for day in range(KEPT + 40)]
    for day in days[:KEPT]:
        world.taps(f"{day:%Y-%m-%d} 09:00")
    for day in days[KEPT:]:
        world.taps(f"{day:%Y-%m-%d} 20:00")
    assert world.answers == {9: KEPT // 4, 20: 25}
    world.start(bill("payment.missed", world.now), plans=(LATER,))
    assert world.book.customer(TENANT, "ann").segments
    world.hear(heard("customer.erased", days[-1], tables=3))
    forgotten = world.book.customer(TENANT, "ann")
    assert (forgotten.answers, forgotten.segments, forgotten.answered_at) == ({}, {}, None)


def test_answers_count_for_the_segment_that_the_customer_was_in() -> None:
    world = Learner()
    world.start(bill("payment.missed", world.now), plans=(LATER,), playbook="watch")
    world.taps("2026-03-02 20:05")
    segments = [(one.pool.playbook, one.pool.segment, one.hour) for one in world.book.answers]
    assert segments == [("", "", 20), ("watch", "everyone", 20)]


def test_two_ids_that_are_one_have_the_hours_of_both() -> None:
    world = Learner()
    world.taps("2026-03-02 20:05", "2026-03-03 20:05")
    world.hear(heard("customer.updated", customer="bea", timezone="Asia/Tokyo"))
    world.hear(heard("message.clicked", at("2026-03-04 20:05"), customer="bea", message_id="m",
                     link="pay", machine=False))  # fmt: skip
    world.hear(heard("customer.merged", at("2026-03-05 09:00"), into="bea"))
    world.taps("2026-03-06 21:05")
    assert world.book.customer(TENANT, "bea").answers == {20: 3, 21: 1}


@pytest.mark.parametrize(("learned", "due"), [(True, "20:00"), (False, "10:00")])
def test_a_plan_tells_how_its_hour_was_chosen_and_the_switch_turns_it_off(
    learned: bool, due: str
) -> None:
    world = Learner()
    if not learned:
        world.book.learning = None
    world.book.pools[Pool(TENANT)] = {20: ENOUGH_POOLED}
    told = world.start(bill("payment.missed", world.now), plans=(LATER,))
    (planned,) = (one for one in told if isinstance(one, Planned))
    assert planned.step.due_at == at(f"2026-03-05 {due}")
    assert planned.step.planned_at == at("2026-03-05 10:00")
    expected = HourChoice(10, 20, "general", "learned", 1.0) if learned else None
    assert planned.hour == expected
    world.until(at("2026-03-06 00:00"))
    assert world.sent() == [(at(f"2026-03-05 {due}"), "later")]


def test_a_wish_for_the_morning_binds_the_learned_hour() -> None:
    world = Learner()
    world.hear(heard("contact.preference_changed", START, changes={"hours": "08:00-12:00"}))
    world.book.pools[Pool(TENANT)] = {20: ENOUGH_POOLED, 11: 60}
    told = world.start(bill("payment.missed", world.now), plans=(LATER,))
    (planned,) = (one for one in told if isinstance(one, Planned))
    assert planned.step.due_at == at("2026-03-05 11:00")
