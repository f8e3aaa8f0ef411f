"""One table of holds: what stops a contact, for the scheduler and the messenger alike."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from schemas.common import HoldKind
from services.messenger.model import Hold as MessengersHold
from services.policy.holds import stops
from services.scheduler.model import Hold as SchedulersHold

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
ENDED, LATER = NOW, NOW + timedelta(microseconds=1)


@dataclass(frozen=True)
class Case:
    """A hold on the bill b1, and whether it stops contact about b1 and about b2."""

    kind: str
    until: datetime | None
    about_it: bool
    about_another: bool


OF_THE_PERSON = {"deceased", "cease_contact", "minor", "fraud", "bankruptcy"}
CASES = [
    Case(kind, until, lasts and kind != "vulnerability", lasts and kind in OF_THE_PERSON)
    for kind in get_args(HoldKind)
    for until, lasts in ((None, True), (LATER, True), (ENDED, False))
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}-{case.until}")
def test_every_kind_but_vulnerability_stops_for_both_services(case: Case) -> None:
    for hold in (
        SchedulersHold(case.kind, NOW - timedelta(days=1), "b1", case.until),
        MessengersHold(case.kind, "b1", case.until),
    ):
        assert stops(hold, ("b1",), NOW) is case.about_it
        assert stops(hold, ("b2",), NOW) is case.about_another
