"""Mail that comes in over SMTP and a maildir: kept, read once, and acted on."""

import asyncio
import smtplib
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from messenger_world import START, World, first_mail, mailing

from services.messenger.handlers.intake import Letterbox
from services.messenger.intake import LARGEST_MAIL, SmtpDoor, sweep
from services.messenger.return_path import Comes, ReturnPath
from services.runtime.embedded.children import answers, free_port
from support.database import Database
from support.mail import Mailbox
from support.polling import poll_until

ALL = {"Authorization": "Bearer all-of-it"}
OURS = {f"{name}@harbourlane.example" for name in ("answers", "unsubscribe", "returns")}
BOUNCE = (
    "From: MAILER-DAEMON@mx.example\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\r\n\r\n--B\r\n'
    "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
    "Final-Recipient: rfc822; c-1@example.com\r\nAction: failed\r\n"
    "Status: {status}\r\n\r\n--B--\r\n"
)
COMPLAINT = (
    "From: fbl@mx.example\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/report; report-type=feedback-report; boundary="B"\r\n\r\n--B\r\n'
    "Content-Type: message/feedback-report\r\n\r\nFeedback-Type: {kind}\r\n\r\n--B--\r\n"
)


@pytest.fixture
def messenger(database: Database, mailbox: Mailbox) -> Iterator[World]:
    with mailing(database, mailbox) as made:
        first_mail(made, mailbox)
        yield made


@pytest.fixture
def letterbox(messenger: World) -> Letterbox:
    return Letterbox(messenger.context, OURS)


@pytest.fixture
def door(letterbox: Letterbox) -> Iterator[int]:
    """The port of a listener in a loop of its own."""
    port, loop = free_port(), asyncio.new_event_loop()
    listening: list[SmtpDoor] = []

    async def listen() -> None:
        listening.append(SmtpDoor(letterbox, "127.0.0.1", port))
        await listening[0].run()

    thread = threading.Thread(target=loop.run_until_complete, args=(listen(),), daemon=True)
    thread.start()
    poll_until(lambda: answers(port), 10, "nothing listens")
    yield port
    loop.call_soon_threadsafe(listening[0].stop)
    thread.join(10)


def post(port: int, to: str, content: bytes | str, sender: str = "c-1@example.com") -> None:
    raw = content.encode() if isinstance(content, str) else content
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.sendmail(sender, [to], raw)


def reply(mail: dict[str, Any], words: str, *, threaded: bool = True) -> bytes:
    made = EmailMessage()
    made["From"], made["To"] = "Ana <c-1@example.com>", mail["headers"]["Reply-To"]
    made["Subject"] = "Re: your letter"
    if threaded:
        made["In-Reply-To"] = mail["headers"]["Message-ID"]
    made.set_content(words)
    return made.as_bytes()


def address(messenger: World, comes: Comes, name: str = "returns") -> str:
    newest = messenger.of("message.intended")[-1]["data"]["message_id"]
    path = ReturnPath(messenger.context.signer)
    return path.address(f"{name}@harbourlane.example", comes, newest)


def read_all(letterbox: Letterbox) -> None:
    while letterbox.read_next():
        continue


def told(messenger: World, fact_type: str) -> list[dict[str, Any]]:
    messenger.flow()
    return [fact["data"] for fact in messenger.of(fact_type)]


def next_end(messenger: World) -> dict[str, Any]:
    ends = ("message.sent", "message.refused", "message.failed", "message.unknown")
    messenger.an_hour_later()
    messenger.dispatch()
    end: dict[str, Any] = messenger.ended(len(messenger.of(*ends)) + 1)[-1]
    return end


