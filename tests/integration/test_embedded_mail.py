"""The mail catcher: what it takes, what it shows, and how it fails when a test wants it to."""

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from services.runtime.clock import Clock
from services.runtime.embedded.inbox import Inbox
from services.runtime.embedded.inbox_app import application
from services.runtime.embedded.smtp import Relay
from support.mail import Mailbox

AIKO = "aiko@customers.example"
LINK = "http://127.0.0.1:8103/t/c/token"


def mail(to: str = AIKO, subject: str = "お支払いのご案内") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "North Bank <care@north.example>"
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = "Mon, 02 Mar 2026 08:00:00 +0900"
    message["Message-ID"] = "<one@rapport>"
    message.set_content(f"Hello Aiko, see {LINK}")
    message.add_alternative(
        f'<p>Hello <b>Aiko</b>, <a href="{LINK}">see</a> <script>alert(1)</script></p>', "html"
    )
    return message


@contextmanager
def relay(mailbox: Mailbox) -> Iterator[smtplib.SMTP]:
    host, _, port = mailbox.smtp_url.removeprefix("smtp://").partition(":")
    client = smtplib.SMTP(host, int(port), timeout=10)
    try:
        yield client
    finally:
        client.close()


def page(mailbox: Mailbox, path: str, **query: Any) -> httpx.Response:
    return httpx.get(mailbox.url + path, params=query, timeout=10, verify=False)


def test_a_message_is_shown_decoded(mailbox: Mailbox) -> None:
    with relay(mailbox) as client:
        client.send_message(mail())
    (caught,) = mailbox.wait_for()
    assert caught["subject"] == "お支払いのご案内"
    assert caught["to"] == [AIKO]
    assert caught["date"] == "2026-03-02T08:00:00+09:00"
    assert caught["headers"]["Message-ID"] == "<one@rapport>"
    assert caught["text"].startswith("Hello Aiko")
    assert caught["links"] == [LINK]


def test_the_page_shows_a_message_that_can_run_nothing(mailbox: Mailbox) -> None:
    with relay(mailbox) as client:
        client.send_message(mail())
    number = mailbox.wait_for()[0]["number"]
    assert "お支払いのご案内" in page(mailbox, "/").text
    reading = page(mailbox, f"/messages/{number}").text
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in reading
    assert "<script>alert(1)</script>" not in reading
    shown = page(mailbox, f"/messages/{number}/html")
    assert shown.headers["content-security-policy"].startswith("sandbox ")
    assert "<one@rapport>" in page(mailbox, f"/messages/{number}/source").text
    assert page(mailbox, "/messages/999999").status_code == 404


def test_messages_are_found_by_recipient_words_and_number(mailbox: Mailbox) -> None:
    with relay(mailbox) as client:
        for to, subject in ((AIKO, "One bill"), ("bo@customers.example", "A plan"), (AIKO, "Two")):
            client.send_message(mail(to, subject))
    numbers = [one["number"] for one in mailbox.wait_for(3)]
    asked = page(mailbox, "/api/messages", to=AIKO.upper()).json()
    assert [one["number"] for one in asked["messages"]] == [numbers[0], numbers[2]]
    assert asked["count"] == numbers[2]
    since = page(mailbox, "/api/messages", since=numbers[1]).json()["messages"]
    assert [one["number"] for one in since] == numbers[2:]
    listed = page(mailbox, "/", q="plan").text
    assert "A plan" in listed
    assert "One bill" not in listed


@pytest.mark.parametrize(
    ("stage", "mode", "code"),
    [("mail", "tempfail", 451), ("rcpt", "permfail", 550), ("data", "tempfail", 451)],
)
def test_the_relay_refuses_at_each_stage(
    mailbox: Mailbox, stage: str, mode: str, code: int
) -> None:
    mailbox.fault(mode, stage=stage)
    with relay(mailbox) as client, pytest.raises(smtplib.SMTPException) as refused:
        client.send_message(mail())
    assert str(code) in str(refused.value)
    assert mailbox.hits() == 1
    assert mailbox.messages() == []


