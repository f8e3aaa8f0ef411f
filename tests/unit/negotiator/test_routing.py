"""The order of the desk's queue, and who suits what."""

from datetime import UTC, datetime, timedelta

import pytest

from services.negotiator.rules.routing import Matter, Person, Role, due, place, suits

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_what_is_late_comes_first_then_the_most_valued_then_what_is_urgent() -> None:
    late = Matter("question", NOW - 25 * HOUR)
    valued = Matter("question", NOW - HOUR, tier="vip")
    urgent = Matter("dispute", NOW - HOUR)
    plain = Matter("question", NOW - 2 * HOUR)
    queue = sorted([plain, urgent, valued, late], key=lambda one: place(one, NOW))
    assert queue == [late, valued, urgent, plain]


def test_of_two_due_in_the_same_hour_the_larger_goes_first_and_else_who_waited_longer() -> None:
    small = Matter("question", NOW - HOUR, value_minor=100)
    large = Matter("question", NOW - HOUR + timedelta(minutes=5), value_minor=90_000)
    older = Matter("question", NOW - HOUR - timedelta(seconds=1), value_minor=100)
    assert sorted([small, older, large], key=lambda one: place(one, NOW + HOUR))[0] == older
    same = [Matter("question", NOW, value_minor=one) for one in (1, 3, 2)]
    assert [one.value_minor for one in sorted(same, key=lambda one: place(one, NOW))] == [3, 2, 1]


def test_urgent_matters_are_due_in_four_hours_and_what_was_promised_goes_before_that() -> None:
    assert due(Matter("hardship", NOW)) == NOW + 4 * HOUR
    assert due(Matter("question", NOW)) == NOW + 24 * HOUR
    assert due(Matter("hardship", NOW, due_by=NOW + HOUR)) == NOW + HOUR


@pytest.mark.parametrize(
    ("person", "matter", "fits"),
    [
        (Person("a"), Matter("reply", NOW, language="ja", product="card"), True),
        (Person("a", languages=frozenset({"en"})), Matter("reply", NOW, language="en-GB"), True),
        (Person("a", languages=frozenset({"en"})), Matter("reply", NOW, language="ja"), False),
        (Person("a", languages=frozenset({"en"})), Matter("reply", NOW), True),
        (Person("a", products=frozenset({"loan"})), Matter("reply", NOW, product="card"), False),
        (Person("a"), Matter("reply", NOW, seniority="senior"), False),
        (Person("a", senior=True), Matter("reply", NOW, seniority="senior"), True),
        (Person("a", role=Role.COMPLIANCE, senior=True), Matter("reply", NOW), False),
    ],
)
def test_a_person_suits_what_they_have_the_language_product_and_seniority_for(
    person: Person, matter: Matter, fits: bool
) -> None:
    assert suits(person, matter) is fits
