"""Each playbook does what it is for: seen from what customers got, and from the log."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

import pytest

from e2e.life import standing_still
from e2e.strategies import (
    APPLICANTS,
    BENEFITS,
    CREDITOR,
    END,
    OTHER_CREDITOR,
    PEOPLE,
    QUIET,
    STANDSTILL_SECONDS,
    START,
    SUBSCRIBERS,
    Strategies,
)
from support.broker import Broker, KafkaForTests
from support.database import DatabasesForTests
from support.mail import Mailbox
from support.system import whole_system

# One broker is enough here: what differs between them, the runtime's tests try.
pytestmark = pytest.mark.brokers("kafka")

MINUTE = timedelta(minutes=1)
WEEK = timedelta(hours=168)


@pytest.fixture(scope="module")
def broker(request: pytest.FixtureRequest, kafka_for_tests: KafkaForTests) -> Iterator[Broker]:
    """One broker for all tests of this module."""
    assert request.param == "kafka"
    with kafka_for_tests.empty() as running:
        yield running


@pytest.fixture(scope="module")
def lived(
    broker: Broker,
    databases: DatabasesForTests,
    mail_catcher: Mailbox,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Strategies]:
    """Nine days, lived once a broker."""
    mail_catcher.empty()
    folder = tmp_path_factory.mktemp("logs")
    with (
        databases.fresh() as database,
        standing_still(
            partial(whole_system, broker, database, mail_catcher, folder),
            START,
            STANDSTILL_SECONDS,
        ) as system,
        system.log() as log,
    ):
        lived = Strategies(system, log)
        lived.live()
        yield lived


def days_from_start(lived: Strategies, who: str) -> list[int]:
    return [(at.date() - START.date()).days for at in lived.sent_at(who)]


# --- bill-reminder ---------------------------------------------------------------------------


def test_bill_reminder_cares_before_the_day_and_not_after(lived: Strategies) -> None:
    assert lived.steps("reminded") == [
        f"bill-reminder/{step}"
        for step in ("week_before", "three_days_before", "day_before", "due_day")
    ]
    assert days_from_start(lived, "reminded") == [0, 4, 6, 7]


def test_bill_reminder_leads_to_all_bills_and_to_what_may_be_asked(lived: Strategies) -> None:
    assert CREDITOR in lived.bills
    assert OTHER_CREDITOR in lived.bills
    asked = {data["kind"]: data["obligation_id"] for data in lived.data("planner", "request.made")}
    assert asked == dict.fromkeys(("due_date", "payment_day", "autopay"), "b-planner")


# --- recover ---------------------------------------------------------------------------------


def test_recover_writes_at_most_three_times_in_seven_days_and_only_by_mail(
    lived: Strategies,
) -> None:
    sent = lived.sent_at("debtor")
    assert len(sent) >= 4
    assert all(fourth - first >= WEEK for first, fourth in zip(sent, sent[3:], strict=False))
    for who in ("debtor", "frail", "small"):
        assert {data["channel"] for data in lived.data(who, "message.intended")} == {"email"}
        assert not lived.of(who, "handoff.requested"), "nobody is to call"


def test_recover_words_its_letters_by_segment(lived: Strategies) -> None:
    (frail, *_), (debtor, *_) = lived.letters_to("frail"), lived.letters_to("debtor")
    assert frail["subject"] == "Whenever you have a quiet moment"
    assert debtor["subject"] == "Something may have slipped by"
    assert lived.data("frail", "outreach.enrolled")[0]["tone"] == "gentle"


def test_recover_takes_on_every_debt_above_three_dollars(lived: Strategies) -> None:
    assert lived.letters_to("small")
    assert not lived.letters_to("tiny")
    told = [d for d in lived.data("tiny", "customer.segmented") if d["playbook"] == "recover"]
    assert [data["reason"] for data in told] == ["not_triggered"]


# --- subscription-retain ---------------------------------------------------------------------


def test_subscription_retain_speaks_of_loss_benefits_gift_and_care_on_their_days(
    lived: Strategies,
) -> None:
    planned = {data["step"]: data for data in lived.data("pauser", "outreach.step_planned")}
    end = START.date() + timedelta(days=SUBSCRIBERS["pauser"])
    days = {
        step: (datetime.fromisoformat(data["due_at"]).astimezone(START.tzinfo).date() - end).days
        for step, data in planned.items()
    }
    assert days == {"what_would_go": -7, "for_you": -1, "last_day": 0, "family": 7}
    retained = [f"subscription-retain/{step}" for step in ("for_you", "last_day", "family")]
    assert lived.steps("stayer") == retained
    assert days_from_start(lived, "stayer") == [0, 1, 8]


def test_subscription_retain_takes_a_pause_for_an_answer(lived: Strategies) -> None:
    assert lived.steps("pauser") == ["subscription-retain/what_would_go"]
    (asked,) = lived.data("pauser", "request.made")
    assert (asked["kind"], asked["obligation_id"]) == ("pause", "s-pauser")


def test_subscription_retain_stops_at_renewal(lived: Strategies) -> None:
    assert lived.steps("renewer") == ["subscription-retain/what_would_go"]
    assert "renewed" in [data["reason"] for data in lived.data("renewer", "outreach.cancelled")]


def test_subscription_retain_says_nothing_of_loss_to_one_who_renews_anyway(
    lived: Strategies,
) -> None:
    assert lived.steps("self_renewing") == ["subscription-retain/renews_itself"]
    (letter,) = lived.letters_to("self_renewing")
    assert "nothing for you to do" in letter["text"]
    assert "no longer" not in letter["text"].replace("no longer fits", "")


# --- churn-watch -----------------------------------------------------------------------------


def test_churn_watch_asks_before_the_end_where_use_falls_and_nobody_else(
    lived: Strategies,
) -> None:
    assert lived.steps("waning") == ["churn-watch/how_is_it_before_the_end"]
    (sent,) = lived.sent_at("waning")
    assert sent.date() < START.date() + timedelta(days=SUBSCRIBERS["waning"] - 7)
    assert lived.steps("loyal") == []


def test_churn_watch_cares_and_takes_an_answer(lived: Strategies) -> None:
    assert lived.steps("fading") == ["churn-watch/how_is_it"]
    (letter,) = lived.letters_to("fading")
    assert "Premium" in letter["subject"]
    assert [data["kind"] for data in lived.data("fading", "request.made")] == ["pause"]


# --- application-rescue ----------------------------------------------------------------------


def test_application_rescue_answers_within_a_minute(lived: Strategies) -> None:
    for who in APPLICANTS:
        assert lived.sent_at(who)[0] - START < MINUTE
    assert lived.waited < MINUTE.total_seconds()


def test_application_rescue_routes_each_reason(lived: Strategies) -> None:
    (handoff,) = lived.data("stuck_papers", "handoff.requested")
    assert handoff["reason"] == "documents"
    assert handoff["needs"]["language"].startswith("zh")
    assert handoff["needs"]["product"] == "Home loan"
    asked, offered = "application-rescue/where_it_stuck", "application-rescue/better_offer"
    assert lived.steps("stuck_papers") == [asked]
    assert lived.steps("stuck_price") == [asked, offered]
    assert lived.steps("stuck_later") == [asked, "application-rescue/reminder"]
    assert days_from_start(lived, "stuck_later") == [0, 7]
    assert lived.steps("stuck_mind") == [asked]
    reasons = [data["reason"] for data in lived.data("stuck_mind", "outreach.cancelled")]
    assert reasons == ["changed_mind"]


def test_application_rescue_stops_once_it_is_completed_and_gives_up_after_two(
    lived: Strategies,
) -> None:
    assert lived.steps("stuck_done") == ["application-rescue/where_it_stuck"]
    steps = ["application-rescue/where_it_stuck", "application-rescue/still_saved"]
    assert lived.steps("stuck") == steps


# --- reactivate ------------------------------------------------------------------------------


def test_reactivate_brings_each_tier_what_fits_it(lived: Strategies) -> None:
    assert lived.steps("quiet") == ["reactivate/daily_life", "reactivate/free_hours"]
    assert lived.steps("quiet_high") == ["reactivate/coupon", "reactivate/tiered_rates"]
    steps = ["reactivate/present_offer", "reactivate/tiered_rates"]
    assert lived.steps("quiet_convertible") == steps


def test_reactivate_never_sends_more_than_two_unanswered(lived: Strategies) -> None:
    for who in QUIET:
        assert len(lived.letters_to(who)) <= 2
    assert lived.steps("quiet_back") == ["reactivate/daily_life"]
    reasons = [data["reason"] for data in lived.data("quiet_back", "outreach.cancelled")]
    assert reasons == ["answered"]
    assert lived.steps("quiet_stop") == ["reactivate/daily_life"]


# --- benefit-notice --------------------------------------------------------------------------


def test_benefit_notice_tells_once_of_all_that_came_together(lived: Strategies) -> None:
    (letter,) = lived.letters_to("granted")
    assert all(title in letter["text"] for title in BENEFITS.values())
    (intended,) = lived.data("granted", "message.intended")
    assert len(intended["obligation_ids"]) == len(BENEFITS)
    assert lived.sent_at("granted")[0] - START < timedelta(hours=5), "those concerned hear first"
    again = lived.data("granted", "outreach.step_suppressed")
    assert "already_enrolled" in [data["reason"] for data in again]


def test_benefit_notice_reaches_nobody_whom_it_no_longer_or_never_concerns(
    lived: Strategies,
) -> None:
    assert not lived.letters_to("taken_back")
    assert not lived.letters_to("unasked")
    reasons = [data["reason"] for data in lived.data("unasked", "outreach.step_suppressed")]
    assert set(reasons) == {"no_consent"}


# --- vip-care --------------------------------------------------------------------------------


def test_vip_care_brings_a_person_who_fits_and_is_told_everything(lived: Strategies) -> None:
    assert not lived.letters_to("vip"), "the machine only prepares"
    (due,) = lived.data("vip", "outreach.person_due")
    assert (due["reason"], due["tier"], due["obligation_id"]) == (
        "application_stopped",
        "vip",
        "a-vip",
    )
    (handoff,) = lived.data("vip", "handoff.requested")
    assert handoff["reason"] == "application_stopped"
    assert handoff["needs"] == {
        "language": "ja-JP",
        "product": "Home loan",
        "seniority": "senior",
        "tier": "vip",
    }
    assert datetime.fromisoformat(handoff["due_by"]) - START <= timedelta(hours=5)


# --- all of them -----------------------------------------------------------------------------


def test_whoever_is_not_written_to_is_told_of_with_a_reason(lived: Strategies) -> None:
    for who in PEOPLE:
        told = lived.data(who, "customer.segmented")
        assert told
        assert all(data["matched"] or data["reason"] for data in told), who


def test_the_audit_holds(lived: Strategies) -> None:
    assert lived.system.clock.now() >= END
    assert lived.system.violations() == []
