"""Whether an event counts in full, only updates state, or changes nothing."""

import dataclasses
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from segmenter_world import CAREFUL, MISSED, NOW, decide, happening, missed, playbooks

from services.segmenter import rules
from services.segmenter.model import Profile

WEEK = timedelta(days=7)
MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("version", "newest", "effect"),
    [
        (None, None, "applied"),
        (None, 5, "applied"),
        (1, None, "applied"),
        (5, 5, "applied"),
        (6, 5, "applied"),
        (4, 5, "stale_version"),
        (0, 1, "stale_version"),
    ],
)
def test_a_lower_version_changes_nothing(
    version: int | None, newest: int | None, effect: str
) -> None:
    event = happening("payment.missed", {**MISSED, "version": version})
    assert rules.effect_of(event, NOW, newest) == effect


@pytest.mark.parametrize(
    ("age", "replay", "effect"),
    [
        (timedelta(), False, "applied"),
        (-timedelta(hours=1), False, "applied"),
        (WEEK, False, "applied"),
        (WEEK + MOMENT, False, "old"),
        (WEEK + MOMENT, True, "applied"),
        (timedelta(days=40), True, "applied"),
    ],
)
def test_what_is_older_than_a_week_triggers_nothing_unless_it_is_marked(
    age: timedelta, replay: bool, effect: str
) -> None:
    event = happening("payment.missed", MISSED, age=age, replay=replay)
    decision = decide(Profile(), event)
    assert decision.effect == effect
    assert bool(decision.enrolments) == (effect == "applied")


def test_an_old_trigger_is_told_with_its_reason_by_each_playbook_it_could_start() -> None:
    decision = decide(Profile(), happening("payment.missed", MISSED, age=WEEK + MOMENT))
    (told,) = decision.segmentations
    assert (told.playbook, told.segment, told.reason) == ("recover", None, "old_event")


def test_an_old_event_updates_what_is_known() -> None:
    profile = Profile()
    decide(profile, happening("customer.updated", {"tier": "gold"}, age=timedelta(days=30)))
    assert profile.tier == "gold"


def test_a_stale_version_tells_nothing_and_enrols_nobody() -> None:
    profile = Profile()
    decide(profile, missed(version=2))
    before = deepcopy(profile)
    decision = decide(profile, missed(version=1), newest_version=2)
    assert (decision.effect, decision.segmentations, decision.enrolments) == (
        "stale_version",
        [],
        [],
    )
    before.events += 1
    assert profile == before


@pytest.mark.parametrize(
    ("type", "data"),
    [
        ("customer.updated", {"tier": "gold"}),
        ("payment.received", {"bill_id": "b-1", "remaining_minor": 0}),
        ("bill.updated", MISSED),
        ("customer.active", {"last_active_on": "2026-01-01"}),
    ],
)
def test_what_starts_no_playbook_is_applied_in_silence(type: str, data: dict[str, Any]) -> None:
    decision = decide(Profile(), happening(type, data))
    assert (decision.effect, decision.segmentations, decision.enrolments) == ("applied", [], [])


def test_the_same_input_gives_the_same_decision() -> None:
    one, other = Profile(country="DE"), Profile(country="DE")
    assert decide(one, missed()) == decide(other, missed())
    assert one == other


def test_of_many_playbooks_that_an_event_does_not_start_one_fact_tells() -> None:
    (recover,) = playbooks()["payment.missed"]
    twins = [
        dataclasses.replace(
            recover, document=recover.document.model_copy(update={"name": f"twin-{number}"})
        )
        for number in range(3)
    ]
    listening = {"payment.missed": [recover, *twins]}
    small, now = missed(amount_minor=1), NOW
    decision = rules.decide(Profile(), small, now, listening, CAREFUL, None)
    (told,) = decision.segmentations
    assert (told.playbook, told.reason) == ("recover", "not_triggered")
    version = recover.version
    assert told.also == {f"twin-{number}": version for number in range(3)}
