"""Every kind of violation, planted in a log in which all is well, is found, and nothing else is."""

import planted_answered
import planted_events
import planted_holds
import planted_merged
import planted_own_hours
import planted_packs
import planted_payments
import planted_promised
import planted_rules
import planted_secrecy
import planted_sending
import planted_several
import planted_stops
import planted_talks
import planted_terms
import planted_wishes
import planted_wordings
import pytest
from planted import Planted

from rapport.audit.run import audit
from support.audit.good_world import good

PLANTED = [
    *planted_events.CASES,
    *planted_stops.CASES,
    *planted_sending.CASES,
    *planted_packs.CASES,
    *planted_holds.CASES,
    *planted_merged.CASES,
    *planted_promised.CASES,
    *planted_payments.CASES,
    *planted_rules.CASES,
    *planted_secrecy.CASES,
    *planted_several.CASES,
    *planted_terms.CASES,
    *planted_wordings.CASES,
    *planted_own_hours.CASES,
    *planted_talks.CASES,
    *planted_wishes.CASES,
    *planted_answered.CASES,
]


@pytest.mark.parametrize("case", PLANTED, ids=lambda case: case.name)
def test_planted_violation_is_found(case: Planted) -> None:
    world = good()
    case.plant(world)
    found = [
        (violation.promise, violation.rule, frozenset(event.id for event in violation.events))
        for violation in audit(world.records()).violations
    ]
    assert found == [(case.promise, case.rule, case.shown)]


def test_every_promise_has_its_planted_violations() -> None:
    assert {case.promise for case in PLANTED} == set(range(1, 10))
