"""Which playbooks take an event up, in which segment, with which steps and words."""

from typing import Any

import msgspec
import pytest
from segmenter_world import CAREFUL, EVERYTHING, MISSED, decide, happening, missed, playbooks

from services.segmenter import rules
from services.segmenter.model import Hold, Profile
from services.segmenter.obligations import obligation_id_of, obligation_terms, wording_inputs

HARDSHIP = [Hold("hardship", "2026-03-01T00:00:00+00:00")]
PROFESSIONAL: dict[str, Any] = {"birth_year": 1980, "occupation": "surgeon"}
YOUNG: dict[str, Any] = {"birth_year": 2004}


@pytest.mark.parametrize(
    ("profile", "permitted", "segment", "tone"),
    [
        (Profile(), EVERYTHING, "everyone", "neutral"),
        (Profile(**PROFESSIONAL), EVERYTHING, "settled_professional", "formal"),
        (Profile(**PROFESSIONAL), CAREFUL, "everyone", "neutral"),
        (Profile(occupation="surgeon"), EVERYTHING, "everyone", "neutral"),
        (Profile(**YOUNG), EVERYTHING, "young", "light"),
        (Profile(**YOUNG), CAREFUL, "everyone", "neutral"),
        (Profile(birth_year=2012), EVERYTHING, "everyone", "neutral"),
        (Profile(holds=HARDSHIP), CAREFUL, "vulnerable", "gentle"),
        (Profile(holds=HARDSHIP, **YOUNG), EVERYTHING, "vulnerable", "gentle"),
    ],
)
def test_the_first_segment_that_holds_and_is_permitted_is_taken(
    profile: Profile, permitted: frozenset[str], segment: str, tone: str
) -> None:
    decision = decide(profile, missed(), permitted=permitted)
    (told,), (enrolment,) = decision.segmentations, decision.enrolments
    assert (told.segment, told.tone, told.reason) == (segment, tone, None)
    assert (enrolment.segment, enrolment.tone) == (segment, tone)


def test_what_a_policy_forbids_is_named() -> None:
    (told,) = decide(Profile(**YOUNG), missed(), permitted=CAREFUL).segmentations
    assert [(past.segment, past.attribute) for past in told.passed_over] == [
        ("settled_professional", "age"),
        ("young", "age"),
    ]


def test_inputs_name_no_age_gender_or_occupation() -> None:
    profile = Profile(birth_year=1980, gender="f", occupation="surgeon", tier="gold")
    (told,) = decide(profile, missed(), permitted=EVERYTHING).segmentations
    assert told.inputs == {"holds": [], "tier": "gold"}


@pytest.mark.parametrize("amount", [1, 279, 280])
def test_below_the_floor_nobody_is_written_to_and_that_is_told(amount: int) -> None:
    decision = decide(Profile(), missed(amount_minor=amount))
    assert decision.enrolments == []
    assert [told.reason for told in decision.segmentations] == ["not_triggered"]


def test_the_vulnerable_get_fewer_letters() -> None:
    (usual,) = decide(Profile(), missed()).enrolments
    (gentle,) = decide(Profile(holds=HARDSHIP), missed()).enrolments
    assert len(gentle.plan.steps) < len(usual.plan.steps)
    assert {step.name for step in gentle.plan.steps} <= {step.name for step in usual.plan.steps}


def test_each_trigger_starts_its_own_playbooks_in_order_of_their_names() -> None:
    assert {
        type: [one.name for one in started]
        for type, started in playbooks().items()
        if type.startswith(("bill", "payment", "subscription", "application", "customer"))
    } == {
        "bill.due_soon": ["bill-reminder"],
        "payment.missed": ["recover"],
        "subscription.expiring": ["churn-watch", "subscription-retain", "vip-care"],
        "subscription.expired": ["subscription-retain", "vip-care"],
        "application.abandoned": ["application-rescue", "vip-care"],
        "customer.dormant": ["churn-watch", "reactivate", "vip-care"],
    }
    (recover,), (retain, _) = playbooks()["payment.missed"], playbooks()["subscription.expired"]
    assert list(rules.by_trigger([retain, recover])["payment.missed"]) == [recover]


@pytest.mark.parametrize(
    ("type", "data", "obligation"),
    [
        ("payment.missed", MISSED, "b-1"),
        ("subscription.expiring", {"subscription_id": "s-1"}, "s-1"),
        ("application.abandoned", {"application_id": "a-1"}, "a-1"),
        ("benefit.granted", {"benefit_id": "f-1"}, "f-1"),
        ("customer.hold_placed", {"kind": "dispute", "obligation_id": "b-2"}, "b-2"),
        ("customer.hold_placed", {"kind": "dispute"}, None),
        ("customer.updated", {}, None),
    ],
)
def test_the_obligation_of_an_event(
    type: str, data: dict[str, Any], obligation: str | None
) -> None:
    assert obligation_id_of(type, data) == obligation


def test_the_terms_of_a_debt() -> None:
    data = {
        **MISSED,
        "balance_minor": 90_000,
        "actor_role": "collector",
        "version": 3,
        "parties": [{"customer_id": "c-2", "role": "guarantor"}],
    }
    terms = obligation_terms("payment.missed", data, "c-1")
    assert msgspec.to_builtins(terms) == {
        "obligation_id": "b-1",
        "kind": "bill",
        "creditor": "Harbour Bank",
        "amount_minor": 24_000,
        "balance_minor": 90_000,
        "currency": "EUR",
        "due_date": "2026-02-27",
        "version": 3,
        "actor_role": "collector",
        "parties": ["c-1", "c-2"],
    }


def test_the_terms_of_a_subscription() -> None:
    data = {
        "subscription_id": "s-1",
        "plan": "Premium",
        "expires_on": "2026-03-09",
        "price_minor": 999,
        "currency": "GBP",
    }
    terms = obligation_terms("subscription.expiring", data, "c-1")
    assert (terms.kind, terms.amount_minor, terms.due_date, terms.product) == (
        "subscription",
        999,
        "2026-03-09",
        "Premium",
    )


def test_each_quiet_time_is_a_matter_of_its_own() -> None:
    def matter(since: str) -> str:
        terms = obligation_terms("customer.dormant", {"last_active_on": since}, "c-1")
        assert terms.kind == "benefit"
        return terms.obligation_id

    assert matter("2026-01-01") == matter("2026-01-01") == "customer.dormant:c-1:2026-01-01"
    assert matter("2027-01-01") != matter("2026-01-01")


def test_titles_that_name_an_interest_come_first_and_the_others_keep_their_order() -> None:
    recommended = ["Low Tide", "Sailing North", "The Kitchen", "On Sailing"]
    given = wording_inputs({"recommended": recommended, "plan": "Premium"}, ["SAILING"])
    assert given == {
        "recommended": ["Sailing North", "On Sailing", "Low Tide", "The Kitchen"],
        "plan": "Premium",
    }
    assert wording_inputs({"recommended": recommended}, [])["recommended"] == recommended


def test_words_get_nothing_personal() -> None:
    assert wording_inputs({"name": "Ada", "reason": "ill", "email": "a@example.org"}, []) == {}


def test_an_event_of_nothing_known_uses_every_default() -> None:
    decision = decide(Profile(), happening("payment.missed", MISSED))
    assert decision.defaults_used == ["locale", "timezone", "country"]
