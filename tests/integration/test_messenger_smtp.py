"""The SMTP provider against a real relay: each failure is told apart by what it proves."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from services.messenger.mail import Draft, Identity, compose
from services.messenger.mime import quoted
from services.messenger.model import Accepted, Doubtful, Letter, Outcome, Rejected
from services.messenger.providers import Unavailable
from services.messenger.providers.smtp import Relay, SmtpPool, rejection
from services.messenger.signatures import Key, Signatures
from services.runtime.clock import Clock
from support.mail import Mailbox

IDENTITY = Identity("Bank", "care@bank.example", "a@bank.example", "u@bank.example", "m.example")


def letter(number: int = 1, **changes: str) -> Letter:
    values = {"subject": "Hello", "text": ".dots\n..\n.", "name": "Ana"}
    draft = Draft(
        message_id=f"m-{number}",
        email="ana@example.com",
        locale="en",
        html_quoted=quoted("<p>.</p>"),
        unsubscribe_url="https://m.example/u/x",
        date=datetime(2026, 3, 2, 9, tzinfo=UTC),
        **(values | changes),
    )
    return compose(draft, IDENTITY)


@pytest.fixture
def pool(mailbox: Mailbox) -> Iterator[SmtpPool]:
    made = SmtpPool(Relay.parse(mailbox.smtp_url), Clock(), timeout=1.0)
    yield made
    made.close()


def hand_over(pool: SmtpPool, one: Letter) -> Outcome:
    connection = pool.lease()
    try:
        return next(connection.send(iter([one])))
    finally:
        pool.release(connection)


def test_what_arrives_is_what_was_written(pool: SmtpPool, mailbox: Mailbox) -> None:
    assert hand_over(pool, letter()) == Accepted("<m-1@m.example>")
    [arrived] = mailbox.messages()
    assert arrived["headers"]["Message-ID"] == "<m-1@m.example>"
    assert arrived["text"].splitlines() == [".dots", "..", "."]


def test_one_connection_carries_many_letters(pool: SmtpPool, mailbox: Mailbox) -> None:
    first = pool.lease()
    pool.release(first)
    for number in range(5):
        hand_over(pool, letter(number))
    assert pool.lease() is first
    assert len(mailbox.messages()) == 5


def test_the_received_bytes_verify(pool: SmtpPool, mailbox: Mailbox) -> None:
    key = Key("bank.example", "r1", generate_private_key(65537, 2048))
    hand_over(pool, Signatures([key]).sign(letter(), key.domain))
    [arrived] = mailbox.messages()
    received = mailbox.raw(arrived["number"])
    assert dkim.verify(received, dnsfunc=lambda *_, **__: key.record[1].encode())
    covered = received.partition(b"h=")[2].partition(b";")[0].lower()
    assert b":list-unsubscribe:list-unsubscribe-post:" in covered


def test_letters_of_a_bundle_each_have_their_own_end(pool: SmtpPool, mailbox: Mailbox) -> None:
    mailbox.fault("permfail", stage="rcpt", times=1)
    connection = pool.lease()
    outcomes = list(connection.send(letter(number) for number in range(4)))
    assert [type(one) for one in outcomes] == [Rejected, Accepted, Accepted, Accepted]
    assert connection.alive()
    assert len(mailbox.messages()) == 3


def test_a_bundle_cut_short_leaves_doubt_about_one_and_none_about_the_rest(
    pool: SmtpPool, mailbox: Mailbox
) -> None:
    mailbox.fault("drop_after_data", keep=True, times=1)
    rest = iter([letter(number) for number in range(4)])
    outcomes = list(pool.lease().send(rest))
    assert isinstance(outcomes[0], Doubtful)
    assert all(isinstance(one, Rejected) and one.retryable for one in outcomes[1:])
    assert len(outcomes) + len(list(rest)) == 4
    assert len(mailbox.messages()) == 1


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
@pytest.mark.parametrize(("mode", "retryable"), [("tempfail", True), ("permfail", False)])
def test_a_refusal_proves_that_nothing_was_taken(
    pool: SmtpPool, mailbox: Mailbox, stage: str, mode: str, retryable: bool
) -> None:
    mailbox.fault(mode, stage=stage, times=1)
    outcome = hand_over(pool, letter())
    assert isinstance(outcome, Rejected)
    assert outcome.retryable is retryable
    assert outcome.status in ("451 4.3.0", "550 5.1.1")
    assert mailbox.messages() == []
    assert isinstance(hand_over(pool, letter(2)), Accepted)


def test_a_connection_lost_before_the_content_proves_it_too(
    pool: SmtpPool, mailbox: Mailbox
) -> None:
    mailbox.fault("drop_before_data", times=1)
    outcome = hand_over(pool, letter())
    assert isinstance(outcome, Rejected)
    assert outcome.retryable
    assert mailbox.messages() == []
    assert isinstance(hand_over(pool, letter(2)), Accepted)


@pytest.mark.parametrize("keep", [True, False])
def test_silence_after_the_content_proves_nothing(
    pool: SmtpPool, mailbox: Mailbox, keep: bool
) -> None:
    mailbox.fault("drop_after_data", keep=keep, times=1)
    assert isinstance(hand_over(pool, letter()), Doubtful)
    assert isinstance(hand_over(pool, letter(2)), Accepted)


def test_a_relay_that_takes_too_long_leaves_doubt(pool: SmtpPool, mailbox: Mailbox) -> None:
    mailbox.fault("slow", stage="data", seconds=3, times=1)
    assert isinstance(hand_over(pool, letter()), Doubtful)


def test_a_relay_that_takes_too_long_before_the_content_took_nothing(
    pool: SmtpPool, mailbox: Mailbox
) -> None:
    mailbox.fault("slow", stage="rcpt", seconds=3, times=1)
    outcome = hand_over(pool, letter())
    assert isinstance(outcome, Rejected)
    assert outcome.retryable


def test_no_connection_is_lent_while_the_relay_is_down(pool: SmtpPool, mailbox: Mailbox) -> None:
    pool.release(pool.lease())
    mailbox.fault("refuse_connections")
    # Its last answer is young enough to count as proof still; sending finds out.
    assert isinstance(hand_over(pool, letter()), Rejected)
    with pytest.raises(Unavailable):
        pool.lease()
    mailbox.fault("none")
    assert isinstance(hand_over(pool, letter()), Accepted)


def test_closing_cuts_what_is_on_its_way(pool: SmtpPool, mailbox: Mailbox) -> None:
    connection = pool.lease()
    pool.close()
    outcome = next(connection.send(iter([letter()])))
    assert isinstance(outcome, Rejected)
    assert mailbox.messages() == []


@pytest.mark.parametrize(
    ("stage", "code", "reply", "retryable", "dead"),
    [
        ("recipient", 550, "5.1.1 no such user", False, True),
        ("recipient", 550, "no such user", False, False),
        ("recipient", 552, "5.2.2 mailbox full", False, False),
        ("recipient", 450, "4.2.1 greylisted", True, False),
        ("sender", 550, "5.1.1 who are you", False, False),
        ("content", 550, "5.7.1 blocked", False, False),
        ("content", 550, "5.1.10 null MX", False, True),
        ("data", 421, "4.3.2 closing", True, False),
    ],
)
def test_codes_say_whether_to_try_again(
    stage: str, code: int, reply: str, retryable: bool, dead: bool
) -> None:
    outcome = rejection(stage, code, reply)
    assert (outcome.retryable, outcome.dead_address) == (retryable, dead)
    assert "user" not in (outcome.status or "")
