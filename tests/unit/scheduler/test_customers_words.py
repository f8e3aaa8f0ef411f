"""What customers choose, and hand-offs to people: what they stop, and for how long."""

from typing import Any

import pytest
from scheduler_world import FIRST_CONTACT, START, World, at, bill, heard

from services.scheduler.model import Cancelled, Deferred, Heard, StepState, Suppressed

NOON = at("2026-03-04 12:00")


def chosen(time: Any = START, **changes: Any) -> Heard:
    """Preferences as the messenger tells them: `email_service` stands for `email/service`."""
    given = {name.replace("_", "/", 1) if "_" in name else name: v for name, v in changes.items()}
    return heard("contact.preference_changed", time, changes=given)


def pause(until: str | None, time: Any = START) -> Heard:
    return heard("contact.preference_changed", time, changes={"paused_until": until})


def unsubscribed(purpose: str) -> Heard:
    return heard("contact.unsubscribed", START, channel="email", purpose=purpose)


def handoff(reason: str, obligation_id: str | None = "b1") -> Heard:
    data = {"handoff_id": "h1", "case_id": "k1", "reason": reason, "obligation_id": obligation_id}
    return Heard("default", "ann", "handoff.requested", "e-h1", START, data, obligation_id)


def resolved(outcome: str = "done") -> Heard:
    return heard("handoff.resolved", NOON, handoff_id="h1", outcome=outcome)


@pytest.mark.parametrize("purpose", ["service", "*"])
def test_what_is_switched_on_again_is_contacted_from_then_on(purpose: str) -> None:
    world = World()
    world.start(bill())
    (ended,) = world.hear(unsubscribed(purpose))
    assert isinstance(ended, Cancelled)
    world.until(at("2026-03-05 12:00"))
    assert world.hear(chosen(world.now, email_service="on")) == []
    world.until(at("2026-03-08 12:00"))
    assert world.sent() == []
    world.start(bill(time=world.now))
    world.until(at("2026-03-12 00:00"))
    # What was cancelled in between is not caught up with.
    assert [name for _, name in world.sent()] == ["t-3", "t-1"]


def test_only_what_is_named_is_switched_on_again() -> None:
    world = World()
    world.hear(unsubscribed("*"), chosen(NOON, email_collection="on"))
    (refused,) = world.start(bill())
    assert isinstance(refused, Suppressed)
    assert refused.reason == "opted_out"


def test_switching_on_takes_back_no_refusal_that_the_publisher_tells() -> None:
    world = World()
    said = {"channel": "email", "purpose": "service", "status": "revoked"}
    world.hear(heard("customer.consent_changed", START, **said), chosen(NOON, email_service="on"))
    (refused,) = world.start(bill())
    assert isinstance(refused, Suppressed)


def test_switching_off_is_an_opt_out() -> None:
    world = World()
    world.start(bill())
    (ended,) = world.hear(chosen(NOON, email_service="off"))
    assert isinstance(ended, Cancelled)
    assert ended.reason == "opted_out"


def test_a_pause_told_on_the_log_keeps_everything_back_until_it_ends() -> None:
    world = World()
    world.start(bill())
    world.hear(pause("2026-03-20T12:00:00+09:00"))
    world.until(at("2026-03-05 15:00"))
    assert world.sent() == []
    assert [o.reason for _, o in world.told if isinstance(o, Suppressed)] == ["paused"]
    world.hear(pause(None, world.now))
    world.until(at("2026-03-09 12:00"))
    assert [name for _, name in world.sent()] == ["t-3"]


@pytest.mark.parametrize(
    ("reason", "obligation_id", "purpose", "quiet"),
    [
        ("dispute", "b1", "service", True),
        ("hardship", "b1", "service", True),
        ("not_me", "b1", "collection", True),
        ("wrong_person", None, "service", True),
        ("reply", "b1", "collection", True),
        ("asked_for_person", "b1", "collection", True),
        ("asked_for_person", None, "collection", True),
        ("asked_for_person", "b1", "service", False),
        ("dispute", "another", "collection", False),
    ],
)
def test_while_a_person_has_taken_over_the_machine_keeps_quiet(
    reason: str, obligation_id: str | None, purpose: str, quiet: bool
) -> None:
    world = World()
    world.start(bill(), purpose=purpose)
    assert world.hear(handoff(reason, obligation_id)) == []
    world.until(at("2026-03-05 15:00"))
    assert (world.sent() == []) is quiet
    waited = [o for _, o in world.told if isinstance(o, Deferred)]
    assert ({(o.reason, o.rule) for o in waited} == {("handoff", "handoff")}) is quiet


