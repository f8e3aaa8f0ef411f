"""What a message about several obligations leaves out: each is judged as if it went alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from services.messenger.model import (
    Customer,
    Handoff,
    Hold,
    Obligation,
    ObligationState,
    Order,
    Part,
    Pause,
    Refuse,
)
from services.messenger.rules.parts import left_out
from services.policy.packs import load

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
ORDER = Order("collection", "email", ("b1", "b2", "b3"), NOW + timedelta(days=1))
PACKS = load(Path(__file__).parents[3] / "deploy" / "policies")
CUSTOMER = Customer(email="ana@example.com")


def parts(**changes: bool) -> list[Part]:
    return [
        Part(f"s{n}", f"b{n}", NOW + timedelta(days=1), cancelled=changes.get(f"s{n}", False))
        for n in (1, 2, 3)
    ]


def reasons(found: dict[str, Refuse]) -> dict[str, str]:
    return {step_id: why.reason for step_id, why in found.items()}


def test_nothing_is_left_out_where_nothing_forbids_it() -> None:
    assert left_out(ORDER, parts(), CUSTOMER, {}, PACKS, NOW) == {}
    assert left_out(ORDER, [], CUSTOMER, {}, PACKS, NOW) == {}


def test_each_has_its_own_reason() -> None:
    known = {"b1": Obligation(ObligationState.SETTLED), "b2": Obligation(paying={"p1": NOW})}
    found = left_out(ORDER, parts(), CUSTOMER, known, PACKS, NOW)
    assert reasons(found) == {"s1": "settled", "s2": "payment_pending"}
    assert [found[step].retryable for step in ("s1", "s2")] == [False, True]


def test_a_paused_enrolment_is_left_out_until_it_is_resumed() -> None:
    over, soon = NOW, NOW + timedelta(hours=1)
    several = [
        replace(part, pause=pause)
        for part, pause in zip(parts(), (Pause(over), Pause(soon), Pause()), strict=True)
    ]
    found = left_out(ORDER, several, CUSTOMER, {}, PACKS, NOW)
    assert {step: (why.reason, why.retryable, why.not_before) for step, why in found.items()} == {
        "s2": ("paused", True, soon),
        "s3": ("paused", True, None),
    }


def test_cancelled_and_outlived_steps_are_left_out() -> None:
    late = [*parts(s2=True)[:2], Part("s3", "b3", NOW - timedelta(seconds=1))]
    found = left_out(ORDER, late, CUSTOMER, {}, PACKS, NOW)
    assert reasons(found) == {"s2": "cancelled", "s3": "no_longer_valid"}


def test_a_hold_or_handoff_about_one_leaves_the_others() -> None:
    held = Customer(
        email="ana@example.com",
        holds=(Hold("dispute", "b2", at=NOW),),
        handoffs=(Handoff("asked_for_a_person", "b3"),),
    )
    assert reasons(left_out(ORDER, parts(), held, {}, PACKS, NOW)) == {
        "s2": "hold:dispute",
        "s3": "handoff",
    }


def test_what_stops_all_keeps_the_first_to_tell_it() -> None:
    silent = Customer(email=None)
    assert reasons(left_out(ORDER, parts(), silent, {}, PACKS, NOW)) == {
        "s2": "no_address",
        "s3": "no_address",
    }


STATES = st.sampled_from(
    [
        None,
        *(Obligation(state) for state in ObligationState),
        Obligation(agreed=True),
        Obligation(paying={"p1": NOW}),
    ]
)


@given(st.lists(STATES, min_size=1, max_size=6), st.data())
def test_what_stays_is_open_unless_nothing_does(
    states: list[Obligation | None], data: st.DataObject
) -> None:
    cancelled = data.draw(st.sets(st.integers(0, len(states) - 1)))
    several = [
        Part(f"s{n}", f"b{n}", NOW + timedelta(days=1), cancelled=n in cancelled)
        for n in range(len(states))
    ]
    known = {f"b{n}": state for n, state in enumerate(states) if state is not None}
    left = left_out(ORDER, several, CUSTOMER, known, PACKS, NOW)
    over = {
        part.step_id
        for part in several
        if part.cancelled or known.get(part.obligation_id, Obligation()) != Obligation()
    }
    kept = {part.step_id for part in several} - left.keys()
    assert kept, "a message always has something to end with"
    assert left.keys() <= over
    assert kept.isdisjoint(over) or (kept == {"s0"} and len(over) == len(several))
