"""Statutory notices that must have gone before."""

from datetime import UTC, datetime
from pathlib import Path

from services.policy.model import Approach, Zones
from services.policy.notices import Missing, missing
from services.policy.packs import from_content, load

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SOMEWHERE = Zones(("America/New_York",), countries=("US",))
PACK = from_content(
    {"name": "us", "version": 2, "title": "Somewhere", "applies": {"countries": ["US"]},
     "notices": [{"rule": "notice.validation", "notice": "validation", "roles": ["collector"],
                  "purposes": ["collection"], "citation": "A law", "status": "binding",
                  "verified": False}]}
)  # fmt: skip


def asked(purpose: str, role: str, sent: tuple[str, ...] = ()) -> list[Missing]:
    approach = Approach(purpose, "email", frozenset({role}), ("b1",))
    return missing(sent, approach, SOMEWHERE, [PACK], NOW)


def test_contact_waits_for_the_notice_that_its_purpose_and_role_need() -> None:
    assert asked("collection", "collector") == [Missing("validation", "us/notice.validation", 2)]
    assert asked("collection", "creditor") == []
    assert asked("service", "collector") == []
    assert asked("collection", "collector", ("validation",)) == []


def test_the_house_requires_none_and_collectors_in_the_united_states_one() -> None:
    packs = load(Path(__file__).parents[3] / "deploy" / "policies")
    asked = {pack.name: [rule.notice for rule in pack.notices] for pack in packs if pack.notices}
    assert asked == {"us": ["validation"]}
