"""What a one-tap answer does to plans, and how a step is given to a person."""

from datetime import timedelta

import msgspec
import pytest
from scheduler_world import PAID, START, World, at, bill, command, heard, paid

from services.scheduler.model import (
    Cancelled,
    ChoiceTerms,
    Chosen,
    Completed,
    Dispatched,
    EnrolmentStatus,
    Heard,
    Outcome,
    PersonDue,
    Planned,
    StepPlan,
    StepState,
    Suppressed,
)

DAY = timedelta(days=1)
PLANS = (
    StepPlan("ask", "trigger", 0, 2 * DAY, "ask"),
    StepPlan("second", "trigger", 3, 2 * DAY, "second", at="10:00"),
    StepPlan("third", "trigger", 9, 2 * DAY, "third", at="10:00"),
    StepPlan("again", "choice", 7, 2 * DAY, "again", at="10:00", choice="later"),
    StepPlan("at_once", "choice", 0, 2 * DAY, "at_once", choice="other"),
)
CHOICES = (
    ChoiceTerms("documents", "person"),
    ChoiceTerms("cheaper", "request", "cheaper_plan", keep=("third",)),
    ChoiceTerms("later", "steps"),
    ChoiceTerms("other", "steps", keep=("second",)),
    ChoiceTerms("leaving", "stop"),
)
ADVISER = StepPlan("adviser", "trigger", 0, DAY, "", by="person", seniority="senior")


def world(*plans: StepPlan, purpose: str = "service") -> World:
    """A customer is enrolled by a missed payment on START, a Monday at nine."""
    made = World()
    trigger = bill("payment.missed", due_date="2026-02-27")
    asked = command(trigger, plans=plans or PLANS, purpose=purpose, exits=(PAID,))
    made.hear(trigger)
    enrolment = msgspec.structs.replace(asked.enrolment, choices=CHOICES)
    made.order(msgspec.structs.replace(asked, enrolment=enrolment))
    return made


def asked(*plans: StepPlan) -> World:
    """The first mail has been sent."""
    made = world(*plans)
    made.answer(first_dispatch(made))
    return made


def first_dispatch(made: World) -> Dispatched:
    (told,) = [one for one in made.claim() if isinstance(one, Dispatched)]
    return told


def choose(made: World, name: str) -> list[Outcome]:
    """The customer taps an answer of the first mail now."""
    (enrolment_id,) = made.book.enrolments
    told = {"enrolment_id": enrolment_id, "choice": name, "obligation_id": "b1"}
    return made.hear(heard("choice.made", made.now, **told))


def states(made: World) -> dict[str, str]:
    return {step.plan.name: step.state.value for step in made.book.steps.values()}


def only_enrolment(made: World) -> EnrolmentStatus:
    (enrolment,) = made.book.enrolments.values()
    return enrolment.status


def test_steps_of_choices_wait_for_the_choice() -> None:
    assert states(world()) == {"ask": "planned", "second": "planned", "third": "planned"}


def test_a_choice_ends_what_was_planned_and_plans_its_own_steps() -> None:
    made = asked()
    made.now = at("2026-03-03 15:00")
    told = choose(made, "later")
    ended = [one for one in told if isinstance(one, Suppressed)]
    assert [(one.step.plan.name, one.reason, one.rule) for one in ended if one.step] == [
        ("second", "choice:later", "choice"),
        ("third", "choice:later", "choice"),
    ]
    (planned,) = [one for one in told if isinstance(one, Planned)]
    assert (planned.step.plan.name, planned.step.due_at) == ("again", at("2026-03-10 10:00"))
    made.until(at("2026-03-20 10:00"))
    assert [name for _, name in made.sent()] == ["ask", "again"]


def test_steps_may_follow_at_once_and_others_be_kept() -> None:
    made = asked()
    made.now = at("2026-03-03 15:00")
    choose(made, "other")
    made.until(at("2026-03-20 10:00"))
    assert made.sent()[1:] == [
        (at("2026-03-03 15:00"), "at_once"),
        (at("2026-03-05 10:00"), "second"),
    ]


def test_the_orders_after_a_choice_offer_none() -> None:
    made = asked()
    choose(made, "later")
    dispatched = made.next_dispatch(before=at("2026-03-12 00:00"))
    assert dispatched is not None
    assert dispatched.enrolment.chosen == Chosen("later", START)


@pytest.mark.parametrize(("name", "left"), [("documents", set()), ("cheaper", {"third"})])
def test_a_person_or_a_request_takes_the_place_of_mails(name: str, left: set[str]) -> None:
    made = asked()
    told = choose(made, name)
    assert {step for step, state in states(made).items() if state == "planned"} == left
    assert any(isinstance(one, Completed) for one in told) is not bool(left)


