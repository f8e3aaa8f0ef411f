"""What each tag says, why, how sure, and until when."""

from datetime import UTC, datetime, timedelta

import pytest
from tags_world import NOW, Story

from services.playbooks import tags as named
from services.playbooks.types import Kind
from services.segmenter.tags import TAGS
from services.segmenter.tags.debts import BUCKETS
from services.segmenter.tags.standing import STAGES


def test_of_an_unknown_customer_nothing_is_said() -> None:
    assert Story().tags() == {}


def test_the_conditions_know_the_same_tags_as_the_segmenter() -> None:
    assert list(named.TAGS) == list(TAGS)
    assert named.TAGS["delinquency"].words == frozenset({"current", *(name for _, name in BUCKETS)})
    assert named.TAGS["lifecycle_stage"].words == frozenset(
        {"evaluate", *(name for name, _ in STAGES)}
    )


def test_engagement_fades_by_half_lives_and_ends_without_an_event() -> None:
    story = Story().message("m-1", -1).tell("message.clicked", message_id="m-1", link="pay",
                                            machine=False)  # fmt: skip
    assert story.value("engagement") == pytest.approx(3 / 7, abs=0.01)
    assert story.value("engagement", 30) == pytest.approx(1.5 / 5.5, abs=0.01)
    assert story.value("engagement", 60) == pytest.approx(0.75 / 4.75, abs=0.01)
    tag = story.tags()["engagement"]
    assert tag.expires_at == NOW + timedelta(days=180)
    assert tag.because == ["e-2"]
    assert story.value("engagement", 179.9) is not None
    assert story.value("engagement", 180) is None


def test_machines_do_not_count_as_people() -> None:
    story = Story().tell("message.opened", message_id="m-1", machine=True)
    story.tell("message.clicked", message_id="m-1", link="pay", machine=True)
    assert story.history == {}


def test_more_evidence_makes_surer() -> None:
    story = Story()
    surer = []
    for day in range(3):
        story.tell("message.opened", day - 3, message_id=f"m-{day}", machine=False)
        surer.append(story.tags()["engagement"].confidence)
    assert surer == sorted(set(surer))
    assert 0 < surer[0] < surer[-1] < 1


def test_an_opt_out_ends_what_engagement_there_was_and_shows_as_a_risk() -> None:
    story = Story().message("m-1", -2).tell("message.replied", -2, message_id="m-1", intent="other")
    before = story.value("churn_risk")
    story.tell("contact.unsubscribed", channel="email", purpose="*", via="page")
    assert story.value("engagement") == 0
    after = story.value("churn_risk")
    assert isinstance(before, float)
    assert isinstance(after, float)
    assert after > before


def test_the_preferred_hour_is_the_customers_own() -> None:
    story = Story()
    for day in (-9, -6, -3):
        story.tell("message.opened", day + 2 / 24, message_id=f"m{day}", machine=False)
    story.tell("message.opened", -1 - 5 / 24, message_id="m", machine=False)
    assert story.value("preferred_hour", zone="UTC") == 11
    assert story.value("preferred_hour", zone="Asia/Tokyo") == 20
    assert story.value("preferred_hour") is None


def test_the_preferred_channel_is_where_they_answer_and_never_one_turned_off() -> None:
    story = Story().message("m-1", -5).message("m-2", -4, "sms/en").message("m-3", -3, "sms/en")
    for name in ("m-1", "m-2", "m-3"):
        story.tell("message.replied", -2, message_id=name, intent="other")
    assert story.value("preferred_channel") == "sms"
    story.tell("contact.unsubscribed", -1, channel="sms", purpose="*", via="page")
    assert story.value("preferred_channel") == "email"
    story.tell("contact.preference_changed", changes={"sms/*": "on"})
    assert story.value("preferred_channel") == "sms"


def test_the_preferred_language_is_the_named_one_else_that_of_an_answered_message() -> None:
    story = Story().message("m-1", -2, "email/ja")
    assert story.value("preferred_language") is None
    story.tell("message.opened", -1, message_id="m-1", machine=False)
    assert story.value("preferred_language") == "ja"
    story.tell("customer.updated", locale="zh-Hans")
    assert story.value("preferred_language") == "zh-Hans"
    story.tell("customer.updated", locale=None)
    assert story.value("preferred_language") == "ja"


