"""When a provider is left alone, and how it comes back."""

from functools import reduce

from services.messenger.rules.circuit import PROVIDER, Circuit

MOST_FAILURES, SHORTEST_REST, LONGEST_REST = (
    PROVIDER.failures,
    PROVIDER.shortest,
    PROVIDER.longest,
)


def failing(times: int, at: float = 0.0, known: Circuit | None = None) -> Circuit:
    return reduce(lambda one, _: one.failed(at), range(times), known or Circuit())


def test_it_opens_after_failures_in_a_row_and_not_before() -> None:
    assert failing(MOST_FAILURES - 1).state(0.0) == "closed"
    assert failing(MOST_FAILURES).state(0.0) == "open"


def test_one_success_forgets_what_was() -> None:
    almost = failing(MOST_FAILURES - 1).succeeded()

    assert failing(MOST_FAILURES - 1, known=almost).state(0.0) == "closed"


def test_after_its_rest_it_is_tried_and_rests_longer_if_it_fails_again() -> None:
    opened = failing(MOST_FAILURES)

    assert opened.state(SHORTEST_REST - 0.01) == "open"
    assert opened.state(SHORTEST_REST) == "half_open"
    again = opened.failed(SHORTEST_REST)
    assert again.state(3 * SHORTEST_REST - 0.01) == "open"
    assert again.state(3 * SHORTEST_REST) == "half_open"
    assert again.succeeded().state(SHORTEST_REST) == "closed"


def test_what_was_on_its_way_when_it_opened_does_not_prolong_the_rest() -> None:
    assert failing(MOST_FAILURES + 7).state(SHORTEST_REST) == "half_open"


def test_no_rest_is_longer_than_the_longest() -> None:
    circuit, now = failing(MOST_FAILURES), 0.0
    for _ in range(20):
        now += LONGEST_REST
        circuit = circuit.failed(now)

    assert circuit.state(now + LONGEST_REST) == "half_open"
