"""Choosing words: learning, floor, what segments share, and the guard against harm."""

import random
from datetime import date

import pytest
from wording_population import Population, live

from services.messenger.rules.betas import Beta, chance_above, chances_to_be_best
from services.messenger.rules.wording import (
    CLICK_WORTH,
    Day,
    Tally,
    belief,
    draw,
    propensities,
    tally,
)
from services.messenger.rules.wording_guard import Harm, withdrawals

SEGMENTS = {"settled": 0.10, "young": 0.20, "new": 0.06}
TODAY = date(2026, 3, 20)


@pytest.mark.parametrize("seed", range(1, 6))
def test_regret_over_5000_messages_is_at_most_half_of_uniform_choice(seed: int) -> None:
    course = live(Population(SEGMENTS, {"base": 1.0, "better": 1.5}), seed)
    print(f"seed {seed}: regret {course.regret / course.uniform:.2f} of uniform")
    assert course.regret <= course.uniform / 2
    assert course.withdrawn == []


@pytest.mark.parametrize("seed", range(1, 5))
def test_of_equal_variants_nothing_is_withdrawn(seed: int) -> None:
    course = live(Population(SEGMENTS, {"base": 1.0, "same": 1.0, "alike": 1.0}), seed)
    assert course.withdrawn == []


def test_a_variant_that_harms_is_withdrawn() -> None:
    for seed in (1, 2):
        harmful = Population(SEGMENTS, {"base": 1.0, "pushy": 1.4}, harm={"pushy": 0.04})
        course = live(harmful, seed)
        assert [one.wording for one in course.withdrawn] == ["pushy"]


def test_probabilities_are_those_of_many_draws() -> None:
    shares = [Beta(10.5, 90), Beta(15, 90), Beta(0.5, 9), Beta(400, 3000)]
    chance = random.Random(7)
    wins = [0] * len(shares)
    for _ in range(20_000):
        drawn = [chance.betavariate(one.a, one.b) for one in shares]
        wins[drawn.index(max(drawn))] += 1
    exact = chances_to_be_best(shares)
    assert sum(exact) == pytest.approx(1)
    assert exact == pytest.approx([won / 20_000 for won in wins], abs=0.01)
    above = sum(chance.betavariate(6, 2.5) > 0.6 for _ in range(20_000)) / 20_000
    assert chance_above(Beta(6, 2.5), 0.6) == pytest.approx(above, abs=0.01)


def test_wordings_nobody_knows_of_are_equally_likely() -> None:
    assert propensities({}, "any", ["b", "a"]) == pytest.approx({"a": 0.5, "b": 0.5})


def test_each_keeps_its_floor_and_all_add_up_to_one() -> None:
    known = {"one": {"good": Tally(4000, 800), "bad": Tally(4000, 40), "so": Tally(4000, 90)}}
    plan = propensities(known, "one", ["good", "bad", "so"])
    assert sum(plan.values()) == pytest.approx(1)
    assert plan["bad"] == pytest.approx(0.05)
    assert plan["good"] == pytest.approx(0.90)


def test_many_wordings_leave_half_to_what_was_learnt() -> None:
    plan = propensities({}, "one", [f"w{number}" for number in range(40)], floor=0.05)
    assert sum(plan.values()) == pytest.approx(1)
    assert min(plan.values()) >= 0.5 / 40


def test_a_segment_begins_with_what_others_have_learnt() -> None:
    known = {"seen": {"good": Tally(500, 100), "bad": Tally(500, 20)}}
    plan = propensities(known, "unseen", ["good", "bad"])
    assert plan["good"] > 0.7


def test_own_evidence_outweighs_what_others_have_learnt() -> None:
    known = {
        "most": {"good": Tally(500, 100), "bad": Tally(500, 20)},
        "other": {"good": Tally(400, 10), "bad": Tally(400, 60)},
    }
    assert propensities(known, "other", ["good", "bad"])["bad"] > 0.9


def test_a_segment_that_pays_more_lends_no_wording_its_luck() -> None:
    # In each segment both do alike; `a` was mostly sent where people pay anyway.
    known = {
        "rich": {"a": Tally(900, 450), "b": Tally(100, 50)},
        "poor": {"a": Tally(100, 5), "b": Tally(900, 45)},
    }
    assert belief(known, "third", "a").mean == pytest.approx(belief(known, "third", "b").mean, 0.1)


def test_what_may_still_come_is_a_part_of_a_trial() -> None:
    week_old = Day(date(2026, 3, 13), 100, 3, 0)
    counted = tally([week_old], TODAY, 14)
    assert counted.trials == pytest.approx(100 * (0.5 + CLICK_WORTH / 2))
    assert counted.successes == 3
    assert tally([Day(date(2026, 3, 1), 100, 3, 9)], TODAY, 14) == Tally(100, 3)


def test_a_click_counts_a_little_and_fades() -> None:
    fresh = tally([Day(TODAY, 10, 0, 4)], TODAY, 14)
    assert fresh.successes == pytest.approx(4 * CLICK_WORTH)
    assert tally([Day(date(2026, 3, 1), 10, 0, 4)], TODAY, 14).successes == 0


def test_the_same_chance_draws_the_same() -> None:
    plan = {"a": 0.25, "b": 0.75}
    assert draw(plan, 0.2).wording == "a"
    assert draw(plan, 0.25).wording == "b"
    assert draw(plan, 0.9999999).propensity == 0.75


def test_few_complaints_withdraw_nothing() -> None:
    harms = {"one": {"a": Harm(40, 4), "b": Harm(400, 0)}}
    assert withdrawals(harms, ["a", "b"]) == []


def test_the_last_one_standing_stays() -> None:
    assert withdrawals({"one": {"a": Harm(400, 200), "b": Harm(400, 1)}}, ["a"]) == []


def test_who_mostly_meets_the_touchy_is_not_blamed_for_it() -> None:
    harms = {
        "touchy": {"a": Harm(900, 90), "b": Harm(100, 10)},
        "calm": {"a": Harm(100, 1), "b": Harm(900, 9)},
    }
    assert withdrawals(harms, ["a", "b"]) == []
    harms["calm"] = {"a": Harm(600, 6), "b": Harm(900, 120)}
    assert [one.wording for one in withdrawals(harms, ["a", "b"])] == ["b"]
