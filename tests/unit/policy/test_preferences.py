"""What customers ask for, as rules."""

from datetime import UTC, datetime, timedelta

import pytest

from services.policy import gate
from services.policy.model import Approach, Contact, Zones
from services.policy.preferences import HOURS, wished

BERLIN = Zones(("Europe/Berlin",), countries=("DE",))
NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
MAIL = Approach("service", "email")


@pytest.mark.parametrize(
    ("hours", "most"), [(None, None), ("", 0), ("00:00-24:00", 3), ("22:00-06:00", -1), ("x", True)]
)
def test_nothing_else_may_be_asked_for(hours: str | None, most: int | None) -> None:
    assert wished(hours, 0 if most is True else most) == ()


@pytest.mark.parametrize("part", HOURS)
def test_a_part_of_the_day_is_kept_to(part: str) -> None:
    packs = wished(part, None)
    opens = int(part[:2])
    for hour in range(24):
        local = datetime(2026, 3, 2, hour, 30, tzinfo=UTC) - timedelta(hours=1)
        verdict = gate.check(local, BERLIN, packs, MAIL)
        assert verdict.allowed == (opens <= hour < int(part[6:8]))
        assert verdict.rule in (None, "preferences/hours")


def test_a_number_a_week_is_kept_to() -> None:
    packs = wished("12:00-17:00", 1)
    contact = Contact(NOON - timedelta(hours=167), "collection", "sms")
    refused = gate.check(NOON, BERLIN, packs, MAIL, [contact])
    assert (refused.rule, refused.not_before) == (
        "preferences/week",
        NOON + timedelta(hours=1),
    )
    old = Contact(NOON - timedelta(hours=168), "collection", "sms")
    assert gate.check(NOON, BERLIN, packs, MAIL, [old]).allowed
