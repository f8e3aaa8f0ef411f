"""What a phone number and a postal code tell of a place leaves; they themselves do not."""

from datetime import datetime
from typing import Any

from segmenter_world import MISSED, NOW

from rapport.preview.person import event
from rapport.preview.rehearsal import Collected
from schemas.commands import OutreachRequested
from schemas.facts import EventApplied
from services.policy.packs import load as load_packs
from services.runtime.security import Signer
from services.runtime.settings import ROOT
from services.segmenter.handlers import CustomerEvents
from services.segmenter.model import Profile
from support.playbooks import in_force

PACKS = load_packs(ROOT / "deploy" / "policies")
SEGMENTER = CustomerEvents(in_force(ROOT / "deploy" / "playbooks"), PACKS, Signer("test"), 45)


def hear(profile: Profile, type_: str, data: dict[str, Any], at: datetime = NOW) -> list[Any]:
    """What is said of an event, in the contract's own models."""
    work = Collected("segmenter", at)
    SEGMENTER.decide(work, event("c-1", "default", type_, data, at), profile, {})
    return [one.data for one in work.said]


def test_the_log_learns_country_zones_and_areas_and_no_number() -> None:
    profile = Profile()
    given = {"phone": "+1 212 555 1234", "postal_code": "10013", "country": "US"}
    told = hear(profile, "customer.updated", given)
    (applied,) = (one for one in told if isinstance(one, EventApplied))
    assert applied.data["phone_country"] == "US"
    assert applied.data["phone_zones"] == ["America/New_York"]
    assert applied.data["postal_areas"] == ["us-nyc"]
    assert "1234" not in str(applied.data)
    assert "10013" not in str(applied.data)
    (order,) = (
        one for one in hear(profile, "payment.missed", MISSED) if isinstance(one, OutreachRequested)
    )
    assert order.place.phone_zones == ("America/New_York",)
    assert order.place.postal_areas == ("us-nyc",)


def test_a_deleted_number_takes_its_evidence_back() -> None:
    profile = Profile(phone_country="JP", phone_zones=["Asia/Tokyo"], postal_areas=["us-nyc"])
    hear(profile, "customer.updated", {"phone": None, "postal_code": None})
    assert (profile.phone_country, profile.phone_zones, profile.postal_areas) == (None, [], [])