def test_a_fault_can_be_for_one_recipient_and_for_so_many_times(mailbox: Mailbox) -> None:
    mailbox.fault("permfail", to=AIKO, times=1, reply="552 5.2.2 mailbox full")
    with relay(mailbox) as client:
        client.send_message(mail("bo@customers.example"))
        with pytest.raises(smtplib.SMTPRecipientsRefused, match="mailbox full"):
            client.send_message(mail())
        client.send_message(mail())
    assert [one["to"] for one in mailbox.messages()] == [["bo@customers.example"], [AIKO]]


def test_nothing_is_taken_when_the_connection_drops_before_the_message(mailbox: Mailbox) -> None:
    mailbox.fault("drop_before_data", times=1)
    with relay(mailbox) as client, pytest.raises((smtplib.SMTPException, OSError)):
        client.send_message(mail())
    assert mailbox.messages() == []


@pytest.mark.parametrize("keep", [True, False])
def test_a_message_may_be_taken_or_not_when_the_answer_never_comes(
    mailbox: Mailbox, keep: bool
) -> None:
    mailbox.fault("drop_after_data", keep=keep, times=1)
    with relay(mailbox) as client, pytest.raises((smtplib.SMTPException, OSError)):
        client.send_message(mail())
    assert len(mailbox.messages()) == keep


def test_a_relay_that_is_gone_cuts_and_refuses_and_comes_back(mailbox: Mailbox) -> None:
    with relay(mailbox) as client:
        client.noop()
        mailbox.fault("refuse_connections")
        with pytest.raises((smtplib.SMTPException, OSError)):
            client.noop()
    with pytest.raises(OSError, match="refused"), relay(mailbox):
        pass
    mailbox.fault("none")
    with relay(mailbox) as client:
        client.send_message(mail())
    assert len(mailbox.messages()) == 1


def test_a_slow_relay_answers_late(mailbox: Mailbox) -> None:
    mailbox.fault("slow", stage="data", seconds=30)
    with relay(mailbox) as client:
        assert client.sock
        client.sock.settimeout(0.2)
        with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
            client.send_message(mail())
    assert mailbox.messages() == []


def test_the_inbox_keeps_only_so_many_messages_and_bytes() -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    inbox = Inbox(messages=3, size=25)
    for _ in range(5):
        inbox.add(now, "care@north.example", [AIKO], b"0123456789")
    assert inbox.count == 5
    assert [one.number for one in inbox.find()] == [5, 4]
    assert inbox.get(3) is None
    newest = inbox.get(5)
    assert newest is not None
    assert newest.number == 5


def test_a_message_without_any_headers_is_still_shown() -> None:
    inbox = Inbox()
    message = inbox.add(datetime(2026, 3, 2, tzinfo=UTC), "", [], b"\xff\xfe no headers")
    full = message.full()
    assert full["subject"] == ""
    assert full["date"] is None


def test_a_message_can_be_answered_where_answers_are_taken(mailbox: Mailbox) -> None:
    inbox = Inbox()
    inbox.add(datetime(2026, 3, 2, tzinfo=UTC), "care@north.example", [AIKO], mail().as_bytes())
    port = int(mailbox.smtp_url.rpartition(":")[2])
    with TestClient(application(inbox, Relay(inbox, Clock()), port)) as client:
        assert "<textarea" in client.get("/messages/1").text
        shown = client.post("/messages/1/reply", data={"words": "配信停止"})
        assert "on its way" in shown.text
        assert client.post("/messages/9/reply", data={"words": "x"}).status_code == 404
    (caught,) = mailbox.wait_for()
    assert caught["headers"]["In-Reply-To"] == "<one@rapport>"
    assert caught["text"].split()[:4] == ["配信停止", ">", "Hello", "Aiko,"]
    with TestClient(application(inbox, Relay(inbox, Clock()))) as client:
        assert "<textarea" not in client.get("/messages/1").text
        assert client.post("/messages/1/reply", data={"words": "x"}).status_code == 404