def test_a_choice_may_end_it_all_for_its_own_reason() -> None:
    made = asked()
    (ended,) = choose(made, "leaving")
    assert isinstance(ended, Cancelled)
    assert (ended.reason, len(ended.step_ids)) == ("leaving", 2)
    trigger = bill("payment.missed", due_date="2026-02-27", amount_minor=13_000)
    (refused,) = made.order(command(trigger, plans=PLANS))
    assert isinstance(refused, Suppressed)
    assert refused.reason == "already_enrolled"


def test_only_the_first_choice_counts() -> None:
    made = asked()
    choose(made, "later")
    before = states(made)
    assert choose(made, "leaving") == []
    assert choose(made, "later") == []
    assert states(made) == before


def test_a_choice_opens_a_completed_enrolment_again() -> None:
    made = asked(PLANS[0], PLANS[3])
    assert only_enrolment(made) is EnrolmentStatus.COMPLETED
    made.now = at("2026-03-04 12:00")
    choose(made, "later")
    assert only_enrolment(made) is EnrolmentStatus.ACTIVE
    again = made.next_dispatch(before=at("2026-03-12 00:00"))
    assert again is not None
    made.answer(again)
    assert only_enrolment(made) is EnrolmentStatus.COMPLETED
    assert [name for _, name in made.sent()] == ["ask", "again"]


def test_a_choice_after_the_matter_is_settled_plans_nothing_and_says_why() -> None:
    made = asked(PLANS[0], PLANS[3])
    made.now = at("2026-03-04 12:00")
    made.hear(paid(made.now))
    told = choose(made, "later")
    assert [one.reason for one in told if isinstance(one, Suppressed)] == ["paid"]
    assert only_enrolment(made) is EnrolmentStatus.COMPLETED


def test_a_choice_after_an_exit_changes_nothing() -> None:
    made = asked()
    made.hear(paid(made.now))
    before = states(made)
    assert choose(made, "later") == []
    assert states(made) == before


def test_an_unknown_choice_or_enrolment_changes_nothing() -> None:
    made = asked()
    assert choose(made, "nonsense") == []
    told = {"enrolment_id": "other", "choice": "later", "obligation_id": "b1"}
    assert made.hear(heard("choice.made", made.now, **told)) == []


def test_a_persons_step_is_handed_over_at_any_hour_and_is_no_contact() -> None:
    made = World(at("2026-03-02 23:30"))
    trigger = bill("payment.missed", made.now, due_date="2026-02-27")
    made.start(trigger, plans=(ADVISER, PLANS[0]))
    (due,) = [one for one in made.claim() if isinstance(one, PersonDue)]
    assert due.step.state is StepState.HANDED_OVER
    assert due.step.not_after == at("2026-03-03 23:30")
    assert made.book.reserved == {}
    made.until(at("2026-03-03 12:00"))
    assert [name for _, name in made.sent()] == ["ask"]


def test_a_persons_step_and_a_mail_of_the_same_hour_both_take_place() -> None:
    made = world(PLANS[0], ADVISER)
    told = made.claim()
    assert {type(one) for one in told} == {Dispatched, PersonDue}


def test_an_enrolment_of_a_persons_step_alone_completes() -> None:
    made = world(ADVISER)
    told = made.claim()
    assert [type(one) for one in told] == [PersonDue, Completed]
    assert isinstance(told[1], Completed)
    assert told[1].reason == "all_steps_done"


@pytest.mark.parametrize(
    "stop",
    [
        paid(),
        heard("customer.hold_placed", kind="deceased"),
        heard("contact.unsubscribed", channel="*", purpose="*"),
    ],
)
def test_what_stops_contact_stops_a_persons_step(stop: Heard) -> None:
    made = world(msgspec.structs.replace(ADVISER, days=2))
    made.hear(stop)
    made.until(at("2026-03-06 12:00"))
    assert states(made) == {"adviser": "cancelled"}


def test_a_persons_step_waits_for_the_end_of_a_pause_and_is_too_late_in_the_end() -> None:
    made = world(ADVISER)
    made.hear(
        heard("contact.preference_changed", changes={"paused_until": "2026-03-02T15:00:00+09:00"})
    )
    made.until(at("2026-03-02 14:30"))
    assert states(made) == {"adviser": "planned"}
    made.until(at("2026-03-02 15:30"))
    assert states(made) == {"adviser": "handed_over"}
    late = world(ADVISER)
    late.now = at("2026-03-04 09:00")
    (ended, _) = late.claim()
    assert isinstance(ended, Suppressed)
    assert ended.reason == "too_late"
