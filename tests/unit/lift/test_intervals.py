"""The intervals against the worked examples of the papers that they come from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.lift.intervals import newcombe, wilson


@pytest.mark.parametrize(
    ("reached", "of", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_as_in_newcombe_1998_table_1(reached: int, of: int, low: float, high: float) -> None:
    found = wilson(reached, of)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@pytest.mark.parametrize(
    ("reached", "of", "other_reached", "other_of", "low", "high"),
    [
        (56, 70, 48, 80, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.1705, 0.8090),
        (6, 7, 2, 7, 0.0582, 0.8062),
        (5, 56, 0, 29, -0.0381, 0.1926),
        (0, 10, 0, 20, -0.1611, 0.2775),
        (0, 10, 0, 10, -0.2775, 0.2775),
        (10, 10, 0, 20, 0.6791, 1.0000),
        (10, 10, 0, 10, 0.6075, 1.0000),
    ],
)
def test_difference_as_in_newcombe_1998_table_2_method_10(
    reached: int, of: int, other_reached: int, other_of: int, low: float, high: float
) -> None:
    found = newcombe(reached, of, other_reached, other_of)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


SHARES = st.integers(1, 10_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


@given(SHARES, SHARES)
def test_intervals_hold_what_was_seen_and_stay_possible(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    alone, apart = wilson(*one), newcombe(*one, *other)
    assert 0 <= alone.low <= one[0] / one[1] <= alone.high <= 1
    assert -1 <= apart.low <= one[0] / one[1] - other[0] / other[1] <= apart.high <= 1
    turned = newcombe(*other, *one)
    assert (turned.low, turned.high) == pytest.approx((-apart.high, -apart.low))
