"""What is asked, how answers are read, and when tries run out."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.negotiator.model import Evidence, Tries
from services.negotiator.rules import verification as rules

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DIGITS, PHRASE, YEAR, POST = (
    Evidence.LAST_DIGITS, Evidence.PASSPHRASE, Evidence.BIRTH_YEAR, Evidence.POSTAL_CODE,
)  # fmt: skip


@pytest.mark.parametrize(
    ("known", "asked"),
    [
        ([], None),
        (["birth_year"], None),
        (["last_digits"], None),
        (["birth_year", "postal_code"], None),
        (["passphrase", "favourite_colour"], None),
        (["birth_year", "last_digits"], (DIGITS, YEAR)),
        (["postal_code", "passphrase"], (PHRASE, POST)),
        (["last_digits", "passphrase"], (DIGITS, PHRASE)),
        (["last_digits", "passphrase", "birth_year", "postal_code"], (DIGITS, YEAR)),
    ],
)
def test_two_facts_are_asked_and_one_is_unknown_to_the_household(
    known: list[str], asked: tuple[Evidence, Evidence] | None
) -> None:
    assert rules.questions(known) == asked


@pytest.mark.parametrize(
    ("kind", "written", "same_as"),
    [
        (DIGITS, " 12-34 ", "1234"),
        (DIGITS, "１２３４", "1234"),
        (YEAR, "1980年", "1980"),
        (POST, "150-0001", "1500001"),
        (POST, "sw1a 1aa", "SW1A1AA"),
        (PHRASE, "  Blue   Heron ", "blue heron"),
        (PHRASE, "ﾌﾞﾙｰ", "ブルー"),
    ],
)
def test_answers_are_read_as_people_write_them(kind: Evidence, written: str, same_as: str) -> None:
    assert rules.normalise(kind, written) == rules.normalise(kind, same_as)


@given(st.sampled_from(Evidence), st.text())
def test_reading_an_answer_twice_changes_nothing(kind: Evidence, text: str) -> None:
    once = rules.normalise(kind, text)
    assert rules.normalise(kind, once) == once


def test_the_fifth_wrong_answer_locks_for_a_day() -> None:
    tries = Tries(0, None)
    for _ in range(4):
        tries = rules.after_answer(tries, False, NOW)
        assert not rules.is_locked(tries, NOW)
    tries = rules.after_answer(tries, False, NOW)
    assert rules.is_locked(tries, NOW + timedelta(hours=24, seconds=-1))
    assert not rules.is_locked(tries, NOW + timedelta(hours=24))


def test_a_lock_that_ran_out_gives_the_tries_back() -> None:
    tries = rules.after_answer(Tries(5, NOW), False, NOW + timedelta(hours=1))
    assert tries == Tries(1, None)


def test_a_right_answer_clears_what_was_wrong() -> None:
    assert rules.after_answer(Tries(4, None), True, NOW) == Tries(0, None)


@pytest.mark.parametrize(
    ("matches", "right"),
    [
        ({DIGITS: True, YEAR: True}, True),
        ({DIGITS: True, YEAR: False}, False),
        ({DIGITS: True}, False),
        ({DIGITS: True, POST: True}, False),
        ({}, False),
    ],
)
def test_both_asked_facts_must_be_right(matches: dict[Evidence, bool], right: bool) -> None:
    assert rules.all_right(matches, (DIGITS, YEAR)) is right
