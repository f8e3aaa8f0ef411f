"""Whatever happens in whatever order: no promise breaks in 10,000 lives; and each planted fault
does break one.

A life is the scheduler's rules and the messenger's final check of what they order, side by side.
`make prove` lives them all. By default a tenth of them is lived, always the same; the planted
faults are looked for in 10,000 whatever is set. LIVES=N sets another number.
"""

import gc
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from promises_machine import Promises

from services.messenger.model import ChangeKind, Order
from services.messenger.rules import check as final
from services.messenger.rules import merging as uniting
from services.messenger.rules import obligations as reading
from services.policy import gate, persons
from services.policy.consent import check_consent
from services.policy.model import Verdict
from services.policy.places import candidate_zones
from services.scheduler.model import Book, Obligation, ObligationState, StepState
from services.scheduler.rules import (
    arbitration,
    claiming,
    continuing,
    customers,
    ending,
    going_on,
    hearing,
    joining,
    merging,
    obligations,
    outcomes,
    own_hour,
    planning,
    stops,
    timing,
    waiting,
)
from services.scheduler.rules import holds as reading_holds
from services.scheduler.rules.holds import with_hold

LIVES = int(os.environ.get("LIVES", "1000"))
MOST = 10_000
"""Lives in which a planted fault has to show; most show in a few."""


@pytest.fixture(autouse=True)
def seldom_collected() -> Iterator[None]:
    """So many short lives leave little behind in rings: it is looked for less often."""
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(100_000)
    yield
    gc.set_threshold(*usual)
    gc.unfreeze()


def live(lives: int) -> None:
    """Always the same lives. Nothing is kept, and nothing shrunk: the bytes say enough."""
    fixed = settings(
        max_examples=lives,
        stateful_step_count=1,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Promises, settings=fixed)


def test_no_promise_breaks() -> None:
    live(LIVES)


Plant = list[tuple[Any, str, Any]]


def blind_to(type: str, where: Any, name: str) -> Plant:
    """A rule that lets facts of this type pass unheard."""
    right = getattr(where, name)
    return [(where, name, lambda known, e: known if e.type.startswith(type) else right(known, e))]


def in_order_of_delivery(_: tuple[Any, ...], heard: Any, of: Any) -> tuple[Any, ...]:
    return with_hold((), heard, of)


def newest_word(_: tuple[Any, ...], told: Any) -> tuple[Any, ...]:
    return (told,)


def refusals_pass(*given: Any) -> Any:
    return msgspec.structs.replace(check_consent(*given), allowed=True)


def any_zone(*known: Any) -> Any:
    zones = candidate_zones(*known)
    return msgspec.structs.replace(zones, names=zones.names[:1])


def own_words(said: Any, _: Any) -> Any:
    return [one.words for one in said]


def all_to_come(book: Book, customer: Any) -> Any:
    planned = StepState.PLANNED
    return {
        one.id: [
            msgspec.structs.replace(step, state=planned, dispatch_id=None)
            for step in book.steps_of(one.id)
            if step.open
        ]
        for one in book.of_customer(customer)
    }


def the_same_attempt(book: Book, step: Any, heard: Any, now: Any) -> Any:
    told = retry(book, step, heard, now)
    if told is not None:
        book.put(msgspec.structs.replace(told.step, attempt=step.attempt))
    return told


retry = outcomes._retry
end = obligations._ended


def a_day_ahead(book: Book, step: Any, now: Any, seen: Any = arbitration._before) -> Any:
    return [one for one in seen(book, step, now) if one.due_at <= now + timedelta(days=1)]


def by_time(_: Book, step: Any) -> Any:
    return step.due_at, step.planned_at, step.position


def without_distance(rules: Any) -> Any:
    kept = tuple(one for one in rules.caps if one[1].name != "gap.any")
    return replace(rules, caps=kept)


