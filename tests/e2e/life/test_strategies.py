"""Each playbook does what it is for: seen from what customers got, and from the log."""

from datetime import datetime, timedelta

import pytest

from e2e.life.living import START, Life
from e2e.life.strategies import (
    APPLICANTS,
    BENEFITS,
    CREDITOR,
    OTHER_CREDITOR,
    PEOPLE,
    QUIET,
    SUBSCRIBERS,
)

# One broker is enough here: what differs between them, the runtime's tests try.
pytestmark = pytest.mark.brokers("kafka")

MINUTE = timedelta(minutes=1)
WEEK = timedelta(hours=168)


def days_from_start(life: Life, who: str) -> list[int]:
    return [(at.date() - START.date()).days for at in life.sent_at(who)]


# --- bill-reminder ---------------------------------------------------------------------------


def test_bill_reminder_cares_before_the_day_and_not_after(life: Life) -> None:
    assert life.steps("reminded") == [
        f"bill-reminder/{step}"
        for step in ("week_before", "three_days_before", "day_before", "due_day")
    ]
    assert days_from_start(life, "reminded") == [0, 4, 6, 7]


def test_bill_reminder_leads_to_all_bills_and_to_what_may_be_asked(life: Life) -> None:
    assert CREDITOR in life.pages["bills"]
    assert OTHER_CREDITOR in life.pages["bills"]
    asked = {data["kind"]: data["obligation_id"] for data in life.data("planner", "request.made")}
    assert asked == dict.fromkeys(("due_date", "payment_day", "autopay"), "b-planner")


# --- recover ---------------------------------------------------------------------------------


def test_recover_writes_at_most_three_times_in_seven_days_and_only_by_mail(
    life: Life,
) -> None:
    sent = life.sent_at("debtor")
    assert len(sent) >= 4
    assert all(fourth - first >= WEEK for first, fourth in zip(sent, sent[3:], strict=False))
    for who in ("debtor", "frail", "small"):
        assert {data["channel"] for data in life.data(who, "message.intended")} == {"email"}
        assert not life.of(who, "handoff.requested"), "nobody is to call"


def test_recover_words_its_letters_by_segment(life: Life) -> None:
    (frail, *_), (debtor, *_) = life.letters_to("frail"), life.letters_to("debtor")
    assert frail["subject"] == "Whenever you have a quiet moment"
    assert debtor["subject"] == "Something may have slipped by"
    assert life.data("frail", "outreach.enrolled")[0]["tone"] == "gentle"


def test_recover_takes_on_every_debt_above_three_dollars(life: Life) -> None:
    assert life.letters_to("small")
    assert not life.letters_to("tiny")
    told = [d for d in life.data("tiny", "customer.segmented") if d["playbook"] == "recover"]
    assert [data["reason"] for data in told] == ["not_triggered"]


# --- subscription-retain ---------------------------------------------------------------------


def test_subscription_retain_speaks_of_loss_benefits_gift_and_care_on_their_days(
    life: Life,
) -> None:
    planned = {data["step"]: data for data in life.data("pauser", "outreach.step_planned")}
    end = START.date() + timedelta(days=SUBSCRIBERS["pauser"])
    days = {
        step: (datetime.fromisoformat(data["due_at"]).astimezone(START.tzinfo).date() - end).days
        for step, data in planned.items()
    }
    assert days == {"what_would_go": -7, "for_you": -1, "last_day": 0, "family": 7}
    retained = [f"subscription-retain/{step}" for step in ("for_you", "last_day", "family")]
    assert life.steps("stayer") == retained
    assert days_from_start(life, "stayer") == [0, 1, 8]


def test_subscription_retain_takes_a_pause_for_an_answer(life: Life) -> None:
    assert life.steps("pauser") == ["subscription-retain/what_would_go"]
    (asked,) = life.data("pauser", "request.made")
    assert (asked["kind"], asked["obligation_id"]) == ("pause", "s-pauser")


def test_subscription_retain_stops_at_renewal(life: Life) -> None:
    assert life.steps("renewer") == ["subscription-retain/what_would_go"]
    assert "renewed" in [data["reason"] for data in life.data("renewer", "outreach.cancelled")]


def test_subscription_retain_says_nothing_of_loss_to_one_who_renews_anyway(
    life: Life,
) -> None:
    assert life.steps("self_renewing") == ["subscription-retain/renews_itself"]
    (letter,) = life.letters_to("self_renewing")
    assert "nothing for you to do" in letter["text"]
    assert "no longer" not in letter["text"].replace("no longer fits", "")


# --- churn-watch -----------------------------------------------------------------------------


def test_churn_watch_asks_before_the_end_where_use_falls_and_nobody_else(
    life: Life,
) -> None:
    assert life.steps("waning") == ["churn-watch/how_is_it_before_the_end"]
    (sent,) = life.sent_at("waning")
    assert sent.date() < START.date() + timedelta(days=SUBSCRIBERS["waning"] - 7)
    assert life.steps("loyal") == []


