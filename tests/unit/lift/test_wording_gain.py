"""What a choice of words has brought, estimated from logged propensities."""

import random

import pytest
from lift_world import DAY, Trial

from rapport.lift.estimates import Choice, doubly_robust, gain, ips, observed, snips
from rapport.lift.wording_gain import LEAST_MESSAGES
from support.audit.log_builder import plus

RATES = {"good": 0.3, "bad": 0.1}
LIKED = {"good": 0.8, "bad": 0.2}


def _logged(seed: int, count: int = 4000) -> list[Choice]:
    """Choices that liked the good one, seen by who would have chosen evenly."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        arm = "good" if chance.random() < LIKED["good"] else "bad"
        reward = float(chance.random() < RATES[arm])
        # A model that is wrong by a half, the same wrong for both.
        made.append(
            Choice(reward, LIKED[arm], 0.5, number, RATES[arm] * 1.5, sum(RATES.values()) * 0.75)
        )
    return made


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_each_estimate_finds_what_an_even_choice_would_have_brought(seed: int) -> None:
    choices = _logged(seed)
    for estimate in (ips, snips, doubly_robust):
        found = estimate(choices)
        assert found.value == pytest.approx(0.2, abs=0.03)
        assert found.interval.low < 0.2 < found.interval.high
    assert observed(choices).value == pytest.approx(0.26, abs=0.03)
    found = gain(choices)
    assert found.interval.low < 0.06 < found.interval.high
    assert found.interval.low > 0


def test_what_one_customer_gets_often_is_not_more_evidence() -> None:
    once = _logged(1, 500)
    often = [one for one in once for _ in range(10)]
    width = snips(once).interval.high - snips(once).interval.low
    assert snips(often).interval.high - snips(often).interval.low == pytest.approx(width)


def test_the_log_tells_what_the_choice_of_words_brought() -> None:
    trial = Trial()
    chance = random.Random(5)
    for number in range(LEAST_MESSAGES * 3):
        arm = "good" if chance.random() < LIKED["good"] else "bad"
        customer, bill = f"w{number}", "1"
        trial.message(
            f"w{number}.d", customer, DAY, f"w{number}.s", f"w{number}.e", f"b-{customer}-{bill}",
            playbook="recover", segment="all", tone="neutral", variant=f"hello/neutral/{arm}",
            purpose="collection", wording=arm, propensity=LIKED[arm],
            variants={f"hello/neutral/{name}": chance_ for name, chance_ in LIKED.items()},
        )  # fmt: skip
        if chance.random() < RATES[arm]:
            trial.pays(customer, days=3)
        elif chance.random() < 0.2:
            trial.pays(customer, days=20)  # too late to count
    trial.message("late.d", "late", plus(DAY, days=60), "late.s", "late.e", "b-late-1",
                  playbook="recover", wording="good", propensity=0.8)  # fmt: skip
    trial.ends(plus(DAY, days=61))
    report = trial.report()
    (found,) = report.gains
    assert found.messages == LEAST_MESSAGES * 3
    assert found.gain is not None
    assert found.gain.value == pytest.approx(0.06, abs=0.04)
    assert not report.simulated
    assert report.as_dict()["wording_gains"][0]["playbook"] == "recover"


def test_few_messages_say_nothing() -> None:
    trial = Trial()
    trial.message("x.d", "x", DAY, "x.s", "x.e", "b-x-1", playbook="recover", wording="good",
                  propensity=0.8, variants={"a": 0.8, "b": 0.2})  # fmt: skip
    trial.ends()
    (found,) = trial.report().gains
    assert (found.messages, found.gain) == (1, None)
