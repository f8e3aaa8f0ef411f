"""What a signature covers, when an offer is refused, how an agreement is kept."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.negotiator.model import (
    Authority,
    Bill,
    Hold,
    Instalment,
    ObligationStatus,
    OfferStatus,
    Plan,
    PlanKind,
    Progress,
    Refusal,
    Terms,
)
from services.negotiator.rules import agreements, offers

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PARTS = (Instalment(date(2026, 3, 9), 5_000), Instalment(date(2026, 4, 9), 5_000))
TERMS = Terms(
    tenant="default",
    case_id="case",
    offer_id="offer",
    obligation_id="bill-1",
    currency="EUR",
    balance_minor=10_000,
    plan=Plan("monthly-2", PlanKind.INSTALMENTS, 10_000, 0, PARTS),
    expires_at=NOW + timedelta(hours=72),
    authority=Authority("standard", 1, 1_000, 12, 2_000, 365, 72, "creditor"),
)
OWED = Bill(ObligationStatus.OPEN, 10_000, "EUR")


def test_the_canonical_text_is_what_others_can_rebuild() -> None:
    assert offers.canonical(TERMS) == (
        '{"authority":{"funded_by":"creditor","max_days":365,"max_discount_bp":1000,'
        '"max_instalments":12,"min_instalment_minor":2000,"name":"standard",'
        '"offer_valid_hours":72,"version":1},"balance_minor":10000,"case_id":"case",'
        '"currency":"EUR","discount_minor":0,'
        '"expires_at":"2026-03-05T09:00:00+00:00",'
        '"instalments":[["2026-03-09",5000],["2026-04-09",5000]],"kind":"instalments",'
        '"obligation_id":"bill-1","offer_id":"offer","tenant":"default","total_minor":10000}'
    )


@pytest.mark.parametrize(
    "altered",
    [
        replace(TERMS, tenant="other"),
        replace(TERMS, case_id="other"),
        replace(TERMS, balance_minor=9_999),
        replace(TERMS, currency="USD"),
        replace(TERMS, expires_at=TERMS.expires_at + timedelta(seconds=1)),
        replace(TERMS, plan=replace(TERMS.plan, total_minor=1)),
        replace(TERMS, plan=replace(TERMS.plan, instalments=PARTS[:1])),
        replace(TERMS, authority=replace(TERMS.authority, max_discount_bp=9_000)),
    ],
)
def test_every_altered_term_changes_the_text(altered: Terms) -> None:
    assert offers.canonical(altered) != offers.canonical(TERMS)


@pytest.mark.parametrize(
    ("bill", "status", "held", "later", "expected"),
    [
        (OWED, OfferStatus.PROPOSED, False, 0, None),
        (OWED, OfferStatus.PROPOSED, False, 72, Refusal.EXPIRED),
        (OWED, OfferStatus.EXPIRED, False, 0, Refusal.EXPIRED),
        (OWED, OfferStatus.PROPOSED, True, 0, Refusal.HELD),
        (replace(OWED, remaining_minor=9_000), OfferStatus.PROPOSED, False, 0,
         Refusal.AMOUNT_CHANGED),
        (replace(OWED, remaining_minor=0), OfferStatus.PROPOSED, False, 0, Refusal.SETTLED),
        (replace(OWED, status=ObligationStatus.CLOSED), OfferStatus.PROPOSED, True, 99,
         Refusal.SETTLED),
    ],
)  # fmt: skip
def test_when_an_offer_is_refused(
    bill: Bill, status: OfferStatus, held: bool, later: int, expected: Refusal | None
) -> None:
    now = NOW + timedelta(hours=later)
    assert offers.refusal(TERMS, status, bill, held=held, now=now) is expected


@pytest.mark.parametrize(
    ("hold", "held"),
    [
        (Hold("dispute", None, None), True),
        (Hold("dispute", "bill-1", None), True),
        (Hold("dispute", "bill-2", None), False),
        (Hold("moratorium", None, NOW), False),
        (Hold("moratorium", None, NOW + timedelta(days=60)), True),
        (Hold("hardship", None, None), False),
        (Hold("vulnerability", "bill-1", None), False),
        (Hold("representative", None, None), True),
    ],
)
def test_which_holds_forbid_agreeing(hold: Hold, held: bool) -> None:
    assert offers.is_held([hold], "bill-1", NOW) is held


@pytest.mark.parametrize(
    ("paid", "expected"),
    [
        (-1, Progress(0, False)),
        (0, Progress(0, False)),
        (4_749, Progress(0, False)),
        (4_750, Progress(1, False)),
        (9_749, Progress(1, False)),
        (9_750, Progress(2, False)),
        (9_999, Progress(2, False)),
        (10_000, Progress(2, True)),
        (12_000, Progress(2, True)),
    ],
)
def test_what_is_short_rolls_into_the_next_instalment(paid: int, expected: Progress) -> None:
    assert agreements.progress(PARTS, paid, 95) == expected


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=24), st.integers(0, 300_000))
def test_nothing_is_forgiven_silently(amounts: list[int], paid: int) -> None:
    parts = [Instalment(date(2026, 3, 9), amount) for amount in amounts]
    found = agreements.progress(parts, paid, 95)
    assert found.completed == (paid >= sum(amounts))
    if found.completed:
        assert found.kept == len(amounts)