def test_a_reply_by_mail_stops_everything_once(
    messenger: World, letterbox: Letterbox, door: int, mailbox: Mailbox, database: Database
) -> None:
    [mail] = mailbox.messages()
    to = mail["headers"]["Reply-To"].rpartition("<")[2].rstrip(">")
    assert to.startswith("answers+")
    for _ in range(2):
        post(door, to, reply(mail, "STOP\n\n> Unsubscribe here", threaded=False))
    assert database.rows("SELECT state FROM messenger.inbound") == [("pending",)]
    read_all(letterbox)
    [left] = told(messenger, "contact.unsubscribed")
    assert (left["purpose"], left["via"]) == ("*", "reply")
    assert len(told(messenger, "message.replied")) == 1
    assert next_end(messenger)["data"]["reason"] == "suppressed:unsubscribed"
    assert database.rows("SELECT state, content, sender FROM messenger.inbound") == [
        ("done", b"", "")
    ]


def test_the_door_refuses_with_a_reason(door: int, database: Database) -> None:
    for to in ("nobody@harbourlane.example", "answers@elsewhere.example"):
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            post(door, to, "x")
        assert refused.value.recipients[to][0] == 550
    post(door, "answers@harbourlane.example", "Subject: kept\n\nx")
    with pytest.raises(smtplib.SMTPSenderRefused) as too_large:
        post(door, "answers@harbourlane.example", b"x\r\n" * (4 << 20))
    assert too_large.value.smtp_code == 552
    with smtplib.SMTP("127.0.0.1", door, timeout=20) as client:
        # One that does not say beforehand how large it is.
        client.helo()
        client.mail("a@example.com")
        client.rcpt("answers@harbourlane.example")
        lines = b"\r\n".join([b"x" * 76] * (LARGEST_MAIL // 78 + 10))
        assert client.data(lines)[0] == 552
    assert database.rows("SELECT count(*) FROM messenger.inbound") == [(1,)]


@pytest.mark.parametrize(
    ("status", "kind", "ends"),
    [
        ("5.1.1", "hard", "suppressed:hard_bounce"),
        ("4.2.2", "soft", None),
        ("5.7.1", "block", None),
        ("nonsense", "soft", None),
    ],
)
def test_a_bounce_counts_by_its_status(
    messenger: World, letterbox: Letterbox, status: str, kind: str, ends: str | None
) -> None:
    back = address(messenger, Comes.BOUNCE)
    letterbox.keep("smtp", "", [back], BOUNCE.format(status=status).encode())
    read_all(letterbox)
    [bounced] = told(messenger, "message.bounced")
    assert bounced["kind"] == kind
    assert next_end(messenger)["data"].get("reason") == ends


def test_soft_bounces_that_go_on_end_the_use_of_an_address(
    messenger: World, letterbox: Letterbox, database: Database
) -> None:
    for number in range(3):
        back = address(messenger, Comes.BOUNCE)
        # The same report again is the same report; a second one counts the message once.
        for text in ("", "", "Subject: again\r\n"):
            content = text + BOUNCE.format(status="4.4.7")
            letterbox.keep("smtp", "", [back], content.encode())
        read_all(letterbox)
        if number < 2:
            assert next_end(messenger)["type"] == "message.sent"
    kinds = [one["kind"] for one in told(messenger, "message.bounced")]
    assert kinds == ["soft"] * 4 + ["hard"] * 2
    assert next_end(messenger)["data"]["reason"] == "suppressed:hard_bounce"
    messenger.move_to(START + timedelta(days=20))
    letterbox.prune()
    assert database.rows("SELECT count(*) FROM messenger.bounce") == [(0,)]
    assert database.rows("SELECT count(*) FROM messenger.inbound") == [(6,)]


def test_a_complaint_ends_all_and_a_feedback_of_another_kind_nothing(
    messenger: World, letterbox: Letterbox
) -> None:
    back = address(messenger, Comes.BOUNCE)
    letterbox.keep("smtp", "", [back], COMPLAINT.format(kind="not-spam").encode())
    read_all(letterbox)
    assert told(messenger, "message.complained") == []
    letterbox.keep("smtp", "", [back], COMPLAINT.format(kind="abuse").encode())
    read_all(letterbox)
    assert len(told(messenger, "message.complained")) == 1
    assert next_end(messenger)["data"]["reason"] in (
        "suppressed:complaint",
        "suppressed:unsubscribed",
    )


def test_the_mailbox_of_the_list_unsubscribe_header_opts_out(
    messenger: World, letterbox: Letterbox, mailbox: Mailbox
) -> None:
    [mail] = mailbox.messages()
    header = mail["headers"]["List-Unsubscribe"]
    to = header.partition("mailto:")[2].partition("?")[0].rstrip(">")
    automatic = b"From: c-1@example.com\nAuto-Submitted: auto-generated\n\n"
    letterbox.keep("smtp", "c-1@example.com", [to], automatic)
    read_all(letterbox)
    [left] = told(messenger, "contact.unsubscribed")
    assert (left["purpose"], left["via"]) == ("collection", "one_click")


def test_a_new_mail_that_only_claims_who_it_is_from(messenger: World, letterbox: Letterbox) -> None:
    def write(words: str) -> None:
        content = f"From: C-1@Example.com\nSubject: Hello\n\n{words}".encode()
        letterbox.keep("smtp", "c-1@example.com", ["answers@harbourlane.example"], content)
        read_all(letterbox)

    write("I am not him, wrong person!")
    assert told(messenger, "contact.right_party") == []
    write("Please stop these emails")
    [left] = told(messenger, "contact.unsubscribed")
    assert (left["channel"], left["purpose"]) == ("email", "*")


def test_what_no_rule_can_place_waits_for_a_person(messenger: World, letterbox: Letterbox) -> None:
    to = "answers@harbourlane.example"
    letterbox.keep("smtp", "", [to], b"From: who@example.com\n\nSTOP")
    letterbox.keep("smtp", "", [to], BOUNCE.format(status="5.1.1").encode())
    letterbox.keep("smtp", "", [to], b"Content-Type: message/rfc822\n\n" * 3000)
    automatic = b"From: c-1@example.com\nAuto-Submitted: auto-replied\n\nI am away"
    letterbox.keep("smtp", "", [to], automatic)
    read_all(letterbox)
    with TestClient(messenger.api, headers=ALL) as http:
        mails = http.get("/inbound").json()["mails"]
        assert sorted(one["reason"] for one in mails) == [
            "nested_too_deep",
            "no_message_known",
            "no_message_known",
        ]
        [bounce] = [one for one in mails if one["kind"] == "bounce"]
        path = f"/inbound/{bounce['inbound_id']}"
        assert "Final-Recipient" in http.get(path).text
        assert http.post(f"{path}/done").status_code == 204
        assert http.get(path).status_code == 404
        assert len(http.get("/inbound").json()["mails"]) == 2
        assert http.get("/inbound", headers={"Authorization": "Bearer bound"}).status_code == 403


def test_a_mail_at_fault_is_put_aside_and_the_next_one_is_read(
    messenger: World,
    letterbox: Letterbox,
    mailbox: Mailbox,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [mail] = mailbox.messages()
    back = address(messenger, Comes.ANSWER, "answers")
    letterbox.keep("smtp", "", [back], reply(mail, "poison"))
    letterbox.keep("smtp", "", [back], reply(mail, "STOP"))
    hears: Callable[..., Any] = _raise_at("poison")
    monkeypatch.setattr("services.messenger.handlers.replies.understand", hears)
    read_all(letterbox)
    assert len(told(messenger, "contact.unsubscribed")) == 1
    found = database.rows("SELECT state, reason FROM messenger.inbound ORDER BY state")
    assert found == [("done", None), ("failed", "fault")]


def _raise_at(word: str) -> Callable[..., Any]:
    from services.messenger.rules.replies import understand

    def hear(words: str, *rest: Any) -> Any:
        if word in words:
            raise KeyError(word)
        return understand(words, *rest)

    return hear


def test_a_maildir_is_emptied_once(
    messenger: World, letterbox: Letterbox, mailbox: Mailbox, tmp_path: Path
) -> None:
    [mail] = mailbox.messages()
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "1.a.host").write_bytes(reply(mail, "配信停止"))
    for _ in range(2):
        sweep(letterbox, tmp_path)
    read_all(letterbox)
    assert [file.name for file in (tmp_path / "cur").iterdir()] == ["1.a.host:2,S"]
    assert len(told(messenger, "contact.unsubscribed")) == 1
