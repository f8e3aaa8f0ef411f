"""Which segment a customer is in, and what is unknown matching nothing."""

from pathlib import Path
from typing import Any

import pytest
from playbook_files import write

from services.playbooks.conditions import (
    PERMITTED_BY_DEFAULT,
    STEERING_ATTRIBUTES,
    ConditionError,
    PassedOver,
    attributes_of,
    choose_segment,
    compile_condition,
    condition_holds,
)
from services.playbooks.load import load_playbook
from services.playbooks.model import Playbook
from services.playbooks.variables import Traits, customer_values, event_values

EVENT = event_values("payment.missed", {"amount_minor": 5000, "currency": "USD"})


@pytest.fixture
def playbook(tmp_path: Path) -> Playbook:
    return load_playbook(write(tmp_path))


def values(**traits: Any) -> dict[str, Any]:
    return {**EVENT, **customer_values(Traits(**traits))}


@pytest.mark.parametrize(
    "condition",
    ["age < 28", "age >= 0", "age != 30", "!(age < 28)", "age == -1", "age < 28 && true"],
)
def test_unknown_age_matches_no_rule_about_age(condition: str) -> None:
    assert not condition_holds(condition, values())


def test_a_condition_with_another_way_to_hold_does_not_need_the_age() -> None:
    assert condition_holds('age < 28 || tier == "gold"', values(tier="gold"))
    assert condition_holds("!age_known", values())
    assert condition_holds("age_known && age == 20", values(age=20))


def test_unknown_text_is_empty_and_unknown_lists_have_nothing() -> None:
    assert condition_holds('occupation == "" && size(interests) == 0', values())
    assert not condition_holds('"hardship" in holds', values())


def test_a_tag_that_the_customer_lacks_decides_nothing() -> None:
    assert not condition_holds("tags.churn_risk > 0.5", values())
    assert condition_holds("tags.churn_risk > 0.5", values(tags={"churn_risk": 0.9}))


def test_a_tag_that_repeats_an_attribute_counts_as_that_attribute() -> None:
    assert attributes_of('tags.value_tier == "vip"') == {"tier"}
    assert attributes_of('tags.preferred_language == "ja" && age > 3') == {"locale", "age"}
    assert attributes_of('tags.engagement > 0.5 && "tags.value_tier" != ""') == frozenset()


def test_first_match_wins(playbook: Playbook) -> None:
    assert choose_segment(playbook, values(age=20), STEERING_ATTRIBUTES).name == "young"
    assert choose_segment(playbook, values(age=40), STEERING_ATTRIBUTES).name == "everyone"


def test_unknown_age_falls_through_to_the_next_segment(playbook: Playbook) -> None:
    choice = choose_segment(playbook, values(), STEERING_ATTRIBUTES)
    assert (choice.name, choice.tone, choice.passed_over) == ("everyone", "neutral", ())


def test_a_segment_by_age_is_passed_over_where_age_may_not_steer(playbook: Playbook) -> None:
    choice = choose_segment(playbook, values(age=20), PERMITTED_BY_DEFAULT)
    assert choice.name == "everyone"
    assert choice.passed_over == (PassedOver("young", "age"),)


def test_what_comes_after_the_chosen_segment_was_not_passed_over(tmp_path: Path) -> None:
    source = (Path(write(tmp_path)) / "playbook.yaml").read_text()
    young, everyone = source.index("  - name: young"), source.index("  - name: everyone")
    steps = source.index("steps:")
    turned = source[:young] + source[everyone:steps].replace('"true"', "amount_minor > 100")
    turned += source[young:everyone] + source[steps:]
    playbook = load_playbook(write(tmp_path / "turned", turned))
    assert choose_segment(playbook, values(age=20)).passed_over == ()


def test_no_segment_is_a_choice_too(tmp_path: Path) -> None:
    source = (
        (write(tmp_path) / "playbook.yaml").read_text().replace('when: "true"', "when: age > 90")
    )
    playbook = load_playbook(write(tmp_path / "other", source))
    choice = choose_segment(playbook, values(age=50), STEERING_ATTRIBUTES)
    assert (choice.name, choice.tone) == (None, None)


def test_steering_attributes_are_found_inside_macros_and_under_age_known() -> None:
    assert attributes_of('interests.exists(i, i == "film") && age_known') == {"interests", "age"}
    assert attributes_of("amount_minor > 3") == frozenset()


def test_a_condition_that_is_not_cel_says_where() -> None:
    with pytest.raises(ConditionError, match="column 6"):
        compile_condition("age <")


def test_a_comment_in_a_condition_does_not_swallow_the_next_one(tmp_path: Path) -> None:
    source = (write(tmp_path) / "playbook.yaml").read_text()
    source = source.replace("when: age < 28", 'when: "age < 28 // the young"')
    playbook = load_playbook(write(tmp_path / "other", source))
    assert choose_segment(playbook, values(age=40), STEERING_ATTRIBUTES).name == "everyone"