def test_churn_watch_cares_and_takes_an_answer(life: Life) -> None:
    assert life.steps("fading") == ["churn-watch/how_is_it"]
    (letter,) = life.letters_to("fading")
    assert "Premium" in letter["subject"]
    assert [data["kind"] for data in life.data("fading", "request.made")] == ["pause"]


# --- application-rescue ----------------------------------------------------------------------


def test_application_rescue_answers_within_a_minute(life: Life) -> None:
    for who in APPLICANTS:
        assert life.sent_at(who)[0] - START < MINUTE
    assert life.waited < MINUTE.total_seconds()


def test_application_rescue_routes_each_reason(life: Life) -> None:
    (handoff,) = life.data("stuck_papers", "handoff.requested")
    assert handoff["reason"] == "documents"
    assert handoff["needs"]["language"].startswith("zh")
    assert handoff["needs"]["product"] == "Home loan"
    asked, offered = "application-rescue/where_it_stuck", "application-rescue/better_offer"
    assert life.steps("stuck_papers") == [asked]
    assert life.steps("stuck_price") == [asked, offered]
    assert life.steps("stuck_later") == [asked, "application-rescue/reminder"]
    assert days_from_start(life, "stuck_later") == [0, 7]
    assert life.steps("stuck_mind") == [asked]
    reasons = [data["reason"] for data in life.data("stuck_mind", "outreach.cancelled")]
    assert reasons == ["changed_mind"]


def test_application_rescue_stops_once_it_is_completed_and_gives_up_after_two(
    life: Life,
) -> None:
    assert life.steps("stuck_done") == ["application-rescue/where_it_stuck"]
    steps = ["application-rescue/where_it_stuck", "application-rescue/still_saved"]
    assert life.steps("stuck") == steps


# --- reactivate ------------------------------------------------------------------------------


def test_reactivate_brings_each_tier_what_fits_it(life: Life) -> None:
    assert life.steps("quiet") == ["reactivate/daily_life", "reactivate/free_hours"]
    assert life.steps("quiet_high") == ["reactivate/coupon", "reactivate/tiered_rates"]
    steps = ["reactivate/present_offer", "reactivate/tiered_rates"]
    assert life.steps("quiet_convertible") == steps


def test_reactivate_never_sends_more_than_two_unanswered(life: Life) -> None:
    for who in QUIET:
        assert len(life.letters_to(who)) <= 2
    assert life.steps("quiet_back") == ["reactivate/daily_life"]
    reasons = [data["reason"] for data in life.data("quiet_back", "outreach.cancelled")]
    assert reasons == ["answered"]
    assert life.steps("quiet_stop") == ["reactivate/daily_life"]


# --- benefit-notice --------------------------------------------------------------------------


def test_benefit_notice_tells_once_of_all_that_came_together(life: Life) -> None:
    (letter,) = life.letters_to("granted")
    assert all(title in letter["text"] for title in BENEFITS.values())
    (intended,) = life.data("granted", "message.intended")
    assert len(intended["obligation_ids"]) == len(BENEFITS)
    assert life.sent_at("granted")[0] - START < timedelta(hours=5), "those concerned hear first"
    again = life.data("granted", "outreach.step_suppressed")
    assert "already_enrolled" in [data["reason"] for data in again]


def test_benefit_notice_reaches_nobody_whom_it_no_longer_or_never_concerns(
    life: Life,
) -> None:
    assert not life.letters_to("taken_back")
    assert not life.letters_to("unasked")
    reasons = [data["reason"] for data in life.data("unasked", "outreach.step_suppressed")]
    assert set(reasons) == {"no_consent"}


# --- vip-care --------------------------------------------------------------------------------


def test_vip_care_brings_a_person_who_fits_and_is_told_everything(life: Life) -> None:
    assert not life.letters_to("vip"), "the machine only prepares"
    (due,) = life.data("vip", "outreach.person_due")
    assert (due["reason"], due["tier"], due["obligation_id"]) == (
        "application_stopped",
        "vip",
        "a-vip",
    )
    (handoff,) = life.data("vip", "handoff.requested")
    assert handoff["reason"] == "application_stopped"
    assert handoff["needs"] == {
        "language": "ja-JP",
        "product": "Home loan",
        "seniority": "senior",
        "tier": "vip",
    }
    assert datetime.fromisoformat(handoff["due_by"]) - START <= timedelta(hours=5)


# --- all of them -----------------------------------------------------------------------------


def test_whoever_is_not_written_to_is_told_of_with_a_reason(life: Life) -> None:
    for who in PEOPLE:
        told = life.data(who, "customer.segmented")
        assert told
        assert all(data["matched"] or data["reason"] for data in told), who
