"""Mail that comes in: what kind it is, what it says, and what is not worth reading."""

from email.message import EmailMessage
from time import perf_counter

import pytest

from services.messenger.inbound.reading import Incoming, Unreadable, read
from services.messenger.mail import Identity
from services.messenger.return_path import CameBack, Comes, ReturnPath
from services.messenger.rules.bounces import counts_as, kind_of, status_in
from services.runtime.security import Signer

ID = "4f660702-5801-5112-8649-c38d587a67bd"
PATH = ReturnPath(Signer("a secret of the tests"))


def mail(text: str = "STOP", **headers: str) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "Ana <ana@example.com>", "a@b.example", "Re: Bill"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made


def said(content: bytes | EmailMessage) -> Incoming:
    return read(content if isinstance(content, bytes) else content.as_bytes())


BOUNCE = b"""From: MAILER-DAEMON@mx.example
To: returns@b.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

I could not deliver it.

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; ana@example.com
Action: %(action)s
Status: %(status)s
Diagnostic-Code: smtp; %(told)s

--B
Content-Type: text/rfc822-headers

Message-ID: <4f660702-5801-5112-8649-c38d587a67bd@mail.b.example>
Subject: Bill

--B--
"""


def bounce(status: bytes, told: bytes = b"550 sorry", action: bytes = b"failed") -> bytes:
    return BOUNCE % {b"action": action, b"status": status, b"told": told}


COMPLAINT = b"""From: fbl@mx.example
To: returns@b.example
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="B"

--B
Content-Type: text/plain

This is an abuse report.

--B
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Loop/1.0
Version: 1

--B
Content-Type: message/rfc822

From: care@b.example
Message-ID: <4f660702-5801-5112-8649-c38d587a67bd@mail.b.example>
Subject: Bill

Words.

--B--
"""


class TestReplies:
    def test_a_plain_one_is_read_with_what_it_answers(self) -> None:
        one = said(mail(In_Reply_To=f"<{ID}@m.example>", References=f"<x@y> <{ID}@m.example>"))
        assert one.text.strip() == "STOP"
        assert (one.sender, one.references, one.automatic) == ("ana@example.com", (ID, "x"), False)

    @pytest.mark.parametrize(
        ("charset", "text"),
        [("iso-2022-jp", "配信停止"), ("gb2312", "退订"), ("shift_jis", "停止"), ("utf-8", "退訂"),
         ("big5", "停止")],
    )  # fmt: skip
    def test_charsets_of_the_three_languages(self, charset: str, text: str) -> None:
        head = f"Content-Type: text/plain; charset={charset}\nFrom: a@b.example\n\n".encode()
        assert said(head + text.encode(charset)).text == text

    @pytest.mark.parametrize(
        "charset", ["no-such-charset", "utf-7", "", "ascii", "x" * 500, "\x00"]
    )
    def test_a_wrong_charset_is_no_fault(self, charset: str) -> None:
        head = f'Content-Type: text/plain; charset="{charset}"\n\n'.encode()
        assert "STOP" in said(head + b"STOP \xff\xfe\x80").text

    def test_html_is_read_as_people_do(self) -> None:
        made = EmailMessage()
        made.set_content(
            "<head><style>p{}</style></head><p>Hello<br>please <b>stop</b>&#33;</p>"
            '<div class="gmail_quote"><div>On Monday</div><p>Unsubscribe</p></div>'
            "<blockquote>Unsubscribe</blockquote><script>x</script>",
            subtype="html",
        )
        assert said(made).text == "Hello\nplease stop!"

    def test_attachments_are_counted_and_not_looked_at(self) -> None:
        made = mail("paid, see the receipt")
        made.add_attachment(b"PK\x03\x04" * 1000, maintype="application", subtype="zip")
        made.add_attachment("STOP", filename="stop.txt")
        one = said(made)
        assert (one.text.strip(), one.attachments) == ("paid, see the receipt", 2)

    @pytest.mark.parametrize("header", ["Auto-Submitted: auto-replied", "Precedence: bulk",
                                        "X-Autoreply: yes"])  # fmt: skip
    def test_an_answer_in_absence_is_no_answer(self, header: str) -> None:
        name, _, value = header.partition(": ")
        assert said(mail("I am away", **{name.replace("-", "_"): value})).automatic

    def test_what_a_person_writes_comes_before_the_first_mebibyte(self) -> None:
        made = mail("stop")
        made.add_attachment(b"\0" * (3 << 20), maintype="image", subtype="png")
        assert said(made).text.strip() == "stop"


