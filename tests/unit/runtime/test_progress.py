"""When a partition is known to be applied to its end."""

from datetime import UTC, datetime, timedelta

from services.runtime.ledger import Ownership

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_the_brokers_word_counts_once_all_until_there_is_applied() -> None:
    own = Ownership("t", 0, 1, 0)
    own.progress(NOON, end=10, reached=4)
    assert own.caught_up_at is None
    own.progress(later(1), end=20, reached=9)
    assert own.caught_up_at is None
    own.progress(later(2), end=30, reached=15)
    assert own.caught_up_at == NOON
    own.progress(later(3), end=30, reached=30)
    assert own.caught_up_at == later(3)


def test_a_broker_that_is_silent_proves_nothing_new() -> None:
    own = Ownership("t", 0, 1, 10)
    for _ in range(3):
        own.progress(NOON, end=10, reached=10)
    assert own.caught_up_at == NOON