def test_what_waited_for_a_person_goes_on_when_that_has_ended() -> None:
    world = World()
    world.start(bill())
    world.hear(handoff("dispute"))
    world.until(at("2026-03-05 12:00"))
    world.hear(resolved())
    world.until(at("2026-03-06 12:00"))
    assert world.sent() == [(at("2026-03-05 12:00"), "t-7")]


def test_what_waits_too_long_for_a_person_is_suppressed() -> None:
    world = World()
    world.start(bill())
    world.hear(handoff("dispute"))
    world.until(at("2026-03-13 00:00"))
    assert world.sent() == []
    ended = [o for _, o in world.told if isinstance(o, Suppressed)]
    assert {o.reason for o in ended} == {"handoff"}
    assert {step.state for step in world.book.steps.values()} == {StepState.SUPPRESSED}


@pytest.mark.parametrize(
    "right_again",
    [
        heard("customer.updated", NOON, channels={"email": "new hash"}),
        heard("contact.right_party", NOON, confirmed=True, channel="email", via="portal"),
    ],
)
def test_an_address_of_somebody_else_is_left_alone_until_there_is_another(
    right_again: Heard,
) -> None:
    world = World()
    world.start(bill())
    wrong = heard("contact.right_party", START, confirmed=False, channel="email", via="portal")
    (ended,) = world.hear(wrong)
    assert isinstance(ended, Cancelled)
    assert ended.reason == "wrong_person"
    (refused,) = world.start(bill(time=at("2026-03-03 09:00")))
    assert isinstance(refused, Suppressed)
    world.hear(right_again)
    world.start(bill(time=NOON))
    world.until(at("2026-03-05 12:00"))
    assert [name for _, name in world.sent()] == ["t-7"]


def test_a_wish_for_the_evening_and_for_once_a_week_is_kept() -> None:
    world = World()
    world.start(bill())
    asked = {"hours": "17:00-21:00", "max_a_week": 1}
    assert world.hear(heard("contact.preference_changed", START, changes=asked)) == []
    world.until(at("2026-03-12 00:00"))
    [(first, _), *others] = world.sent()
    assert first.hour == 17 or 17 <= first.astimezone(START.tzinfo).hour < 21
    assert others == []
    rules = {one.rule for _, one in world.told if isinstance(one, Deferred | Suppressed)} - {
        "default/hours"
    }
    assert "preferences/hours" in rules


def test_a_wish_is_taken_back() -> None:
    world = World()
    world.hear(heard("contact.preference_changed", START, changes={"max_a_week": 1}))
    world.hear(heard("contact.preference_changed", START, changes={"max_a_week": None}))
    world.start(bill())
    world.until(at("2026-03-12 00:00"))
    assert len(world.sent()) > 1


def test_who_is_erased_is_not_contacted_until_something_is_told_of_them_again() -> None:
    world = World()
    world.start(bill())
    (ended,) = world.hear(heard("customer.erased", START, tables=1))
    assert isinstance(ended, Cancelled)
    assert ended.reason == "erased"
    (refused,) = world.start(bill(bill_id="b2"))
    assert isinstance(refused, Suppressed)
    assert refused.reason == "erased"
    # Said before, heard after: nothing of it counts.
    world.hear(heard("customer.updated", START, timezone="Asia/Tokyo"))
    assert world.book.customer("default", "ann").place.timezone is None
    world.hear(heard("customer.updated", NOON, timezone="Asia/Tokyo"))
    assert world.book.customer("default", "ann").erased_at is None


@pytest.mark.parametrize(("answers", "sent"), [("h1", ["first"]), ("h2", []), (None, [])])
def test_an_answer_in_the_talk_with_a_person_is_not_silenced_by_that_talk(
    answers: str | None, sent: list[str]
) -> None:
    world = World()
    world.hear(bill())
    world.hear(handoff("hardship"))
    told = heard("handoff.answered", START, handoff_id="h1", obligation_id="b1")
    world.start(told, plans=FIRST_CONTACT[:1], playbook="answers", answers=answers)
    world.until(at("2026-03-02 20:00"))
    assert [name for _, name in world.sent()] == sent


@pytest.mark.parametrize("here", [{"timezone": None, "country": None}, {"phone_country": None}])
def test_a_place_that_is_taken_back_is_unknown_whatever_the_command_said(
    here: dict[str, Any],
) -> None:
    world = World()
    world.start(bill())
    world.hear(heard("customer.updated", START, **here))
    world.until(at("2026-03-12 00:00"))
    assert world.sent() == []
