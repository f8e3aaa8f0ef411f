"""How many letters go at once: more where it is quick, few where it is slow."""

import pytest

from services.messenger.rules.bundling import (
    LARGEST_BUNDLE,
    LEAST_ROUND,
    next_bundle,
    next_round,
)


@pytest.mark.parametrize(
    ("bundle", "letters", "seconds", "following"),
    [
        (1, 1, 0.001, 2),
        (8, 8, 0.001, 16),
        (LARGEST_BUNDLE, 32, 0.001, LARGEST_BUNDLE),
        (32, 32, 3.2, 1),
        (4, 4, 0.0, 8),
        (4, 0, 0.0, 4),
    ],
)
def test_a_bundle_fits_into_a_tenth_of_a_second(
    bundle: int, letters: int, seconds: float, following: int
) -> None:
    assert next_bundle(bundle, letters, seconds) == following


@pytest.mark.parametrize(
    ("size", "letters", "seconds", "following"),
    [(32, 32, 0.01, 64), (400, 400, 0.4, 200), (400, 400, 8.0, LEAST_ROUND), (64, 0, 1.0, 64)],
)
def test_a_round_fits_into_a_fifth_of_a_second(
    size: int, letters: int, seconds: float, following: int
) -> None:
    assert next_round(size, letters, seconds) == following
