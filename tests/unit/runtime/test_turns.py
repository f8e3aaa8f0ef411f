"""Which partitions the next batch is taken from, and how large it may be."""

from services.runtime.turns import BATCH_SECONDS, LEAST, Turns

LOG, ORDERS = "log", "orders"


def turns(most: int = 1000) -> Turns:
    return Turns([LOG, ORDERS], most)


def test_a_topic_has_one_batch_in_hand_until_more_waits_than_it_could_hold() -> None:
    hand = turns()
    hand.begin(LOG, {(LOG, 0): 600, (LOG, 1): 399})
    assert [hand.is_free((LOG, n)) for n in (0, 1, 2)] == [False, False, True]
    assert hand.may_begin() == [ORDERS]
    hand.end([(LOG, 0), (LOG, 1)])
    assert hand.is_free((LOG, 0))
    hand.begin(LOG, {(LOG, 0): 1000})
    assert hand.may_begin() == [LOG, ORDERS]
    hand.begin(LOG, {(LOG, 1): 1})
    assert hand.may_begin() == [ORDERS]


def test_what_rests_on_another_topic_comes_before_it_and_never_beside_its_batch() -> None:
    hand = Turns([LOG, ORDERS], 1000, {ORDERS: LOG})
    assert hand.may_begin() == [ORDERS, LOG]
    hand.begin(ORDERS, {(ORDERS, 0): 1})
    assert hand.may_begin() == [LOG]
    hand.begin(LOG, {(LOG, 0): 1})
    hand.end([(ORDERS, 0)])
    assert hand.may_begin() == []


def test_however_much_waits_what_rests_on_it_has_its_turn() -> None:
    hand = Turns([LOG, ORDERS], 10, {ORDERS: LOG})
    hand.begin(LOG, {(LOG, 0): 10})
    assert hand.may_begin() == []
    hand.end([(LOG, 0)])
    assert hand.may_begin() == [ORDERS, LOG]


def test_whoever_was_served_longest_ago_comes_first() -> None:
    hand = turns()
    for served in ([2, 0], [1], [0]):
        hand.begin(LOG, {(LOG, n): 1 for n in served})
        hand.end([(LOG, n) for n in served])
    assert hand.in_turn([(LOG, n) for n in range(4)]) == [(LOG, n) for n in (3, 2, 1, 0)]


def test_slow_records_make_short_batches_and_fast_ones_longer_again() -> None:
    hand = turns()
    for _ in range(20):
        hand.took(ORDERS, 500, 500 * BATCH_SECONDS / 100)
    assert 100 <= hand.room(ORDERS) <= 101
    assert hand.room(LOG) == 1000
    hand.took(ORDERS, 500, 50.0)
    assert hand.room(ORDERS) == LEAST
    hand.took(ORDERS, LEAST - 1, 60.0)
    for _ in range(50):
        hand.took(ORDERS, LEAST, 0.001)
    assert hand.room(ORDERS) == 1000
