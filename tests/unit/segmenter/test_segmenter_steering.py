"""Fair treatment: the fact of a segmentation cites the rule that kept a segment from deciding."""

from typing import Any

import pytest
from segmenter_world import MISSED, NOW

from rapport.preview.person import event
from rapport.preview.rehearsal import Collected
from schemas.facts import CustomerSegmented
from services.policy.packs import load as load_packs
from services.runtime.security import Signer
from services.runtime.settings import ROOT
from services.segmenter.handlers import CustomerEvents
from services.segmenter.model import Profile
from support.playbooks import in_force

YOUNG: dict[str, Any] = {"birth_year": 2004}


@pytest.fixture(scope="module")
def segmenter() -> CustomerEvents:
    """With the playbooks and packs that are shipped."""
    packs = load_packs(ROOT / "deploy" / "policies")
    return CustomerEvents(in_force(ROOT / "deploy" / "playbooks"), packs, Signer("test"), 45)


def segmented(segmenter: CustomerEvents, profile: Profile) -> CustomerSegmented:
    """What is told of a missed payment."""
    work = Collected("segmenter", NOW)
    segmenter.decide(work, event("c-1", "default", "payment.missed", MISSED, NOW), profile, {})
    (told,) = (one.data for one in work.said if isinstance(one.data, CustomerSegmented))
    return told


def test_in_the_united_states_the_law_is_cited(segmenter: CustomerEvents) -> None:
    told = segmented(segmenter, Profile(country="US", timezone="America/Chicago", **YOUNG))
    assert (told.segment, told.tone) == ("everyone", "neutral")
    assert [
        (one.segment, one.attribute, one.rule, one.rule_version) for one in told.passed_over
    ] == [
        ("settled_professional", "age", "us/steering.credit", 4),
        ("young", "age", "us/steering.credit", 4),
    ]


def test_elsewhere_the_house_rule_is(segmenter: CustomerEvents) -> None:
    told = segmented(segmenter, Profile(country="NZ", **YOUNG))
    assert {one.rule for one in told.passed_over} == {"default/steering"}


def test_of_nobody_known_the_careful_default_is_taken_and_told(segmenter: CustomerEvents) -> None:
    told = segmented(segmenter, Profile(**YOUNG))
    assert told.tone == "neutral"
    assert told.defaults_used == ("locale", "timezone", "country")
    assert {one.rule for one in told.passed_over} == {"default/steering"}


def test_no_age_is_told(segmenter: CustomerEvents) -> None:
    told = segmented(segmenter, Profile(country="US", **YOUNG))
    assert set(told.inputs) == {"holds", "tier"}
