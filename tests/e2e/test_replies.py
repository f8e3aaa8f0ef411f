"""Whoever answers STOP, in their own language and by mail, gets nothing more; who cannot pay, an
answer."""

import smtplib
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from e2e.conftest import Launch
from services.runtime.clock import Clock
from services.runtime.embedded.children import free_port
from support.polling import poll_until
from support.system import event, of, wait_for

START = datetime.fromisoformat("2026-03-02T09:00+01:00")
"""A Monday morning in Berlin."""
SPEED = 22_000.0
LEAD_SECONDS = 10.0
DAYS = 4
SAYS = {"eve": ("en", "STOP"), "wei": ("zh-Hans", "退订"), "kei": ("ja", "配信停止")}
GOES_ON, CANNOT_PAY = "max", "ora"
ALL = (*SAYS, GOES_ON, CANNOT_PAY)


@pytest.mark.brokers("kafka")
def test_stop_by_mail_in_each_language_and_nothing_more_is_sent(launch: Launch) -> None:
    door = free_port()
    clock = Clock(START, SPEED, Clock().real().timestamp() + LEAD_SECONDS)
    with launch(clock, REPLIES_SMTP_PORT=str(door)) as system, system.log() as log:
        system.send(*(_known(who) for who in ALL), *(_missed(who) for who in ALL))
        for who, (_, words) in SAYS.items():
            _answer(door, system.mailbox.wait_for(1, to=_address(who), timeout=90)[0], who, words)
        first = system.mailbox.wait_for(1, to=_address(CANNOT_PAY), timeout=90)[0]
        _answer(door, first, CANNOT_PAY, "I lost my job and I can't pay.")
        wait_for(log, lambda facts: all(of(facts, who, "contact.unsubscribed") for who in SAYS))
        poll_until(
            lambda: (
                "Thank you for telling us"
                in [one["subject"] for one in system.mailbox.messages(to=_address(CANNOT_PAY))]
            ),
            90,
            "who cannot pay was not answered",
        )
        end = clock.now() + timedelta(days=DAYS)
        system.mailbox.wait_for(2, to=_address(GOES_ON), timeout=90)
        poll_until(lambda: clock.now() >= end, 90, "the days have not passed")
        system.settled()

        facts = list(log.read())
        for who, (_, words) in SAYS.items():
            [left] = of(facts, who, "contact.unsubscribed")
            after = [
                one for one in of(facts, who, "message.intended") if one["time"] > left["time"]
            ]
            assert after == []
            [replied] = of(facts, who, "message.replied")
            assert replied["data"]["intent"] == "stop"
            assert len(system.mailbox.messages(to=_address(who))) == len(
                of(facts, who, "message.sent")
            )
            assert words not in str(facts)
        # A person has it now: the playbook of the debt says nothing more.
        [asked] = of(facts, CANNOT_PAY, "handoff.requested")
        after = of(facts[facts.index(asked) :], CANNOT_PAY, "message.intended")
        assert [one["data"]["purpose"] for one in after] == ["service"]
        assert system.violations() == []


def _answer(port: int, letter: dict[str, Any], who: str, words: str) -> None:
    """As a mail program does it: to where the letter says, with the letter below."""
    to = letter["headers"]["Reply-To"].rpartition("<")[2].rstrip(">")
    reply = EmailMessage()
    reply["From"], reply["To"] = _address(who), to
    reply["Subject"] = "Re: your letter"
    reply["In-Reply-To"] = reply["References"] = letter["headers"]["Message-ID"]
    quoted = "\n".join(f"> {line}" for line in letter["text"].splitlines())
    reply.set_content(f"{words}\n\n{quoted}\n")
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.send_message(reply)


def _address(who: str) -> str:
    return f"{who}@example.org"


def _known(who: str) -> dict[str, Any]:
    locale = SAYS[who][0] if who in SAYS else "en"
    data = {
        "email": _address(who),
        "timezone": "Europe/Berlin",
        "country": "DE",
        "locale": locale,
    }
    return event("customer.updated", who, data, at=START)


def _missed(who: str) -> dict[str, Any]:
    data = {
        "bill_id": f"b-{who}",
        "creditor": "Harbour Bank",
        "amount_minor": 24_000,
        "currency": "EUR",
        "due_date": "2026-03-01",
    }
    return event("payment.missed", who, data, at=START)