class TestBombs:
    @pytest.mark.parametrize(
        "content",
        [
            b"".join(
                b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n)
                for n in range(5000)
            ),
            b"Content-Type: message/rfc822\n\n" * 3000,
            b'Content-Type: multipart/mixed; boundary="b"\n\n' + b"--b\n\nx\n" * 50_000 + b"--b--",
            b"".join(
                b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n)
                for n in range(60)
            ),
        ],
        ids=["multiparts", "mails", "parts", "sixty"],
    )
    def test_nothing_nested_is_followed_for_long(self, content: bytes) -> None:
        began = perf_counter()
        with pytest.raises(Unreadable, match="nested_too_deep"):
            read(content)
        assert perf_counter() - began < 3

    @pytest.mark.parametrize(
        "content",
        [
            b"", b"\x00" * 10_000, b"\xff" * 10_000, b"Subject: =?x?q?=?=\n\n", b"From: \n\n\n",
            b"Content-Transfer-Encoding: base64\n\n%%%%", b": : :\n\n", b"A" * (2 << 20),
            b"Content-Type: multipart/report; report-type=delivery-status\n\n",
            b'Content-Type: multipart/report; boundary="B"\n\n--B\n'
            b"Content-Type: message/delivery-status\n\n\xff\xfe\n--B--",
            b'Content-Type: multipart/report; boundary="B"\n\n--B\n'
            b"Content-Type: message/feedback-report\n\n\n--B--",
            b"Content-Type: text/html\n\n" + b"<div>" * 100_000,
            b"Subject: " + b"=?utf-8?b?" * 5000 + b"\n\n",
            b"From: " + b"(" * 50_000 + b"\n\n", b"To: " + b"a@b.example, " * 20_000 + b"\n\n",
            b"In-Reply-To: " + b"<" * 50_000 + b"\n\n",
        ],
    )  # fmt: skip
    def test_rubbish_is_read_or_refused_and_quickly(self, content: bytes) -> None:
        began = perf_counter()
        try:
            read(content)
        except Unreadable as refused:
            assert refused.args[0] in ("malformed", "nested_too_deep")  # noqa: PT017
        assert perf_counter() - began < 3


class TestReports:
    def test_a_bounce_tells_its_status_and_its_message(self) -> None:
        one = said(bounce(b"5.1.1"))
        assert one.bounce == ("failed", "5.1.1")
        assert one.references == (ID,)

    def test_what_the_other_side_said_is_worth_more_than_nothing(self) -> None:
        assert said(bounce(b"5.0.0", b"550 5.1.1 no such user")).bounce == ("failed", "5.1.1")
        assert said(bounce(b"rubbish", b"552 5.2.2 full")).bounce == ("failed", "5.2.2")

    def test_a_delay_is_no_failure_and_a_delivery_is_told(self) -> None:
        assert said(bounce(b"4.4.1", action=b"delayed")).bounce == ("delayed", "4.4.1")
        assert said(bounce(b"2.0.0", action=b"delivered")).bounce == ("delivered", "2.0.0")

    def test_a_complaint_is_one(self) -> None:
        one = said(COMPLAINT)
        assert one.complaint == ("abuse",)
        assert one.references == (ID,)
        assert one.bounce is None

    def test_a_reply_is_neither(self) -> None:
        one = said(mail("My mail server said 550 5.1.1 yesterday"))
        assert (one.bounce, one.complaint) == (None, None)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("5.1.1", "hard"), ("5.1.2", "hard"), ("5.1.3", "hard"), ("5.1.6", "hard"),
        ("5.1.10", "hard"), ("5.2.1", "hard"), ("5.2.2", "soft"), ("4.2.2", "soft"),
        ("4.1.1", "soft"), ("5.0.0", "soft"), ("5.3.4", "soft"), ("5.4.4", "soft"),
        ("5.7.1", "block"), ("5.7.515", "block"), ("4.7.0", "block"), ("5.1.0", "soft"),
        ("5.5.0", "soft"), (None, "soft"), ("nonsense", "soft"), ("2.0.0", "soft"),
    ],
)  # fmt: skip
def test_status_codes_are_sorted(status: str | None, kind: str) -> None:
    assert kind_of(status) == kind


def test_soft_ones_that_go_on_are_hard_and_blocks_never_are() -> None:
    assert [counts_as("soft", n, 3) for n in (1, 2, 3, 4)] == ["soft", "soft", "hard", "hard"]
    assert counts_as("block", 9, 3) == "block"


def test_a_status_is_found_in_a_line() -> None:
    assert status_in("smtp; 550-5.1.1 The account does not exist") == "5.1.1"
    assert status_in("sent from 10.5.1.12 at 5.13") is None


class TestReturnPath:
    @pytest.mark.parametrize("comes", list(Comes))
    def test_an_address_tells_its_message_in_any_case_of_letters(self, comes: Comes) -> None:
        address = PATH.address("answers@b.example", comes, ID)
        assert PATH.read(address) == PATH.read(address.upper()) == CameBack(comes, ID)
        assert len(address.partition("@")[0]) <= 64

    @pytest.mark.parametrize("at", [8, 20, 33, 34, 49])
    def test_a_changed_one_tells_nothing(self, at: int) -> None:
        address = PATH.address("answers@b.example", Comes.ANSWER, ID)
        other = "b" if address[at] != "b" else "c"
        assert PATH.read(address[:at] + other + address[at + 1 :]) is None

    @pytest.mark.parametrize("address", ["", "answers@b.example", f"a+{'a' * 42}@b.example", "é"])
    def test_a_forged_one_tells_nothing(self, address: str) -> None:
        assert PATH.read(address) is None

    def test_another_secret_makes_another_address(self) -> None:
        other = ReturnPath(Signer("another secret"))
        assert other.read(PATH.address("a@b.example", Comes.ANSWER, ID)) is None

    def test_what_does_not_fit_stays_as_it_is(self) -> None:
        long = "a" * 40 + "@b.example"
        assert PATH.address(long, Comes.ANSWER, ID) == long
        assert PATH.address("a@b.example", Comes.ANSWER, "m-1") == "a@b.example"

    def test_a_senders_addresses_are_all_made_traceable(self) -> None:
        identity = Identity("B", "c@b.example", "a@b.example", "u@b.example", "m.b", "r@b.example")
        made = PATH.traceable(identity, ID)
        back = [
            PATH.read(one or "") for one in (made.reply_to, made.unsubscribe_to, made.returns_to)
        ]
        assert [one.comes for one in back if one] == [Comes.ANSWER, Comes.OPT_OUT, Comes.BOUNCE]
        assert made.address == "c@b.example"
