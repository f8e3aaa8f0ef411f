"""Whoever answers STOP, in their own language and by mail, gets nothing more; who cannot pay, an
answer."""

import pytest

from e2e.life.answers import ANSWERED, CANNOT_PAY, GOES_ON, SAYS
from e2e.life.living import Life

pytestmark = pytest.mark.brokers("kafka")


@pytest.mark.parametrize("who", SAYS)
def test_stop_by_mail_in_each_language_and_nothing_more_is_sent(life: Life, who: str) -> None:
    [left] = life.of(who, "contact.unsubscribed")
    after = [one for one in life.of(who, "message.intended") if one["time"] > left["time"]]
    assert after == []
    [replied] = life.of(who, "message.replied")
    assert replied["data"]["intent"] == "stop"
    assert len(life.letters_to(who)) == len(life.of(who, "message.sent"))


def test_what_they_wrote_is_in_no_fact(life: Life) -> None:
    told = str([fact for who in SAYS for fact in life.of(who)])
    for _, words in SAYS.values():
        assert words not in told


def test_whoever_says_nothing_is_written_to_again(life: Life) -> None:
    assert len(life.letters_to(GOES_ON)) >= 2


def test_who_cannot_pay_is_answered_and_a_person_has_it_now(life: Life) -> None:
    assert ANSWERED in [letter["subject"] for letter in life.letters_to(CANNOT_PAY)]
    facts = life.of(CANNOT_PAY)
    [asked] = life.of(CANNOT_PAY, "handoff.requested")
    after = [
        fact["data"]["purpose"]
        for fact in facts[facts.index(asked) :]
        if fact["type"] == "message.intended"
    ]
    # The playbook of the debt says nothing more.
    assert after == ["service"]
