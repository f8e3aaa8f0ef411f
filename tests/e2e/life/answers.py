"""People who answer by mail: STOP in three languages, and one who cannot pay."""

import smtplib
from collections.abc import Iterable, Mapping
from email.message import EmailMessage
from typing import Any

from e2e.life.living import START, Life, address, known
from support.polling import poll_until
from support.system import event

SAYS = {"eve": ("en", "STOP"), "wei": ("zh-Hans", "退订"), "kei": ("ja", "配信停止")}
GOES_ON, CANNOT_PAY = "max", "ora"
ANSWERED = "Thank you for telling us"


class Answers:
    """What becomes of them."""

    def __init__(self, life: Life) -> None:
        self._life = life

    def begins(self) -> Iterable[Mapping[str, Any]]:
        """Each missed a payment."""
        for who in (*SAYS, GOES_ON, CANNOT_PAY):
            locale = SAYS[who][0] if who in SAYS else "en"
            yield known(who, locale=locale)
            yield _missed(who)

    def at_once(self) -> None:
        """They answer their first letters."""
        for who, (_, words) in SAYS.items():
            self._answer(who, words)
        self._answer(CANNOT_PAY, "I lost my job and I can't pay.")

    def goes_on(self) -> None:
        """They are heard, and who cannot pay is written to."""
        for who in SAYS:
            self._life.hear(who, "contact.unsubscribed")
        mailbox = self._life.system.mailbox
        poll_until(
            lambda: (
                ANSWERED in [one["subject"] for one in mailbox.messages(to=address(CANNOT_PAY))]
            ),
            90,
            "who cannot pay was not answered",
        )

    def _answer(self, who: str, words: str) -> None:
        """As a mail program does it: to where the letter says, with the letter below."""
        letter = self._life.letter(who)
        to = letter["headers"]["Reply-To"].rpartition("<")[2].rstrip(">")
        reply = EmailMessage()
        reply["From"], reply["To"] = address(who), to
        reply["Subject"] = "Re: your letter"
        reply["In-Reply-To"] = reply["References"] = letter["headers"]["Message-ID"]
        quoted = "\n".join(f"> {line}" for line in letter["text"].splitlines())
        reply.set_content(f"{words}\n\n{quoted}\n")
        with smtplib.SMTP("127.0.0.1", self._life.replies_port, timeout=10) as client:
            client.send_message(reply)


def _missed(who: str) -> dict[str, Any]:
    data = {
        "bill_id": f"b-{who}",
        "creditor": "Harbour Bank",
        "amount_minor": 24_000,
        "currency": "EUR",
        "due_date": "2026-03-01",
    }
    return event("payment.missed", who, data, at=START)
