"""One mail as bytes: readable by any program, the same each time, and nothing injectable."""

from contextlib import suppress
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.common import normal_email
from services.messenger.mail import (
    Draft,
    Identity,
    UnusableAddress,
    compose,
    content_hash,
    normal_address,
    usable_address,
)
from services.messenger.mime import quoted

IDENTITY = Identity(
    "Müller & Söhne", "care@bank.example", "answers@bank.example", "stop@bank.example", "m.example"
)
UNSUBSCRIBE = "https://mail.bank.example/u/" + "t" * 180


def draft(**changes: object) -> Draft:
    values: dict[str, object] = {
        "message_id": "0190-ab",
        "name": "Hanako Tanaka",
        "email": "hanako@example.com",
        "locale": "ja",
        "subject": "お支払いのお知らせ",
        "text": "こんにちは\n.\nfrom here",
        "html_quoted": quoted("<p>こん") + quoted("にちは</p>"),
        "unsubscribe_url": UNSUBSCRIBE,
        "date": datetime(2026, 3, 2, 9, tzinfo=UTC),
    }
    return Draft(**(values | changes))  # type: ignore[arg-type]


def parsed(one: Draft) -> EmailMessage:
    message = message_from_bytes(compose(one, IDENTITY).copy, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def test_headers_say_who_when_and_how_to_stop() -> None:
    mail = parsed(draft())
    assert mail["Date"] == "Mon, 02 Mar 2026 09:00:00 +0000"
    assert mail["From"] == "Müller & Söhne <care@bank.example>"
    assert mail["To"] == "Hanako Tanaka <hanako@example.com>"
    assert mail["Reply-To"].addresses[0].addr_spec == "answers@bank.example"
    assert mail["Message-ID"] == "<0190-ab@m.example>"
    assert mail["List-Unsubscribe"].startswith(f"<{UNSUBSCRIBE}>, <mailto:stop@bank.example")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Auto-Submitted"] == "auto-generated"


def test_both_parts_come_through_whole() -> None:
    mail = parsed(draft())
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines() == ["こんにちは", ".", "from here"]
    assert html.get_content().strip() == "<p>こんにちは</p>"
    assert mail.get_content_type() == "multipart/alternative"


def test_the_same_draft_gives_the_same_bytes() -> None:
    assert compose(draft(), IDENTITY) == compose(draft(), IDENTITY)
    assert content_hash(compose(draft(), IDENTITY).copy) != content_hash(
        compose(draft(text="other"), IDENTITY).copy
    )


def test_the_copy_is_seven_bit_with_lines_that_smtp_allows() -> None:
    copy = compose(draft(subject="長" * 300, name="名" * 300), IDENTITY).copy
    assert copy.isascii()
    assert max(len(line) for line in copy.split(b"\r\n")) <= 998
    assert b"\n" not in copy.replace(b"\r\n", b"")


@given(st.text(max_size=120), st.text(max_size=250), st.text(max_size=20))
def test_no_text_becomes_a_header(name: str, subject: str, locale: str) -> None:
    evil = "\r\nBcc: eve@example.com"
    mail = parsed(draft(name=name + evil, subject=subject + evil, locale=locale + evil))
    assert mail["Bcc"] is None
    assert sorted(mail.keys()) == sorted(parsed(draft()).keys())
    assert [one.addr_spec for one in mail["To"].addresses] == ["hanako@example.com"]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=80))
def test_a_name_is_read_as_it_was_written(name: str) -> None:
    mail = parsed(draft(name=name))
    shown = mail["To"].addresses[0].display_name
    assert "\n" not in shown
    if name.isalpha() and name.isascii():
        assert shown == name


@pytest.mark.parametrize(
    "address",
    [
        "eve@example.com\r\nBcc: x@example.com", "eve@example.com, x@example.com", "eve",
        "<eve@example.com>", "eve@@example.com", "eve@localhost", "e ve@example.com",
        "@example.com",
        "eve@exa mple.com", "eve@example..com", ".eve@example.com", "e..ve@example.com",
        "eve\x00@example.com", "x" * 65 + "@example.com", "eve@" + "x" * 64 + ".com",
    ],
)  # fmt: skip
def test_only_one_plain_address_is_written_to(address: str) -> None:
    with pytest.raises(UnusableAddress) as refused:
        usable_address(address)
    assert address not in str(refused.value)


def test_international_domains_travel_in_ascii() -> None:
    assert usable_address("hanako@例え.jp") == "hanako@xn--r8jz45g.jp"
    assert normal_address("Ana@Example.COM") == "ana@example.com"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ana@Example.COM", "ana@example.com"),
        ("ana@BÜCHER.example", "ana@xn--bcher-kva.example"),
        ("STRASSE@x.de", "straße@x.de"),
    ],
)
def test_one_mailbox_has_one_form(one: str, other: str) -> None:
    assert normal_email(one) == normal_email(other) == normal_address(one)


@given(st.from_regex(r"[\w.+-]{1,20}@[\w-]{1,20}(\.[\w-]{1,9}){0,2}", fullmatch=True))
def test_whoever_hashes_an_address_hashes_the_same(address: str) -> None:
    once = normal_email(address)
    assert normal_email(once) == once
    with suppress(UnusableAddress):
        assert normal_address(address) == once