@pytest.mark.parametrize(
    ("days", "bucket", "late"),
    [(0, "1-30", 3), (27, "1-30", 30), (28, "31-60", 31), (58, "61-90", 61), (88, "90+", 91)],
)
def test_delinquency_grows_older_without_an_event(days: int, bucket: str, late: int) -> None:
    story = Story().bill("payment.missed", "b-1", "2026-02-27", -2)
    assert (story.value("delinquency", days), story.value("days_past_due", days)) == (bucket, late)


def test_a_bucket_says_when_the_next_begins_by_the_customers_midnight() -> None:
    story = Story().bill("payment.missed", "b-1", "2026-02-27", -2)
    tokyo = story.tags(zone="Asia/Tokyo")
    assert tokyo["delinquency"].expires_at == datetime(2026, 3, 29, 15, tzinfo=UTC)
    assert tokyo["days_past_due"].expires_at == datetime(2026, 3, 2, 15, tzinfo=UTC)
    assert tokyo["delinquency"].because == ["e-1"]


def test_the_oldest_open_bill_counts_until_it_is_settled() -> None:
    story = Story().bill("payment.missed", "b-1", "2026-01-05", -50)
    story.bill("payment.missed", "b-2", "2026-02-27", -2)
    assert story.value("delinquency") == "31-60"
    story.paid("b-1", -1, remaining=500)
    assert story.value("delinquency") == "31-60"
    story.paid("b-1", -0.5)
    assert story.value("delinquency") == "1-30"
    story.tell("bill.closed", -0.4, bill_id="b-2", why="cancelled")
    assert (story.value("delinquency"), story.value("days_past_due")) == ("current", 0)
    story.tell("payment.reversed", -0.3, bill_id="b-1")
    assert story.value("delinquency") == "31-60"


def test_a_payment_that_is_not_final_settles_nothing() -> None:
    story = Story().bill("payment.missed", "b-1", "2026-02-27", -2).paid("b-1", pending=True)
    assert story.value("delinquency") == "1-30"


def test_a_moved_due_date_is_no_delay() -> None:
    story = Story().bill("payment.missed", "b-1", "2026-02-27", -2)
    story.bill("bill.updated", "b-1", "2026-03-20", -1)
    assert story.value("delinquency") == "current"
    assert story.value("delinquency", 20) == "1-30"


def test_a_debt_two_years_old_is_not_called_current() -> None:
    story = Story().bill("payment.missed", "b-1", "2026-02-27", -2)
    assert story.value("delinquency", 720) == "90+"
    assert story.value("delinquency", 730) is None
    assert story.value("days_past_due", 730) is None


def test_punctuality_is_the_share_met_without_having_been_missed() -> None:
    story = Story()
    for number in range(3):
        story.paid(f"b-{number}").tell("bill.closed", bill_id=f"b-{number}", why="paid")
    assert story.value("punctuality") == 1
    story.bill("payment.missed", "b-9", "2026-02-27").paid("b-9")
    assert story.value("punctuality") == 0.75
    assert story.value("punctuality", 364) == 0.75
    assert story.value("punctuality", 365) is None


def test_readiness_and_capacity_make_the_outlook() -> None:
    story = Story().bill("payment.missed", "b-1", "2026-02-27", -2)
    assert (story.value("readiness"), story.value("payment_outlook")) == (None, None)
    story.message("m-1", -1).tell("message.clicked", message_id="m-1", link="portal", machine=False)
    assert story.value("payment_outlook") == "ready_unable"
    story.paid("b-0")
    assert story.value("payment_outlook") == "ready_able"
    for name in ("m-2", "m-3", "m-4"):
        story.message(name, 10)
    story.tell("agreement.broken", 11, agreement_id="a", instalment=1)
    assert story.value("payment_outlook", 12) == "unready_unable"
    outlook = story.tags(12)["payment_outlook"]
    assert outlook.expires_at == min(
        story.tags(12)["readiness"].expires_at, story.tags(12)["capacity"].expires_at
    )


def test_a_hardship_limits_capacity_until_it_is_over() -> None:
    story = Story().paid("b-1")
    assert story.value("capacity") == pytest.approx(2.5 / 3, abs=0.01)
    until = (NOW + timedelta(days=10)).isoformat()
    story.tell("customer.hold_placed", kind="hardship", until=until)
    tag = story.tags()["capacity"]
    assert (tag.value, tag.expires_at) == (0.2, NOW + timedelta(days=10))
    assert story.value("capacity", 11) == pytest.approx(0.83, abs=0.02)
    story.tell("customer.hold_lifted", 1, kind="hardship")
    assert story.value("capacity", 2) == pytest.approx(0.83, abs=0.02)


