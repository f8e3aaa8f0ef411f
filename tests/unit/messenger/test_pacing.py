"""Limits by receiving domain: kept to, warmed up to, and none waits for another."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.messenger.model import Accepted, Rejected
from services.messenger.pacing import Pacing
from services.messenger.rules.pacing import (
    BLOCKS,
    Bucket,
    is_block,
    parse,
    rate,
    refilled,
    spent,
    warmth,
)
from services.messenger.store import Candidate
from services.runtime.clock import Clock


class Standing(Clock):
    """A clock whose real time moves only when told."""

    def __init__(self) -> None:
        super().__init__()
        object.__setattr__(self, "seconds", 0.0)

    def monotonic(self) -> float:
        return float(getattr(self, "seconds"))  # noqa: B009 - set past the frozen class

    def real(self) -> datetime:
        return datetime(2026, 3, 2, tzinfo=UTC) + timedelta(seconds=self.monotonic())

    def move(self, seconds: float) -> None:
        object.__setattr__(self, "seconds", self.monotonic() + seconds)


def orders(*domains: str) -> list[Candidate]:
    return [
        Candidate("default", f"c-{number}", f"d-{number}", 0, domain)
        for number, domain in enumerate(domains)
    ]


def test_limits_are_read_and_faults_named() -> None:
    assert parse("gmail.com=20, *=0.5") == {"gmail.com": 20.0, "*": 0.5}
    assert parse("") == {}
    for wrong in ("gmail.com", "gmail.com=fast", "=3", "gmail.com=0", "gmail.com=-1"):
        with pytest.raises(ValueError, match="DOMAIN=LETTERS_A_SECOND"):
            parse(wrong)


def test_a_domain_has_its_own_limit_or_that_of_every_other() -> None:
    limits = parse("gmail.com=20,*=100")
    assert rate(limits, "gmail.com", 1.0) == 20
    assert rate(limits, "example.com", 0.5) == 50
    assert rate(parse("gmail.com=20"), "example.com", 1.0) is None


def test_a_bucket_fills_to_one_second_and_no_more() -> None:
    assert refilled(None, 10, 5.0) == Bucket(10, 5.0)
    assert refilled(Bucket(0, 5.0), 10, 5.5) == Bucket(5, 5.5)
    assert refilled(Bucket(0, 5.0), 10, 99.0) == Bucket(10, 99.0)
    assert refilled(None, 0.1, 0.0).tokens == 1
    assert spent(Bucket(10, 5.0), 4) == Bucket(6, 5.0)


def test_a_new_sender_begins_small_and_doubles() -> None:
    since = date(2026, 3, 2)
    shares = [warmth(since, 14, since + timedelta(days=day)) for day in range(16)]
    assert shares[0] == pytest.approx(1 / 128)
    assert shares[2] == pytest.approx(2 * shares[0])
    assert shares[14:] == [1.0, 1.0]
    assert shares == sorted(shares)
    assert warmth(since, 14, date(2026, 1, 1)) == shares[0]
    assert warmth(None, 14, since) == 1.0


def test_a_domain_that_is_full_holds_up_no_other() -> None:
    clock = Standing()
    pacing = Pacing(parse("slow.example=2"), clock, None, 14)
    waiting = orders(*["slow.example"] * 5, "fast.example", "fast.example")
    going = pacing.fitting(waiting)
    assert [one.domain for one in going] == ["slow.example"] * 2 + ["fast.example"] * 2
    pacing.spend(one.domain for one in going)
    assert pacing.resting() == ["slow.example"]
    clock.move(0.5)
    assert pacing.resting() == []
    assert [one.domain for one in pacing.fitting(waiting)].count("slow.example") == 1


def test_what_was_not_sent_after_all_costs_nothing() -> None:
    pacing = Pacing(parse("*=1"), Standing(), None, 14)
    for _ in range(3):
        assert len(pacing.fitting(orders("a.example", "a.example", "b.example"))) == 2


def test_over_a_minute_no_more_goes_than_the_limit_and_one_second() -> None:
    clock = Standing()
    pacing = Pacing(parse("*=7"), clock, None, 14)
    sent = 0
    for _ in range(600):
        going = pacing.fitting(orders(*["a.example"] * 50))
        pacing.spend(one.domain for one in going)
        sent += len(going)
        clock.move(0.1)
    assert 7 * 59 <= sent <= 7 * 61


BLOCK = Rejected("content_refused", "550 5.7.1", retryable=False)


@pytest.mark.parametrize(
    ("status", "blocked"),
    [
        ("550 5.7.1", True),
        ("554 5.7.26", True),
        ("451 4.7.1", False),
        ("550 5.1.1", False),
        ("550", False),
        (None, False),
    ],
)
def test_a_refusal_of_us_is_told_from_one_of_an_address(status: str | None, blocked: bool) -> None:
    assert is_block(Rejected("content_refused", status, retryable=False)) is blocked


def test_a_domain_that_refuses_us_again_and_again_is_left_alone_and_no_other() -> None:
    clock = Standing()
    pacing = Pacing({}, clock, None, 14)
    for _ in range(BLOCKS.failures):
        assert not pacing.resting()
        pacing.heard("ana@Strict.example", BLOCK)

    assert pacing.limited
    assert pacing.resting() == ["strict.example"]
    two = orders("strict.example", "easy.example", "strict.example")
    assert [one.domain for one in pacing.fitting(two)] == ["easy.example"]
    clock.move(BLOCKS.shortest)
    assert [one.domain for one in pacing.fitting(two)] == ["strict.example", "easy.example"]
    pacing.heard("ana@strict.example", Accepted("<m@x>"))
    assert not pacing.limited
    assert len(pacing.fitting(two)) == 3


def test_a_letter_that_is_taken_in_between_forgets_the_blocks() -> None:
    pacing = Pacing({}, Standing(), None, 14)
    for _ in range(3 * BLOCKS.failures):
        pacing.heard("ana@strict.example", BLOCK)
        pacing.heard("bo@strict.example", Accepted("<m@x>"))

    assert not pacing.resting()