MUTANTS: dict[str, Plant] = {
    "what ends a bill is not heard": [
        (obligations, "_ended", lambda known, *_, **__: known),
        (stops, "exit_met", lambda *_: None),
    ],
    "a bill that was recalled is opened by money that comes back": [
        (
            obligations,
            "_by_closing",
            lambda known, e: end(known, e, ObligationState.SETTLED, "recalled"),
        )
    ],
    "any terms open a bill again, late ones too": [
        (obligations, "_reopened_by_terms", lambda *_: True)
    ],
    "late news takes the place of newer": [(obligations, "_is_older", lambda *_: False)],
    "a part payment leaves the old sum": blind_to("payment.received", obligations, "_by_payment"),
    "an agreement stops nothing": [(obligations, "_by_agreement", lambda known, _: known)],
    "a payment under way is not waited for": [(Obligation, "pending", property(lambda _: False))],
    "a pause is not kept": [(hearing, "pause", lambda *_: [])],
    "a person who cares is talked across": [(waiting, "keeps_quiet", lambda *_: False)],
    "holds stop nothing": [
        (stops, "held", lambda *_: None),
        (claiming, "held", lambda *_: None),
    ],
    "the last hold delivered counts, not the newest": [
        (customers, "with_hold", in_order_of_delivery)
    ],
    "refusals stop nothing": [(stops, "check_consent", refusals_pass)],
    "the last word delivered counts, not the newest": [(customers, "_with_word", newest_word)],
    "caps are not counted": [(gate, "_refused_by_cap", lambda *_: None)],
    "only offers keep a distance": [
        (
            gate,
            "_refused_by_cap",
            lambda now, zones, rules, *rest, right=gate._refused_by_cap: right(
                now, zones, without_distance(rules), *rest
            ),
        )
    ],
    "hours are not kept": [(gate, "_refused_by_hours", lambda *_: None)],
    "one candidate zone is enough": [(timing, "candidate_zones", any_zone)],
    "caps are not counted when steps are laid": [
        (own_hour, "slot", lambda *given, right=own_hour.slot: right(*given[:8]))
    ],
    "contacts are forgotten": [(Book, "contacts_of", lambda *_: [])],
    "what may have been sent is no contact": [
        (outcomes, "_ENDS", {**outcomes._ENDS, "message.unknown": StepState.PLANNED})
    ],
    "what was sent is planned again": [
        (outcomes, "_ENDS", {**outcomes._ENDS, "message.sent": StepState.PLANNED})
    ],
    "what is left out is lost": [
        (outcomes, "_ENDS", {**outcomes._ENDS, "message.left_out": StepState.DISPATCHED})
    ],
    "a second attempt bears the name of the first": [(outcomes, "_retry", the_same_attempt)],
    "a moved due date moves nothing": [
        (hearing, "replan", lambda *_: []),
        (planning, "replan", lambda *_: []),
    ],
    "of two steps that have come both go out": [
        (claiming, "superseded", lambda *_: False),
        (joining, "superseded", lambda *_: False),
    ],
    "old news begins anew": [
        (
            continuing,
            "carry_on",
            lambda book, e, *rest, right=continuing.carry_on: right(
                book, msgspec.structs.replace(e, old=False), *rest
            ),
        )
    ],
    "an enrolment that has ended keeps its steps": [
        (ending, "StepState", SimpleNamespace(PLANNED=None, CANCELLED=None))
    ],
    "nobody leaves room for what is needed more": [(arbitration, "yields", lambda *_: None)],
    "what is due first goes first": [(arbitration, "turn", by_time)],
    "room is left for a day only": [(arbitration, "_before", a_day_ahead)],
    "offers go before collection": [
        (arbitration, "ORDER", ("service", "retention", "marketing", "collection"))
    ],
    "merged: a refusal under the old id is lost": [(merging, "_united", lambda kept, *_: kept)],
    "merged: words under the old id are not heard": [(merging, "ABOUT_THE_PERSON", frozenset())],
    "what is told late of a person's matter begins": [(planning, "taken_over", lambda *_: [])],
    "merged: what is on its way is lost": [(going_on, "not_sent", lambda *_: [])],
    "merged: what is on its way goes out under both": [(going_on, "still_planned", all_to_come)],
    "merged: a lifting counts for one id": [(reading_holds, "lifted_for_all", own_words)],
    "merged: a lifting from before counts for all": [(persons, "stood_for", lambda *_: "all")],
    "merged: the old id goes on": [
        (merging, "survivor", lambda _, key: key),
    ],
}


def without(**what: Any) -> Plant:
    """A final check that does not see this of an order, or of a customer."""
    right = final._final_refusals
    own = {name: value for name, value in what.items() if name in Order.__slots__}
    theirs = {name: value for name, value in what.items() if name not in own}

    def blind(order: Any, customer: Any, *rest: Any) -> Any:
        return right(replace(order, **own), replace(customer, **theirs), *rest)

    return [(final, "_final_refusals", blind)]


def at_its_first_word(after: Any, change: Any) -> Any:
    """Whatever is told of a bill is the end of payments that are under way."""
    if change.kind is not ChangeKind.PAYING:
        return {}
    return {**after.paying, change.payment: change.at}


FINAL_MUTANTS: dict[str, Plant] = {
    "what is over is spoken of": [(final, "_about", lambda *_: iter(()))],
    "what was cancelled goes out, and what is too late": [
        (final, "_whatever_may_come", lambda *_: iter(()))
    ],
    "holds stop nothing": [(final, "held", lambda *_: None)],
    "an opt-out and a pause stop nothing": without(suppressions=()),
    "the pause of one enrolment stops nothing": without(pause=None),
    "an id that gave way is written to": without(merged_into=None),
    "a lifting counts for one id": [(uniting, "lifted_for_all", own_words)],
    "hours and caps are not looked at again": [
        (final, "gate", SimpleNamespace(check=lambda *_: Verdict(allowed=True)))
    ],
    "one candidate zone is enough": [(final, "candidate_zones", any_zone)],
    "a person who cares is talked across": [(final, "keeps_quiet", lambda *_: False)],
    "late news opens a bill again": [
        (reading, "_newer", lambda *_, **__: True),
        (reading, "_of_a_later_period", lambda *_: True),
    ],
    "a bill told anew ends the payment under way": [(reading, "_under_way", at_its_first_word)],
}
"""Faults of the messenger's: what the scheduler ordered before, it lets through now."""


@pytest.mark.parametrize("mutant", FINAL_MUTANTS)
def test_a_planted_fault_of_the_final_check_is_found(
    mutant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for where, name, wrong in FINAL_MUTANTS[mutant]:
        monkeypatch.setattr(where, name, wrong)
    with pytest.raises((AssertionError, ExceptionGroup)):
        live(MOST)


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_planted_fault_is_found(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for where, name, wrong in MUTANTS[mutant]:
        monkeypatch.setattr(where, name, wrong)
    with pytest.raises((AssertionError, ExceptionGroup)):
        live(MOST)
