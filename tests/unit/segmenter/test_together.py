"""What others' events tell of a customer: those of a former id, of co-debtors, of operators."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from segmenter_world import NOW

from services.segmenter import rules, together
from services.segmenter.model import Happening, Profile
from services.segmenter.tags import evaluate, in_force

OLD, NEW = ("default", "old"), ("default", "new")
PARTIES = [{"customer_id": "ann", "role": "borrower"}, {"customer_id": "bob", "role": "guarantor"}]
MISSED = {"bill_id": "b1", "due_date": "2026-02-10", "parties": PARTIES}
PAID = {"bill_id": "b1", "remaining_minor": 0}


def event(type: str, days: float = 0, **data: Any) -> Happening:
    identity = f"{type}-{days}-{sorted(map(str, data.items()))}"
    return Happening(type, identity, "/bank", NOW + timedelta(days=days), False, data)


def tags(profile: Profile) -> dict[str, Any]:
    evidence = rules.evidence_of(profile, NOW)
    return {name: tag.value for name, tag in in_force(evaluate(evidence), evidence).items()}


class People(dict[together.Key, Profile]):
    """Profiles to which events are told as the handlers tell them."""

    def tell(self, who: together.Key, *events: Happening) -> "People":
        for one in events:
            rules.recall(self[who], one)
            together.pass_on(self, who, one)
        return self


def test_the_id_that_stays_takes_over_history_holds_and_what_it_lacks() -> None:
    people = People({OLD: Profile(), NEW: Profile(tier="gold")})
    people.tell(OLD, event("customer.updated", -9, timezone="Asia/Tokyo", tier="basic"))
    people.tell(OLD, event("payment.missed", -8, bill_id="b1", due_date="2026-02-20"))
    people.tell(OLD, event("customer.hold_placed", -7, kind="hardship"))
    people.tell(OLD, event("customer.merged", -6, into="new"))
    stays = people[NEW]
    assert tags(stays)["delinquency"] == "1-30"
    assert (stays.timezone, stays.tier) == ("Asia/Tokyo", "gold")
    assert [hold.kind for hold in rules.holds_in_force(stays, NOW)] == ["hardship"]


def test_what_is_still_told_under_the_former_id_reaches_the_one_that_stays() -> None:
    people = People({OLD: Profile(), NEW: Profile()})
    people.tell(OLD, event("payment.missed", -8, bill_id="b1", due_date="2026-02-20"))
    people.tell(OLD, event("customer.merged", -6, into="new"))
    people.tell(OLD, event("payment.received", -5, **PAID))
    people.tell(OLD, event("customer.updated", -4, timezone="Asia/Tokyo"))
    assert tags(people[NEW])["delinquency"] == "current"
    assert people[NEW].timezone is None


def test_merged_in_any_order_over_others_and_in_a_ring() -> None:
    last = ("default", "last")
    steps = [
        (OLD, event("payment.missed", -8, bill_id="b1", due_date="2026-02-20")),
        (OLD, event("customer.merged", -6, into="new")),
        (NEW, event("customer.merged", -5, into="last")),
    ]
    found = []
    for order in permutations(steps):
        people = People({OLD: Profile(), NEW: Profile(), last: Profile()})
        for who, one in order:
            people.tell(who, one)
        found.append(tags(people[last]))
    assert all(one == found[0] for one in found)
    people.tell(last, event("customer.merged", -4, into="old"))
    people.tell(OLD, event("payment.received", -3, **PAID))
    assert together.heir(people, OLD) is people[last]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_what_one_party_pays_is_settled_for_all_whichever_is_told_first(
    order: tuple[int, ...],
) -> None:
    ann, bob = Profile(), Profile()
    told = [
        (ann, event("payment.missed", -8, **MISSED)),
        (bob, event("payment.missed", -8, **MISSED)),
        (ann, event("payment.received", -5, **PAID)),
    ]
    for index in order:
        who, one = told[index]
        rules.recall(who, one)
        together.share("b1", [ann, bob])
    assert [tags(one)["delinquency"] for one in (ann, bob)] == ["current", "current"]
    back = {"bill_id": "b1", "remaining_minor": 9_000, "payment_id": "p"}
    rules.recall(ann, event("payment.reversed", -4, **back))
    together.share("b1", [ann, bob])
    assert [tags(one)["delinquency"] for one in (ann, bob)] == ["1-30", "1-30"]


def test_it_says_nothing_of_what_the_other_party_can_pay() -> None:
    ann, bob = Profile(), Profile()
    rules.recall(bob, event("payment.missed", -8, **MISSED))
    before = tags(bob)["capacity"]
    rules.recall(ann, event("payment.received", -5, **PAID))
    together.share("b1", [ann, bob])
    assert tags(bob)["capacity"] == before
    assert together.parties_of(MISSED, "ann") == {"ann", "bob"}
    assert together.parties_of({"bill_id": "b1"}, "ann") == frozenset()


def test_part_of_it_settles_nothing_for_anybody() -> None:
    ann, bob = Profile(), Profile()
    for one in (ann, bob):
        rules.recall(one, event("payment.missed", -8, **MISSED))
    rules.recall(ann, event("payment.received", -5, bill_id="b1", remaining_minor=500))
    together.share("b1", [ann, bob])
    assert tags(bob)["delinquency"] == "1-30"


def test_a_hold_that_an_operator_lifted_is_over() -> None:
    profile = Profile()
    rules.recall(profile, event("customer.hold_placed", -7, kind="deceased"))
    rules.hear_of_hold(profile, event("hold.lifted", -6, kind="deceased", by="ops", reason="x"))
    assert rules.holds_in_force(profile, NOW) == []