def test_browsing_is_no_readiness_to_pay() -> None:
    story = Story().bill("payment.missed", "b-1", "2026-02-27")
    story.tell("message.clicked", message_id="m-1", link="browse", machine=False)
    assert story.value("readiness") is None


def test_the_value_tier_is_the_publishers_else_by_dealings_within_a_year() -> None:
    story = Story()
    for number in range(4):
        story.paid(f"b-{number}", -100 + number)
    assert story.value("value_tier") == "medium"
    assert story.tags()["value_tier"].expires_at == NOW + timedelta(days=265)
    assert story.value("value_tier", 265) == "low"
    story.tell("customer.updated", tier="vip")
    assert story.value("value_tier", 265) == "vip"
    story.tell("customer.updated", 1, tier=None)
    assert story.value("value_tier", 2) == "medium"


def test_churn_risk_rises_with_signs_of_leaving_and_falls_when_they_come_back() -> None:
    story = Story().tell("subscription.expiring", -3, subscription_id="s", auto_renew=True)
    assert story.value("churn_risk") is None
    story.tell("customer.dormant", -2, last_active_on="2026-01-01")
    dormant = story.value("churn_risk")
    story.tell("subscription.cancelled", -1, subscription_id="s")
    leaving = story.value("churn_risk")
    story.tell("customer.active", last_active_on="2026-03-02")
    story.tell("subscription.renewed", subscription_id="s")
    back = story.value("churn_risk")
    assert isinstance(dormant, float)
    assert isinstance(leaving, float)
    assert isinstance(back, float)
    assert back == 0.05 < 0.5 < dormant < leaving < 1
    assert story.value("churn_risk", 119) == 0.05
    assert story.value("churn_risk", 120) is None


def test_a_subscription_runs_until_its_last_word() -> None:
    story = Story()
    assert story.value("subscription") is None
    story.tell("subscription.expiring", subscription_id="s", auto_renew=False)
    assert story.value("subscription") == "running"
    assert story.value("subscription", 59) == "running"
    assert story.value("subscription", 60) == "ended"
    story.tell("subscription.expiring", subscription_id="t", auto_renew=True)
    assert story.value("subscription", 60) == "running"
    story.tell("subscription.cancelled", 61, subscription_id="t")
    assert story.value("subscription", 61) == "ended"
    story.tell("subscription.renewed", 62, subscription_id="s", expires_on="2027-03-02")
    assert story.value("subscription", 461) == "running"
    assert story.value("subscription", 462) is None


def test_the_journey_goes_forward_and_falls_back_in_time() -> None:
    story = Story().message("m-1", -1)
    assert story.value("lifecycle_stage") == "discover"
    story.tell("message.clicked", message_id="m-1", link="browse", machine=False)
    assert story.value("lifecycle_stage") == "explore"
    story.tell("request.made", request_id="r-1", kind="cheaper_plan")
    assert story.value("lifecycle_stage") == "compare"
    story.tell("application.abandoned", application_id="a")
    assert story.value("lifecycle_stage") == "evaluate"
    story.tell("application.completed", 1, application_id="a")
    assert story.value("lifecycle_stage", 1) == "buy"
    assert story.value("lifecycle_stage", 32) == "retain"
    for name in ("m-1", "m-2"):
        story.tell("feedback.given", 40, message_id=name, helpful=True)
    assert story.value("lifecycle_stage", 41) == "recommend"
    assert story.value("lifecycle_stage", 404) == "recommend"
    assert story.value("lifecycle_stage", 405) is None


def test_every_value_is_of_the_kind_that_conditions_expect() -> None:
    story = Story().bill("payment.missed", "b-1", "2026-02-27", -2).paid("b-0")
    story.tell("customer.updated", tier="vip", locale="ja").message("m-1")
    story.tell("subscription.renewed", subscription_id="s")
    for name in ("m-1", "m-2"):
        story.tell("message.clicked", message_id=name, link="pay", machine=False)
    known = story.tags(1, "Asia/Tokyo")
    assert set(known) == set(TAGS)
    for name, tag in known.items():
        expected = named.TAGS[name]
        assert isinstance(tag.value, str) == (expected.kind is Kind.TEXT), name
        assert expected.words is None or tag.value in expected.words
        assert 0 <= tag.confidence <= 1
        assert tag.because
        assert tag.as_of <= NOW + timedelta(days=1) < tag.expires_at
