"""How events change what is known of an obligation."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest

from services.messenger.model import Change, ChangeKind, Obligation, ObligationState
from services.messenger.rules.obligations import apply

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
K = ChangeKind


def at(hours: float) -> datetime:
    return T0 + timedelta(hours=hours)


def after(*changes: Change) -> Obligation:
    known = Obligation()
    for change in changes:
        known = apply(known, change)
    return known


def test_a_payment_in_full_settles() -> None:
    known = after(Change(K.OPENED, at(0), 1, 5000), Change(K.PAID, at(1), 2, 0))
    assert known.state is ObligationState.SETTLED


def test_a_partial_payment_leaves_the_rest() -> None:
    known = after(Change(K.OPENED, at(0), None, 5000), Change(K.PAID, at(1), None, 1200))
    assert (known.state, known.amount_minor) == (ObligationState.OPEN, 1200)


def test_a_pending_payment_is_waited_for_and_may_fail() -> None:
    first = Change(K.PAYING, at(1), None, 0, payment="p1")
    paying = after(Change(K.OPENED, at(0), None, 5000), first)
    assert set(paying.paying) == {"p1"}
    failed = apply(paying, Change(K.UNPAID, at(2), None, 5000, payment="p1"))
    assert (failed.state, failed.amount_minor, failed.paying) == (ObligationState.OPEN, 5000, {})


def test_a_payment_is_under_way_until_its_own_end_whatever_else_is_told() -> None:
    known = after(
        Change(K.OPENED, at(0), None, 5000),
        Change(K.PAYING, at(1), None, 0, payment="p1"),
        Change(K.PAYING, at(3), None, 0, payment="p2"),
        Change(K.OPENED, at(4), None, 6000),
        Change(K.UNPAID, at(5), None, 6000, payment="p1"),
        # Told late, of an earlier attempt.
        Change(K.UNPAID, at(2), None, 5000, payment="p2"),
    )
    assert (known.amount_minor, set(known.paying)) == (6000, {"p2"})
    assert apply(known, Change(K.PAID, at(6), None, 1000, payment="p2")).paying == {}
    settled = apply(known, Change(K.PAID, at(6), None, 0, payment="p3"))
    assert (settled.state, settled.paying) == (ObligationState.SETTLED, {})


def test_a_reversed_payment_opens_again() -> None:
    known = after(
        Change(K.OPENED, at(0), None, 5000),
        Change(K.PAID, at(1), None, 0),
        Change(K.UNPAID, at(2), None, 5000),
    )
    assert known.state is ObligationState.OPEN


def test_a_lower_version_changes_nothing() -> None:
    known = after(Change(K.OPENED, at(0), 7, 5000))
    assert apply(known, Change(K.CLOSED, at(5), 6)) is known
    assert apply(known, Change(K.PAID, at(5), 6, 0)) is known


@pytest.mark.parametrize("versioned", [True, False])
def test_a_payment_that_overtakes_its_bill_still_settles_it(versioned: bool) -> None:
    missed = Change(K.OPENED, at(0), 1 if versioned else None, 5000)
    paid = Change(K.PAID, at(1), 2 if versioned else None, 0)
    assert after(paid, missed).state is after(missed, paid).state is ObligationState.SETTLED


def test_what_ends_it_counts_even_when_it_is_told_late() -> None:
    known = after(Change(K.OPENED, at(3), None, 5000), Change(K.CLOSED, at(1)))
    assert known.state is ObligationState.CLOSED


def test_only_a_newer_event_opens_what_is_over() -> None:
    closed = after(Change(K.OPENED, at(0), 1, 5000), Change(K.CLOSED, at(1), 2))
    assert apply(closed, Change(K.OPENED, at(2), 2, 5000)).state is ObligationState.CLOSED
    assert apply(closed, Change(K.OPENED, at(0.5), 2, 5000)).state is ObligationState.CLOSED
    assert apply(closed, Change(K.OPENED, at(2), 3, 5000)).state is ObligationState.OPEN
    assert apply(closed, Change(K.UPDATED, at(2), 3, 5000)).state is ObligationState.CLOSED
    assert apply(closed, Change(K.UNPAID, at(2), 3, 5000)).state is ObligationState.CLOSED


@pytest.mark.parametrize("kind", [K.OPENED, K.UPDATED])
@pytest.mark.parametrize("version", [None, 2])
def test_the_same_terms_told_again_do_not_open_what_is_paid(
    kind: ChangeKind, version: int | None
) -> None:
    due = date(2026, 3, 10)
    paid = after(Change(K.OPENED, at(0), 1, 5000, due=due), Change(K.PAID, at(1), None, 0))
    again = apply(paid, Change(kind, at(2), version, 5000, due=due))
    assert again.state is ObligationState.SETTLED
    # Neither does what was asked until later before it was paid, and is told late.
    late = apply(again, Change(kind, at(0.5), version, 5000, due=date(2026, 4, 10)))
    assert apply(late, Change(kind, at(3), version, 5000, due=date(2026, 4, 10))).state is (
        ObligationState.SETTLED
    )
    anew = apply(again, Change(kind, at(3), version, 5000, due=date(2026, 4, 10)))
    assert (anew.state, anew.amount_minor) == (ObligationState.OPEN, 5000)
    paid = apply(anew, Change(K.PAID, at(4), None, 0))
    assert apply(paid, Change(kind, at(5), version, 5000, due=date(2026, 4, 10))) == paid


def test_a_higher_version_than_the_payments_opens_it() -> None:
    due = date(2026, 3, 10)
    paid = after(Change(K.OPENED, at(0), 1, 5000, due=due), Change(K.PAID, at(1), 2, 0))
    assert apply(paid, Change(K.UPDATED, at(2), 2, 900, due=due)).state is ObligationState.SETTLED
    assert apply(paid, Change(K.UPDATED, at(2), 3, 900, due=due)).state is ObligationState.OPEN


def test_of_what_ended_before_its_due_date_was_kept_a_second_period_opens() -> None:
    kept = Obligation(state=ObligationState.SETTLED, changed_at=at(0), closed_at=at(0))
    first = apply(kept, Change(K.OPENED, at(1), None, 5000, due=date(2026, 3, 10)))
    assert first.state is ObligationState.SETTLED
    second = apply(first, Change(K.OPENED, at(2), None, 5000, due=date(2026, 4, 10)))
    assert second.state is ObligationState.OPEN


def test_a_renewed_subscription_opens_at_its_new_end() -> None:
    renewed = Change(K.CLOSED, at(1), None, due=date(2027, 3, 1))
    known = apply(Obligation(kind="subscription", reopens_from=date(2026, 3, 2)), renewed)
    for end, state in ((date(2026, 3, 1), "closed"), (date(2027, 3, 1), "open")):
        assert apply(known, Change(K.OPENED, at(2), None, 900, due=end)).state == state


def test_what_was_sold_stays_so_whatever_is_paid_after_it() -> None:
    sold = after(Change(K.OPENED, at(0), None, 5000), Change(K.CLOSED, at(1)))
    assert apply(sold, Change(K.PAID, at(2), None, 0)).state is ObligationState.CLOSED


def test_a_failure_told_late_does_not_open_what_was_paid_since() -> None:
    settled = after(Change(K.OPENED, at(0), None, 5000), Change(K.PAID, at(3), None, 0))
    assert apply(settled, Change(K.UNPAID, at(1), None, 5000)).state is ObligationState.SETTLED
    assert apply(settled, Change(K.UNPAID, at(3), None, 5000)).state is ObligationState.OPEN


def test_a_bill_of_nothing_asks_for_nothing() -> None:
    nothing = after(Change(K.OPENED, at(0), 1, 5000), Change(K.UPDATED, at(1), 2, 0))
    assert nothing.state is ObligationState.SETTLED
    again = apply(nothing, Change(K.UPDATED, at(2), 3, 700))
    assert (again.state, again.amount_minor) == (ObligationState.OPEN, 700)


def test_a_payment_under_way_since_the_end_is_waited_for_when_it_is_asked_anew() -> None:
    paid = Change(K.PAID, at(1), None, 0, payment="p1")
    before, since = (Change(K.PAYING, at(h), None, payment=f"p at {h}") for h in (0.5, 2))
    anew = Change(K.OPENED, at(3), None, 5000, due=date(2026, 4, 10))
    for told in ((before, paid, since), (paid, before, since)):
        first = Change(K.OPENED, at(0), None, 5000, due=date(2026, 3, 10))
        assert set(after(first, *told, anew).paying) == {"p at 2"}


def test_a_completed_agreement_that_is_opened_again_runs_again() -> None:
    kept = after(Change(K.AGREED, at(0)), Change(K.FULFILLED, at(1)))
    assert kept.state is ObligationState.SETTLED
    again = apply(kept, Change(K.REOPENED, at(2)))
    assert (again.state, again.agreed) == (ObligationState.OPEN, True)


def test_a_payment_taken_back_leaves_the_agreement_to_speak_for_the_bill() -> None:
    kept = after(Change(K.AGREED, at(0)), Change(K.FULFILLED, at(1)))
    for order in permutations((Change(K.UNPAID, at(2), None, 5000), Change(K.REOPENED, at(2)))):
        known = kept
        for change in order:
            known = apply(known, change)
        assert (known.state, known.agreed) == (ObligationState.OPEN, True)


def test_an_agreement_silences_until_it_is_broken() -> None:
    agreed = after(Change(K.OPENED, at(0), None, 5000), Change(K.AGREED, at(1)))
    assert agreed.agreed
    assert apply(agreed, Change(K.PAID, at(2), None, 4000)).agreed
    assert not apply(agreed, Change(K.DISAGREED, at(3))).agreed
    assert apply(agreed, Change(K.FULFILLED, at(3))).state is ObligationState.SETTLED


def test_versions_make_the_order_of_arrival_irrelevant() -> None:
    changes = [
        Change(K.OPENED, at(0), 1, 5000),
        Change(K.PAID, at(1), 2, 2000),
        Change(K.OPENED, at(2), 3, 2500),
        Change(K.PAID, at(3), 4, 0),
    ]
    ends = {(after(*order).state, after(*order).version) for order in permutations(changes)}
    assert ends == {(ObligationState.SETTLED, 4)}
