"""Property tests: over random matrices and proposals nothing offered or accepted goes too far."""

from hypothesis import given, settings
from hypothesis import strategies as st
from terms_world import Situation, broken_rules, given_by, situations, stated_ones, wishes_about

from services.negotiator.model import Plan, PlanKind
from services.negotiator.model.terms import (
    NOTHING_STATED,
    Accepted,
    Circumstances,
    Countered,
    HandedOver,
    Role,
    Stated,
)
from services.negotiator.rules import plans, proposals, wishes
from services.negotiator.rules.terms import breaches
from services.negotiator.rules.value import burden

MOST_ROUNDS = 3


def _best(offered: list[Plan]) -> int:
    return min(plan.total_minor for plan in offered)


@settings(max_examples=700, deadline=None)
@given(situations(), st.data())
def test_a_talk_keeps_to_authority_never_gets_worse_and_ends(
    situation: Situation, data: st.DataObject
) -> None:
    talk(situation, data)


def talk(situation: Situation, data: st.DataObject) -> None:
    """A customer proposes whatever they like until there is an end."""
    balance, stated = situation[3], NOTHING_STATED
    here = given_by(situation, stated)
    offered = [scored.plan for scored in plans.choose(here)]
    for plan in offered:
        assert broken_rules(plan, here.bounds, here) == []
        assert (plan.discount_minor > 0) == (plan.kind is PlanKind.SETTLEMENT)
    for turn in range(MOST_ROUNDS + 1):
        if turn == 1 and data.draw(st.booleans()):
            here, offered = _after_stating(data.draw(stated_ones), situation, offered)
        wish = data.draw(wishes_about(balance, here))
        found = proposals.answer(
            wish, here, offered=offered, rounds=turn, most_rounds=MOST_ROUNDS, may_ask=True
        )
        if isinstance(found, Accepted):
            assert broken_rules(found.plan, here.bounds, here) == []
            return
        assert breaches(found.wished, here)
        assert sum(part.amount_minor for part in found.wished.instalments) == (
            found.wished.total_minor
        )
        if isinstance(found, HandedOver):
            return
        _check_counters(found, here, offered)
        before = _best(offered) if offered else balance
        offered += [plan for plan in found.plans if plan not in offered]
        assert _best(offered) <= before
    raise AssertionError("the talk went on")


def _after_stating(
    stated: Stated, situation: Situation, offered: list[Plan]
) -> tuple[Circumstances, list[Plan]]:
    """What the customer has said only ever adds to what they can have."""
    here = given_by(situation, stated)
    for plan in offered:
        assert broken_rules(plan, here.bounds, here) == []
    better = [
        plan
        for plan in proposals.more(None, here)
        if not any(proposals.is_worse(plan, one) for one in offered)
    ]
    for plan in better:
        assert broken_rules(plan, here.bounds, here) == []
    return here, [*offered, *better]


def _check_counters(found: Countered, here: Circumstances, offered: list[Plan]) -> None:
    assert 0 < len(found.plans) <= proposals.MOST_COUNTERS
    for plan in found.plans:
        if plan not in offered:
            assert broken_rules(plan, here.bounds, here) == []
        for before in offered:
            dominated = (
                before.total_minor <= plan.total_minor
                and burden(before.instalments) <= burden(plan.instalments)
                and before.instalments[0].amount_minor <= plan.instalments[0].amount_minor
                and before.instalments[0].due_date >= plan.instalments[0].due_date
            )
            same = proposals.shape(before) == proposals.shape(plan)
            equal = proposals._weight(before) == proposals._weight(plan)
            assert not dominated or same or equal or plan in offered


@settings(max_examples=250, deadline=None)
@given(situations(), st.data())
def test_same_circumstances_same_answer(situation: Situation, data: st.DataObject) -> None:
    here, again = (given_by(situation, NOTHING_STATED) for _ in range(2))
    wish = data.draw(wishes_about(situation[3], here))
    assert plans.choose(here) == plans.choose(again)
    first, second = (
        proposals.answer(wish, one, offered=[], rounds=0, most_rounds=3, may_ask=False)
        for one in (here, again)
    )
    assert first == second


@settings(max_examples=250, deadline=None)
@given(situations())
def test_each_role_goes_at_least_as_far_and_no_machine_beyond_the_playbook(
    situation: Situation,
) -> None:
    cap, matrix, _, balance, _, _ = situation
    everyone, need, agent = (
        given_by(situation, NOTHING_STATED, role).bounds
        for role in (Role.EVERYONE, Role.NEED, Role.AGENT)
    )
    for low, high in ((everyone, need), (need, agent)):
        assert low.max_discount_minor <= high.max_discount_minor
        assert low.max_instalments <= high.max_instalments
        assert low.max_days <= high.max_days
        assert low.min_npv_minor >= high.min_npv_minor
        assert low.min_instalment_minor >= high.min_instalment_minor
    for bounds in (everyone, need):
        assert bounds.max_discount_minor * 10_000 <= balance * cap.max_discount_bp
        assert bounds.max_instalments <= cap.max_instalments
        assert bounds.max_days <= cap.max_days
        assert bounds.min_instalment_minor >= cap.min_instalment_minor
    floor = matrix.economics.floor_bp
    for bounds in (everyone, need, agent):
        least = (balance - bounds.max_discount_minor) * 10_000
        assert bounds.max_discount_minor == 0 or least >= balance * floor
        if "commission" in (cap.funded_by, matrix.economics.funded_by):
            given_up = balance * matrix.economics.give_up_bp
            assert bounds.max_discount_minor * 10_000 <= given_up


@settings(max_examples=250, deadline=None)
@given(situations(), st.data())
def test_every_wish_becomes_an_exact_plan(situation: Situation, data: st.DataObject) -> None:
    here = given_by(situation, NOTHING_STATED)
    wish = data.draw(wishes_about(situation[3], here))
    plan = wishes.plan(wish, here)
    allowed = {"too long", "discount", "instalments", "least", "present value"}
    assert set(broken_rules(plan, here.bounds, here)) <= allowed
    assert len(plan.instalments) <= wishes.MOST_PAYMENTS
