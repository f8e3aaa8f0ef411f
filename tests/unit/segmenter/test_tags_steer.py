"""Tags decide on the segment: with the event itself, as of now, and only those asked for."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from segmenter_world import CAREFUL, MISSED, NOW, happening, playbooks

from services.playbooks.conditions import attributes_of
from services.segmenter import rules, tags
from services.segmenter.model import Profile
from services.segmenter.tags import TAGS
from services.segmenter.tags.marks import learn_fact

RECOVER = playbooks()["payment.missed"][0]
OTHERWISE = RECOVER.document.segments[-1].name


def asking(condition: str) -> rules.PlaybooksByTrigger:
    """The playbook recover, with a first segment of this condition and no other but the last."""
    never = ("false",) * (len(RECOVER.conditions) - 2)
    conditions = (condition, *never, "true")
    attributes = tuple(attributes_of(one) for one in conditions)
    return rules.by_trigger([replace(RECOVER, conditions=conditions, attributes=attributes)])


def holds(
    profile: Profile, condition: str, days: float = 0, permitted: frozenset[str] = CAREFUL
) -> bool:
    """Whether a payment that was missed `days` after NOW finds the condition to hold."""
    now = NOW + timedelta(days=days)
    event = happening("payment.missed", MISSED, age=-timedelta(days=days))
    decision = rules.decide(profile, event, now, asking(condition), permitted, None)
    (told,) = decision.segmentations
    assert told.segment in (RECOVER.document.segments[0].name, OTHERWISE)
    return told.segment != OTHERWISE


def clicked() -> Profile:
    profile = Profile()
    data = {"message_id": "m-1", "link": "pay", "machine": False}
    learn_fact(profile.history, "message.clicked", "f-1", NOW, data)
    return profile


def test_the_event_itself_counts() -> None:
    assert holds(Profile(), 'tags.delinquency == "1-30"')


def test_facts_of_the_log_count() -> None:
    assert holds(clicked(), "tags.engagement > 0.4")
    assert not holds(Profile(), "tags.engagement > 0.4")


def test_what_was_asked_for_is_told_with_the_decision() -> None:
    asked = asking("tags.days_past_due > 2 && has(tags.punctuality)")
    decision = rules.decide(
        Profile(), happening("payment.missed", MISSED), NOW, asked, CAREFUL, None
    )
    (told,) = decision.segmentations
    shown = {name: value for name, value in told.inputs.items() if name.startswith("tags.")}
    assert shown == {"tags.days_past_due": 3, "tags.punctuality": 0.0}


def test_a_tag_fades_and_expires_without_an_event() -> None:
    assert not holds(clicked(), "tags.engagement > 0.4", days=10)
    assert holds(clicked(), "has(tags.engagement)", days=179)
    assert not holds(clicked(), "has(tags.engagement)", days=180)
    assert not holds(clicked(), "tags.engagement >= 0.0", days=180)


def test_what_is_unknown_matches_nothing() -> None:
    assert not holds(Profile(), 'tags.preferred_channel != "email"')
    assert holds(Profile(), "!has(tags.preferred_channel)")
    assert holds(Profile(), '!("preferred_channel" in tags)')


def test_a_policy_that_forbids_an_attribute_forbids_the_tag_that_repeats_it() -> None:
    profile = Profile()
    learn = happening("customer.updated", {"tier": "vip"})
    rules.decide(profile, learn, NOW, asking("true"), CAREFUL, None)
    condition = 'tags.value_tier == "vip"'
    assert holds(profile, condition)
    assert not holds(profile, condition, permitted=CAREFUL - {"tier"})


def test_only_the_tags_asked_for_are_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(evidence: Any) -> None:
        raise AssertionError(evidence)

    spared = {name: refuse for name in TAGS if name != "delinquency"}
    monkeypatch.setattr(tags, "TAGS", {**TAGS, **spared})
    assert holds(Profile(), 'tags.delinquency == "1-30"')
    assert not holds(Profile(), "false")
