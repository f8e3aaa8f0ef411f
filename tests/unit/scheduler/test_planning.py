"""From commands to steps: local dates, permitted hours, updates, re-entry."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scheduler_world import (
    FIRST_CONTACT,
    PACKS,
    START,
    World,
    at,
    bill,
    command,
    heard,
    paid,
)

from services.policy.places import candidate_zones
from services.scheduler.model import (
    Cancelled,
    Deferred,
    Dispatched,
    Enrolled,
    Outcome,
    Place,
    Planned,
    StepPlan,
    Suppressed,
)
from services.scheduler.rules.timing import planned_instant


def kinds(outcomes: list[Outcome]) -> list[str]:
    return [type(one).__name__ for one in outcomes]


def reasons(outcomes: list[Outcome]) -> list[tuple[str | None, str]]:
    return [
        (one.step.plan.name if one.step else None, one.reason)
        for one in outcomes
        if isinstance(one, Suppressed)
    ]


def test_steps_fall_on_local_dates_before_the_due_date() -> None:
    told = World().start(bill())
    assert kinds(told) == ["Enrolled", "Planned", "Planned", "Planned"]
    planned = [one.step.due_at for one in told if isinstance(one, Planned)]
    assert planned == [at("2026-03-05 10:00"), at("2026-03-09 10:00"), at("2026-03-11 10:00")]


def test_a_trigger_at_night_is_deferred_to_the_morning_with_rule_and_version() -> None:
    world = World(at("2026-03-02 23:00"))
    told = world.start(bill("payment.missed", world.now), plans=FIRST_CONTACT, purpose="collection")
    moved = next(one for one in told if isinstance(one, Deferred))
    assert (moved.was, moved.step.due_at) == (at("2026-03-02 23:00"), at("2026-03-03 08:00"))
    assert (moved.reason, moved.rule, moved.rule_version) == ("hours", "default/hours", 5)
    sent = [o for o in world.until(at("2026-03-03 12:00")) if isinstance(o, Dispatched)]
    assert [one.decided_at for one in sent] == [at("2026-03-03 08:00")]


def test_steps_in_the_past_are_skipped_with_a_fact_and_never_sent_in_a_heap() -> None:
    world = World(at("2026-03-11 11:00"))
    told = world.start(bill(time=world.now))
    assert reasons(told) == [("t-7", "past"), ("t-3", "past")]
    world.until(at("2026-03-14 00:00"))
    assert world.sent() == [(at("2026-03-11 11:00"), "t-1")]


def test_of_two_steps_that_have_come_only_the_last_goes_out() -> None:
    plans = (
        StepPlan("a", "due", -3, timedelta(days=5), "a", at="10:00"),
        StepPlan("b", "due", -2, timedelta(days=5), "b", at="10:00"),
    )
    world = World(at("2026-03-10 11:00"))
    assert reasons(world.start(bill(time=world.now), plans=plans)) == [("a", "superseded")]
    world.until(at("2026-03-14 00:00"))
    assert [name for _, name in world.sent()] == ["b"]


def test_a_second_trigger_is_an_update_and_moves_what_is_not_dispatched() -> None:
    world = World()
    world.start(bill())
    world.until(at("2026-03-06 00:00"))
    later = bill(time=world.now, due_date="2026-03-22", amount_minor=9_000)
    told = world.start(later)
    assert not any(isinstance(one, Enrolled) for one in told)
    world.until(at("2026-03-25 00:00"))
    assert world.sent() == [
        (at("2026-03-05 10:00"), "t-7"),
        (at("2026-03-19 10:00"), "t-3"),
        (at("2026-03-21 10:00"), "t-1"),
    ]
    last = [one for _, one in world.told if isinstance(one, Dispatched)][-1]
    assert last.obligation.amount_minor == 9_000


def test_a_changed_due_date_alone_moves_the_steps() -> None:
    world = World()
    world.start(bill())
    told = world.hear(bill("bill.updated", due_date="2026-03-13", time=START + timedelta(hours=1)))
    assert [o.step.due_at for o in told if isinstance(o, Planned)] == [
        at("2026-03-06 10:00"),
        at("2026-03-10 10:00"),
        at("2026-03-12 10:00"),
    ]


def test_a_repeated_command_changes_nothing() -> None:
    world = World()
    world.start(bill())
    assert world.order(command(bill())) == []


def test_without_a_place_nothing_is_planned_and_a_fact_says_so() -> None:
    told = World().start(bill(), place=Place())
    assert reasons(told) == [(None, "place_unknown")]
    with_zone = World().start(bill(due_timezone="Asia/Tokyo"), place=Place())
    assert kinds(with_zone)[0] == "Enrolled"


def test_a_payment_that_overtook_its_missed_payment_keeps_the_customer_in_peace() -> None:
    world = World(at("2026-03-14 12:00"))
    world.hear(paid(at("2026-03-14 11:59")))
    told = world.start(
        bill("payment.missed", at("2026-03-13 09:00")), plans=FIRST_CONTACT, purpose="collection"
    )
    assert reasons(told) == [(None, "paid")]
    world.until(at("2026-03-25 00:00"))
    assert world.sent() == []


def test_a_completed_enrolment_is_not_begun_again_for_the_same_due_date() -> None:
    world = World()
    world.start(bill())
    for outcome in world.until(at("2026-03-12 00:00")):
        if isinstance(outcome, Dispatched):
            world.answer(outcome)
    told = world.start(bill(time=world.now))
    assert reasons(told) == [(None, "already_enrolled")]


def test_a_subscription_is_reminded_of_again_in_its_next_period() -> None:
    world = World()

    def expiring(day: str) -> None:
        event = heard(
            "subscription.expiring",
            world.now,
            subscription_id="s1",
            plan="Gold",
            expires_on=day,
            price_minor=900,
            currency="EUR",
        )
        world.start(event, playbook="subscription-retain", exits=())

    expiring("2026-03-12")
    renewed = heard(
        "subscription.renewed", world.now, subscription_id="s1", expires_on="2027-03-12"
    )
    assert kinds(world.hear(renewed)) == ["Cancelled"]
    expiring("2026-03-12")
    world.until(at("2026-03-20 00:00"))
    assert world.sent() == []
    world.now = at("2027-03-01 09:00")
    expiring("2027-03-12")
    world.until(at("2027-03-12 00:00"))
    assert [name for _, name in world.sent()] == ["t-7", "t-3", "t-1"]


def test_in_one_playbook_obligations_of_two_kinds_may_have_the_same_id() -> None:
    world = World()
    left = heard("application.abandoned", application_id="77", product="loan", step="documents")
    ends = heard(
        "subscription.expiring", subscription_id="77", plan="Gold", expires_on="2026-03-12"
    )
    for event in (left, ends):
        told = world.start(event, plans=FIRST_CONTACT, playbook="vip-care", exits=())
        assert kinds(told)[0] == "Enrolled"
    assert {one.obligation_kind for one in world.book.enrolments.values()} == {
        "application",
        "subscription",
    }
    done = heard("application.completed", START + timedelta(hours=1), application_id="77")
    (ended,) = world.hear(done)
    assert isinstance(ended, Cancelled)
    assert [one.obligation_kind for one in world.book.enrolments.values() if one.active] == [
        "subscription"
    ]


@pytest.mark.parametrize(
    ("customer_zone", "due_zone", "expected"),
    [
        ("America/New_York", "Asia/Tokyo", "2026-03-12T09:00-04:00"),
        ("Pacific/Honolulu", "Asia/Tokyo", "2026-03-11T09:00-10:00"),
        ("Pacific/Kiritimati", "Pacific/Niue", "2026-03-12T09:00+14:00"),
        ("Asia/Kathmandu", None, "2026-03-12T09:00+05:45"),
    ],
)
def test_the_due_day_is_local_and_never_over_where_it_is_due(
    customer_zone: str, due_zone: str | None, expected: str
) -> None:
    place = Place(timezone=customer_zone)
    asked = command(bill(due_timezone=due_zone), place=place)
    today = StepPlan("t0", "due", 0, timedelta(days=1), "today", at="09:00")
    zones = candidate_zones(place, due_zone)
    found = planned_instant(today, asked.enrolment, asked.terms, zones)
    assert found == datetime.fromisoformat(expected)


ZONES = st.sampled_from(
    [
        "America/New_York", "America/St_Johns", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Tokyo",
        "Australia/Lord_Howe", "Europe/London", "Africa/Casablanca", "Pacific/Apia",
        "Pacific/Chatham", "Pacific/Kiritimati", "Pacific/Niue",
    ]
)  # fmt: skip
REMINDED = command(bill())


@settings(max_examples=300, deadline=None)
@example("Pacific/Apia", "Asia/Tokyo", date(2011, 12, 30), 0, 480)
@given(
    here=ZONES,
    there=st.none() | ZONES,
    due=st.dates(date(2009, 1, 1), date(2030, 12, 31))
    | st.sampled_from([date(2026, 3, 8), date(2026, 11, 1), date(2011, 12, 30)]),
    days=st.integers(-30, 30),
    minute=st.integers(8 * 60, 21 * 60 - 1),
)
def test_a_step_falls_on_its_local_day_or_the_one_before_where_that_is_over(
    here: str, there: str | None, due: date, days: int, minute: int
) -> None:
    plan = StepPlan(
        "s", "due", days, timedelta(days=1), "s", at=f"{minute // 60:02}:{minute % 60:02}"
    )
    place = Place(timezone=here)
    terms = msgspec.structs.replace(REMINDED.terms, due_date=due, due_timezone=there)
    found = planned_instant(plan, REMINDED.enrolment, terms, candidate_zones(place, there))
    assert found is not None
    zone = ZoneInfo(here)

    def is_first_showing(wanted: datetime) -> bool:
        shown = found.astimezone(zone).replace(tzinfo=None)
        exact = wanted.replace(tzinfo=zone).astimezone(UTC)
        if exact.astimezone(zone).replace(tzinfo=None) == wanted:
            return found == exact
        before = (found - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None)
        return before < wanted < shown  # the clock left it out

    day = due + timedelta(days=days)
    wanted = datetime.combine(day, time(minute // 60, minute % 60))
    exact = wanted.replace(tzinfo=zone).astimezone(UTC)
    if exact.astimezone(zone).replace(tzinfo=None) == wanted:
        own_day = exact.astimezone(ZoneInfo(there or here)).date() <= day
        assert is_first_showing(wanted if own_day else wanted - timedelta(days=1))
    else:
        assert is_first_showing(wanted) or is_first_showing(wanted - timedelta(days=1))
    assert found.astimezone(ZoneInfo(there or here)).date() <= max(
        day, found.astimezone(zone).date()
    )


@pytest.mark.parametrize(
    ("timezone", "due", "local", "instant"),
    [
        ("America/New_York", date(2026, 3, 8), "02:30", "2026-03-08T03:00-04:00"),
        ("America/New_York", date(2026, 11, 1), "01:30", "2026-11-01T01:30-04:00"),
        ("Pacific/Apia", date(2011, 12, 30), "10:00", "2011-12-31T00:00+14:00"),
    ],
    ids=["an hour that is left out", "an hour that comes twice", "a day that is left out"],
)
def test_a_local_time_that_does_not_exist_is_the_next_that_does(
    timezone: str, due: date, local: str, instant: str
) -> None:
    asked = command(bill())
    plan = StepPlan("on-the-day", "due", 0, timedelta(days=1), "soon", at=local)
    terms = msgspec.structs.replace(asked.terms, due_date=due)
    zones = candidate_zones(Place(timezone=timezone))
    at_last = planned_instant(plan, asked.enrolment, terms, zones)
    assert at_last == datetime.fromisoformat(instant)


def test_a_step_without_a_due_date_to_count_from_says_so() -> None:
    world = World()
    event = heard("benefit.granted", benefit_id="n1", kind="coupon", title="Coupon")
    told = world.start(event, exits=())
    assert {reason for _, reason in reasons(told)} == {"no_due_date"}
    assert kinds(told)[-1] == "Completed"


def test_packs_of_the_place_bind_the_plan() -> None:
    india = Place(timezone="Asia/Kolkata", country="IN")
    world = World(datetime.fromisoformat("2026-03-02T19:30+05:30"))
    told = world.start(
        bill("payment.missed", world.now), plans=FIRST_CONTACT, purpose="collection", place=india
    )
    moved = next(one for one in told if isinstance(one, Deferred))
    assert moved.rule == "in/hours.recovery"
    assert moved.step.due_at == datetime.fromisoformat("2026-03-03T08:00+05:30")
    assert {pack.name for pack in PACKS} >= {"default", "in"}


def test_a_cancelled_enrolment_names_its_steps_and_its_cause() -> None:
    world = World()
    world.start(bill())
    payment = paid(START + timedelta(hours=1))
    (ended,) = world.hear(payment)
    assert isinstance(ended, Cancelled)
    assert (ended.reason, ended.cause_event_id) == ("paid", payment.id)
    assert len(ended.step_ids) == 3
    assert msgspec.json.decode(msgspec.json.encode(ended.enrolment))["status"] == "cancelled"
