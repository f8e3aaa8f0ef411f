"""The scenario: the same for the same seed, and all that it promises to show is in it."""

from collections import Counter
from datetime import timedelta

import pytest

from rapport.demo.catalogue import GOODS
from rapport.demo.people import PEOPLE, invent
from rapport.demo.scenario import DUPLICATES, SPAN, START, Scenario, plan
from rapport.demo.script import Planned
from schemas.envelope import Envelope, check_key, decode, parse_data
from schemas.errors import Rejection
from schemas.topics import CUSTOMER_EVENTS

RESERVED = ("example.com", "example.net", "example.org", ".example", ".test")


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return plan()


def accepted(planned: Planned) -> Envelope | None:
    """The event, if Rapport would accept it."""
    try:
        event = decode(planned.record.value, planned.record.headers)
        check_key(event, planned.record.key)
        parse_data(event, CUSTOMER_EVENTS)
    except Rejection:
        return None
    return event


def test_the_same_seed_gives_the_same_lives(scenario: Scenario) -> None:
    again = plan()
    assert [one.record for one in again.planned] == [one.record for one in scenario.planned]
    assert [one.id for one in again.people] == [one.id for one in scenario.people]
    assert plan(7).planned != scenario.planned


def test_events_come_in_the_order_of_their_publishing(scenario: Scenario) -> None:
    instants = [one.at for one in scenario.planned]
    assert instants == sorted(instants)
    assert instants[0] == START
    assert instants[-1] < START + SPAN


def test_every_good_event_is_accepted_and_every_mistake_refused(scenario: Scenario) -> None:
    for planned in scenario.planned:
        refused = accepted(planned) is None
        assert refused == planned.note.startswith("mistake"), planned.note


def test_the_mistakes_are_of_many_kinds(scenario: Scenario) -> None:
    codes = Counter[str]()
    for planned in scenario.planned:
        try:
            event = decode(planned.record.value, planned.record.headers)
            check_key(event, planned.record.key)
            parse_data(event, CUSTOMER_EVENTS)
        except Rejection as rejection:
            codes[rejection.code] += 1
    assert set(codes) == {
        *("not_json", "invalid_utf8", "empty", "too_large", "not_cloudevent", "unknown_type"),
        *("unknown_version", "invalid_field", "missing_field", "key_mismatch"),
        *("identifying_subject", "out_of_range"),
    }


def test_two_hundred_people_in_six_countries_and_three_languages(scenario: Scenario) -> None:
    assert len(scenario.people) == PEOPLE == 240
    assert {person.home.country for person in scenario.people} == {
        *("US", "GB", "CN", "JP", "SG", "AU")
    }
    assert {person.language for person in scenario.people} == set(GOODS)


def test_nobody_can_be_meant(scenario: Scenario) -> None:
    addresses = [person.email for person in scenario.people]
    assert len(set(addresses)) == len(addresses)
    assert all(address.endswith(RESERVED) for address in addresses)
    assert len({person.id for person in scenario.people}) == len(scenario.people)


def test_some_are_not_fully_known(scenario: Scenario) -> None:
    unknown = Counter(field for person in scenario.people for field in person.unknown)
    assert unknown["timezone"]
    assert unknown["locale"]
    assert any(not person.secrets for person in scenario.people)
    for person in scenario.people:
        assert not person.unknown & set(person.profile())


def test_duplicates_repeat_an_event_byte_for_byte(scenario: Scenario) -> None:
    twice = [one for one in scenario.planned if one.note == "duplicate"]
    assert len(twice) == DUPLICATES
    first = Counter(one.record for one in scenario.planned)
    assert all(first[one.record] == 2 for one in twice)


def test_one_payment_overtakes_the_news_that_it_was_missed(scenario: Scenario) -> None:
    paid, missed = (accepted(one) for one in scenario.planned if one.note == "out of order")
    assert paid is not None
    assert missed is not None
    assert (paid.type, missed.type) == ("payment.received", "payment.missed")
    assert paid.subject == missed.subject
    assert missed.time < paid.time
    assert missed.data["version"] < paid.data["version"]


def test_one_event_comes_nine_days_late(scenario: Scenario) -> None:
    (late,) = (one for one in scenario.planned if one.note == "nine days late")
    event = accepted(late)
    assert event is not None
    assert late.at - event.time == timedelta(days=9)


def test_every_sequence_fits_into_the_span(scenario: Scenario) -> None:
    """At least some letters of each playbook can go from the first to the last."""
    first = [one for one in scenario.planned if one.at == START and one.kind == "payment.missed"]
    assert len(first) >= 20
    assert timedelta(days=22) < SPAN
    ends = [one.expires_on for one in scenario.books.subscriptions.values()]
    assert min(ends) - START.date() >= timedelta(days=7)
    assert max(ends) + timedelta(days=8) < (START + SPAN).date()


def test_books_hold_every_bill_and_subscription_that_is_spoken_of(scenario: Scenario) -> None:
    for planned in scenario.planned:
        event = accepted(planned)
        if event is not None:
            if bill := event.data.get("bill_id"):
                assert event.subject in scenario.books.bill(bill).customers
            if subscription := event.data.get("subscription_id"):
                assert scenario.books.subscription(subscription).customer == event.subject


def test_other_seeds_invent_other_people() -> None:
    assert invent(1, START.date()) != invent(2, START.date())
