"""The whole mile: what customers got in ten days, and what the log proves."""

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from e2e.life.living import END, START, Life
from e2e.life.mile import CREDITOR, DUE, PLACES

# The embedded broker walks it in the demo, which is a test, too.
pytestmark = pytest.mark.brokers("kafka")


def test_a_payment_missed_at_23_in_tokyo_is_written_about_from_8_on(life: Life) -> None:
    first = life.sent_at("tokyo")[0]
    assert first.date() == START.date() + timedelta(days=1)
    assert 8 <= first.hour < 21
    assert life.letters_to("tokyo")[0]["headers"]["Content-Language"] == "ja"
    for at in life.sent_at("tokyo"):
        assert 8 <= at.hour < 21


def test_a_letter_leads_to_an_agreement_and_then_only_its_plan_is_spoken_of(life: Life) -> None:
    letters = life.letters_to("mile")
    assert all(one["headers"]["Content-Language"].startswith("zh") for one in letters)
    intended = [fact["data"]["playbook"] for fact in life.of("mile", "message.intended")]
    assert intended[0] == "recover"
    assert set(intended[1:]) <= {"plan-keeping"}
    assert len(letters) == len(intended)
    types = [fact["type"] for fact in life.of("mile")]
    for type in ("message.opened", "message.clicked", "agreement.made"):
        assert types.count(type) == 1, type
    assert types.index("message.opened") < types.index("message.clicked")
    (made,) = life.of("mile", "agreement.made")
    assert sum(part["amount_minor"] for part in made["data"]["instalments"]) == 24_000
    # The plan that nobody keeps may be broken by now.
    (cancelled,) = [
        fact for fact in life.of("mile", "outreach.cancelled") if fact["data"]["reason"] == "agreed"
    ]
    planned = {
        fact["data"]["step_id"]
        for fact in life.of("mile", "outreach.step_planned")
        if fact["data"]["enrolment_id"] == cancelled["data"]["enrolment_id"]
    }
    sent = {fact["data"]["step_id"] for fact in life.of("mile", "message.sent")}
    assert set(cancelled["data"]["step_ids"]) == planned - sent
    assert life.of("mile", "request.made"), "the publisher is not asked to book the plan"


def test_the_portal_shows_no_debt_before_two_right_answers(life: Life) -> None:
    for page in ("door", "wrong"):
        assert CREDITOR not in life.pages[page]
        assert "240" not in life.pages[page]
    for page in ("plans", "agreement"):
        assert CREDITOR in life.pages[page]
    assert "240" in life.pages["plans"]
    assert [fact["data"]["confirmed"] for fact in life.of("mile", "contact.right_party")] == [True]


def test_a_payment_cancels_what_is_planned(life: Life) -> None:
    assert len(life.letters_to("payer")) == 1
    (cancelled,) = life.of("payer", "outreach.cancelled")
    assert cancelled["data"]["reason"] == "paid"


def test_one_click_stops_this_and_what_comes_after(life: Life) -> None:
    assert len(life.letters_to("leaver")) == 1
    (left,) = life.of("leaver", "contact.unsubscribed")
    assert (left["data"]["via"], left["data"]["purpose"]) == ("one_click", "collection")
    assert life.of("leaver", "outreach.cancelled")[0]["data"]["reason"] == "opted_out"
    suppressed = life.of("leaver", "outreach.step_suppressed")
    assert "another" in {fact["data"]["obligation_id"] for fact in suppressed}


def test_a_hold_stops(life: Life) -> None:
    assert len(life.letters_to("held")) == 1
    waits = [fact["data"]["reason"] for fact in life.of("held", "outreach.step_deferred")]
    assert "hold:dispute" in waits


def test_renewing_ends_the_letters_about_it(life: Life) -> None:
    assert len(life.letters_to("londoner")) == 1
    assert life.of("londoner", "outreach.cancelled")[0]["data"]["reason"] == "renewed"
    steps = [fact["data"]["step"] for fact in life.of("lingerer", "message.intended")]
    assert steps == ["for_you", "last_day", "family"]


def test_reminders_come_on_their_days_at_local_time_over_the_change_of_clocks(life: Life) -> None:
    zone = ZoneInfo(PLACES["new_yorker"][0])
    planned = [fact["data"]["due_at"] for fact in life.of("new_yorker", "outreach.step_planned")]
    for due_at in planned:
        local = datetime.fromisoformat(due_at).astimezone(zone)
        assert (local.hour, local.minute) == (10, 0)
    sent = life.sent_at("new_yorker")
    assert [(at.date() - DUE).days for at in sent] == [-7, -3, -1, 0]
    assert all(10 <= at.hour < 21 for at in sent)


def test_two_playbooks_together_never_pass_three_contacts_in_168_hours(life: Life) -> None:
    for who in PLACES:
        sent = sorted(life.sent_at(who))
        for first, fourth in zip(sent, sent[3:], strict=False):
            assert fourth - first >= timedelta(hours=168), who
    enrolled = {fact["data"]["playbook"] for fact in life.of("busy", "outreach.enrolled")}
    assert enrolled == {"recover", "bill-reminder"}
    # What serves goes before what collects.
    written = {fact["data"]["playbook"] for fact in life.of("busy", "message.intended")}
    assert "bill-reminder" in written
    rules = {fact["data"].get("rule", "") for fact in life.of("busy", "outreach.step_")}
    assert any("week" in rule for rule in rules), rules


def test_a_duplicate_changes_nothing(life: Life) -> None:
    applied = [fact["data"]["event_id"] for fact in life.of("doubled", "event.applied")]
    assert applied.count("the-same") == 1
    assert len(life.of("doubled", "outreach.enrolled")) == 1
    steps = [fact["data"]["step"] for fact in life.of("doubled", "message.intended")]
    assert steps.count("hello") == 1


def test_a_payment_that_overtook_its_bill_keeps_it_quiet(life: Life) -> None:
    assert not life.letters_to("early")
    effects = [fact["data"]["effect"] for fact in life.of("early", "event.applied")]
    assert effects == ["applied", "applied", "stale_version"]


def test_no_letter_came_twice_and_all_is_in_order(life: Life) -> None:
    ids = [letter["message_id"] for letter in life.letters]
    assert len(ids) == len(set(ids))
    for who in PLACES:
        sent = life.sent_at(who)
        assert all(one <= next for one, next in pairwise(sent)), who


def test_the_audit_holds(life: Life) -> None:
    assert life.lived_until >= END
    assert life.violations == []


def test_the_services_lived_through_it(life: Life) -> None:
    assert life.survived
