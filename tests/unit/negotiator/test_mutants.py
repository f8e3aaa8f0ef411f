"""Rules that were broken on purpose: the property tests must find each of them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from terms_world import Situation, situations
from test_talks import talk

from services.negotiator.model import Instalment, Plan
from services.negotiator.model.terms import Answer, Breach, Circumstances, Countered, HandedOver
from services.negotiator.rules import plans, proposals, terms, value, wishes

Patch = Callable[[pytest.MonkeyPatch], None]


def _blind_to(breach: Breach) -> Patch:
    """A judge that overlooks one way of going too far."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        def breaches(plan: Plan, here: Circumstances) -> tuple[Breach, ...]:
            return tuple(one for one in terms.breaches(plan, here) if one is not breach)

        monkeypatch.setattr(plans, "breaches", breaches)
        monkeypatch.setattr(proposals, "breaches", breaches)

    return patch


def _interest_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    def npv(parts: Sequence[Instalment], today: date, rate: int) -> int:
        del rate
        return value.npv(parts, today, 0)

    monkeypatch.setattr(terms, "npv", npv)


def _rest_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def split(total: int, count: int) -> list[int]:
        return [total // count] * count

    for module in (plans, proposals, wishes):
        monkeypatch.setattr(module, "split", split)


def _a_day_late(monkeypatch: pytest.MonkeyPatch) -> None:
    def spread(here: Circumstances, name: str, amounts: Sequence[int], *more: Any) -> Plan:
        plan = _SPREAD(here, name, amounts, *more)
        last = plan.instalments[-1]
        late = replace(last, due_date=here.last_day + timedelta(days=1))
        return replace(plan, instalments=(*plan.instalments[:-1], late))

    monkeypatch.setattr(plans, "spread", spread)
    monkeypatch.setattr(plans, "breaches", _content)


def _never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(*given: Any, **more: Any) -> Answer:
        found = _ANSWER(*given, **more | {"rounds": 0})
        if isinstance(found, HandedOver) and more["offered"]:
            return Countered(found.wished, found.breaches, tuple(more["offered"][:1]), False)
        return found

    monkeypatch.setattr(proposals, "answer", answer)


def _gets_worse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proposals, "is_worse", _never_worse)


def _content(plan: Plan, here: Circumstances) -> tuple[Breach, ...]:
    del plan, here
    return ()


def _never_worse(plan: Plan, before: Plan) -> bool:
    del plan, before
    return False


_SPREAD, _ANSWER = plans.spread, proposals.answer
MUTANTS: dict[str, Patch] = {
    **{f"blind to {one}": _blind_to(one) for one in Breach if one is not Breach.STARTS_LATE},
    "interest forgotten": _interest_forgotten,
    "rest lost": _rest_lost,
    "a day late": _a_day_late,
    "never ends": _never_ends,
    "gets worse": _gets_worse,
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_planted_mutant_is_found(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MUTANTS[mutant](monkeypatch)

    @settings(
        max_examples=2_000,
        deadline=None,
        phases=(Phase.generate,),
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(situations(), st.data())
    def talked(situation: Situation, data: st.DataObject) -> None:
        talk(situation, data)

    with pytest.raises(AssertionError):
        talked()
