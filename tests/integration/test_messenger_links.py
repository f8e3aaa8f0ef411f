"""What customers and mail programs do with a letter's links, and what the log is told."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from messenger_world import START, World, first_mail, link, mailing

from support.database import Database
from support.mail import Mailbox

PERSON = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def messenger(database: Database, mailbox: Mailbox) -> Iterator[World]:
    with mailing(database, mailbox) as made:
        yield made


@pytest.fixture
def http(messenger: World) -> Iterator[TestClient]:
    with TestClient(messenger.api, headers=PERSON, follow_redirects=False) as client:
        yield client


@pytest.fixture
def mail(messenger: World, mailbox: Mailbox) -> dict[str, Any]:
    return first_mail(messenger, mailbox)


def path(url: str) -> str:
    return urlsplit(url).path


def stop_url(mail: dict[str, Any]) -> str:
    found = re.match(r"<(https://[^>]+)>", mail["headers"]["List-Unsubscribe"])
    assert found is not None
    return path(found[1])


class TestLinks:
    def test_a_click_leads_to_the_portal_and_is_told(
        self, messenger: World, http: TestClient, mail: dict[str, Any]
    ) -> None:
        answer = http.get(link(mail, "t/c"))
        assert answer.status_code == 302
        assert answer.headers["location"].startswith("https://m.example/p/")
        [clicked] = messenger.told("message.clicked")
        assert (clicked["link"], clicked["machine"]) == ("portal", False)
        [intended] = messenger.told("message.intended")
        assert clicked["step_id"] == intended["step_id"]

    def test_a_second_click_is_counted_and_not_told_again(
        self, messenger: World, http: TestClient, mail: dict[str, Any], database: Database
    ) -> None:
        for _ in range(3):
            http.get(link(mail, "t/c"))
        assert len(messenger.told("message.clicked")) == 1
        assert database.rows("SELECT times FROM messenger.interaction") == [(3,)]

    def test_an_open_gives_a_picture_and_is_told(
        self, messenger: World, http: TestClient, mail: dict[str, Any]
    ) -> None:
        answer = http.get(link(mail, "t/o"))
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
        assert len(answer.content) == 43
        assert messenger.told("message.opened") == [
            {"message_id": messenger.told("message.opened")[0]["message_id"], "machine": False}
        ]

    def test_a_picture_fetched_at_once_is_a_machines(
        self, messenger: World, http: TestClient, mail: dict[str, Any]
    ) -> None:
        messenger.move_to(START + timedelta(seconds=1))
        http.get(link(mail, "t/o"))
        assert messenger.told("message.opened")[0]["machine"] is True

    def test_links_followed_all_at_once_are_a_scanners(
        self, messenger: World, http: TestClient, mail: dict[str, Any]
    ) -> None:
        http.get(link(mail, "t/c"))
        http.get(link(mail, "t/f"))
        seen = [(one["link"], one["machine"]) for one in messenger.told("message.clicked")]
        assert seen[0] == ("portal", False)
        assert seen[1][1] is True

    def test_whoever_follows_what_no_reader_sees_is_a_scanner_and_so_were_the_clicks_around(
        self, messenger: World, http: TestClient, mail: dict[str, Any]
    ) -> None:
        honeypot = link(mail, "t/n")
        assert "/t/n/" not in mail["text"]
        http.get(link(mail, "t/c"))
        later = messenger.context.clock.now() + timedelta(seconds=5)
        messenger.move_to(later)
        page = http.get(honeypot)
        assert (page.status_code, page.headers.get("location")) == (200, None)
        http.get(honeypot)
        seen = [
            (one["link"], one["machine"], one["corrects"])
            for one in messenger.told("message.clicked")
        ]
        assert seen == [
            ("portal", False, False),
            ("portal", True, True),
            ("honeypot", True, False),
        ]
        # Long after, a person may come.
        messenger.move_to(later + timedelta(minutes=1))
        http.get(link(mail, "t/c"))
        assert messenger.told("message.clicked")[-1]["machine"] is False

    @pytest.mark.parametrize("kind", ["t/c", "t/o", "t/f", "t/n", "u", "preferences"])
    @pytest.mark.usefixtures("mail")
    def test_a_forged_link_is_a_plain_page_and_does_nothing(
        self, messenger: World, http: TestClient, kind: str
    ) -> None:
        messenger.flow()
        before = len(messenger.facts)
        for token in ("x", "a.b.c", "%00", "é"):
            suffix = ".gif" if kind == "t/o" else ""
            answer = http.get(f"/{kind}/{token}{suffix}")
            assert answer.status_code == 404
            assert "no longer works" in answer.text
        assert http.post("/u/x", data=ONE_CLICK).status_code == 404
        assert http.post("/t/f/x", data={"helpful": "yes"}).status_code == 404
        messenger.flow()
        assert len(messenger.facts) == before

    def test_an_expired_link_says_so(
        self, messenger: World, http: TestClient, mail: dict[str, Any]
    ) -> None:
        messenger.move_to(START + timedelta(days=200))
        assert http.get(link(mail, "t/c")).status_code == 410
        assert messenger.told("message.clicked") == []

    def test_a_link_of_a_message_that_is_gone_is_a_plain_page(
        self, http: TestClient, mail: dict[str, Any], database: Database
    ) -> None:
        database.rows("DELETE FROM messenger.message")
        for kind in ("t/c", "t/o", "t/f", "u", "preferences"):
            assert http.get(link(mail, kind)).status_code == 404

    @pytest.mark.usefixtures("mail")
    def test_a_target_that_is_allowed_no_more_is_not_followed(
        self, messenger: World, http: TestClient, database: Database
    ) -> None:
        [(message_id,)] = database.rows("SELECT message_id FROM messenger.message")
        now = messenger.context.clock.now()
        database.rows("""UPDATE messenger.message SET links = '{"pay": "https://evil.example"}'""")
        for name in ("pay", "portal", "nowhere"):
            url = messenger.links.click(message_id, name, now)
            assert http.get(path(url)).status_code == 404


class TestOptingOut:
    @pytest.mark.parametrize("form", ["urlencoded", "multipart"])
    def test_one_click_stops_at_once_and_is_idempotent(
        self, messenger: World, http: TestClient, mail: dict[str, Any], form: str
    ) -> None:
        def click() -> Response:
            answer: Response = (
                http.post(stop_url(mail), files={"List-Unsubscribe": (None, "One-Click")})
                if form == "multipart"
                else http.post(stop_url(mail), data=ONE_CLICK)
            )
            return answer

        for answer in (click(), click()):
            assert answer.status_code == 200
            assert "set-cookie" not in answer.headers
        [left] = messenger.told("contact.unsubscribed")
        assert (left["channel"], left["purpose"], left["via"]) == (
            "email",
            "collection",
            "one_click",
        )
        refused = messenger.next_end()
        assert refused["data"]["reason"] == "suppressed:unsubscribed"

    def test_looking_changes_nothing(
        self, messenger: World, http: TestClient, mail: dict[str, Any]
    ) -> None:
        page = http.get(stop_url(mail))
        assert page.status_code == 200
        assert '<form method="post">' in page.text
        assert messenger.told("contact.unsubscribed") == []
        assert messenger.next_end()["type"] == "message.sent"

    @pytest.mark.parametrize(
        ("locale", "words"), [("ja-JP", "停止しますか"), ("zh-Hans-CN", "不再接收"), ("fr", "Stop")]
    )
    def test_the_page_speaks_the_readers_language(
        self, messenger: World, http: TestClient, mailbox: Mailbox, locale: str, words: str
    ) -> None:
        messenger.known_customer(locale=locale)
        messenger.dispatch()
        messenger.ended()
        assert words in http.get(stop_url(mailbox.messages()[0])).text

    def test_the_page_can_stop_everything(
        self, messenger: World, http: TestClient, mail: dict[str, Any]
    ) -> None:
        http.post(stop_url(mail), data={"from": "page", "all": "yes"})
        [left] = messenger.told("contact.unsubscribed")
        assert (left["purpose"], left["via"]) == ("*", "page")


class TestPreferences:
    def test_purposes_go_off_and_on(
        self, messenger: World, http: TestClient, mail: dict[str, Any]
    ) -> None:
        page = link(mail, "preferences")
        http.post(page, data={"do": "save", "purpose": ["service", "retention"]})
        assert {one["purpose"] for one in messenger.told("contact.unsubscribed")} == {
            "collection",
            "marketing",
        }
        assert http.get(page).text.count(" checked>") == 2
        http.post(page, data={"do": "save", "purpose": ["service", "collection"]})
        assert messenger.told("contact.preference_changed") == [
            {"changes": {"email/collection": "on"}}
        ]
        assert messenger.next_end()["type"] == "message.sent"

    def test_everything_off_and_one_on_again(
        self, messenger: World, http: TestClient, mail: dict[str, Any]
    ) -> None:
        page = link(mail, "preferences")
        http.post(page, data={"do": "off"})
        assert " checked>" not in http.get(page).text
        assert messenger.next_end()["type"] == "message.refused"
        http.post(page, data={"do": "save", "purpose": ["collection"]})
        assert http.get(page).text.count(" checked>") == 1
        assert messenger.next_end()["type"] == "message.sent"

    def test_not_now_is_a_break_with_an_end(
        self, messenger: World, http: TestClient, mail: dict[str, Any]
    ) -> None:
        http.post(link(mail, "preferences"), data={"do": "not_now"})
        refused = messenger.next_end()["data"]
        until = (START + timedelta(days=14, minutes=1)).isoformat().replace("+00:00", "Z")
        assert (refused["reason"], refused["not_before"]) == ("suppressed:not_now", until)

    def test_feedback_is_told_once(
        self, messenger: World, http: TestClient, mail: dict[str, Any]
    ) -> None:
        for _ in range(2):
            http.post(link(mail, "preferences"), data={"do": "helped"})
        assert [one["helpful"] for one in messenger.told("feedback.given")] == [True]

    def test_looking_changes_nothing_and_nonsense_is_refused(
        self, messenger: World, http: TestClient, mail: dict[str, Any]
    ) -> None:
        messenger.flow()
        before = len(messenger.facts)
        assert http.get(link(mail, "preferences")).status_code == 200
        assert http.post(link(mail, "preferences"), data={"do": "x"}).status_code == 422
        messenger.flow()
        assert len(messenger.facts) == before


class TestFeedback:
    def test_looking_records_the_click_and_nothing_else(
        self, messenger: World, http: TestClient, mail: dict[str, Any]
    ) -> None:
        page = http.get(link(mail, "t/f"))
        assert page.status_code == 200
        assert '<button class="main" name="helpful" value="yes">' in page.text
        assert "<script" not in page.text
        [clicked] = messenger.told("message.clicked")
        assert (clicked["link"], clicked["machine"]) == ("helped", False)
        assert messenger.told("feedback.given") == []

    def test_the_last_answer_counts_and_the_same_again_is_not_told(
        self, messenger: World, http: TestClient, mail: dict[str, Any]
    ) -> None:
        for answer in ("yes", "yes", "no", "no", "yes"):
            page = http.post(link(mail, "t/f"), data={"helpful": answer})
            assert page.status_code == 200
        given = messenger.told("feedback.given")
        assert [one["helpful"] for one in given] == [True, False, True]
        [intended] = messenger.of("message.intended")
        assert {one["message_id"] for one in given} == {intended["data"]["message_id"]}
        assert "Thank you" in page.text

    def test_each_tapped_answer_comes_first(self, http: TestClient, mail: dict[str, Any]) -> None:
        urls = re.findall(r"https://m\.example(/t/f/[^\s\"<>]+)", mail["html"])
        found = [re.findall(r'name="helpful" value="(\w+)"', http.get(url).text) for url in urls]
        assert found == [["yes", "no"], ["no", "yes"]]

    @pytest.mark.parametrize("sent", [{}, {"helpful": "maybe"}])
    def test_nonsense_is_refused(
        self, messenger: World, http: TestClient, mail: dict[str, Any], sent: dict[str, str]
    ) -> None:
        assert http.post(link(mail, "t/f"), data=sent).status_code == 422
        assert messenger.told("feedback.given") == []

    @pytest.mark.parametrize(
        ("locale", "words"), [("ja-JP", "お役に立ちましたか"), ("zh-Hans-CN", "对您有帮助吗")]
    )
    def test_mail_and_page_ask_in_the_readers_language(
        self, messenger: World, http: TestClient, mailbox: Mailbox, locale: str, words: str
    ) -> None:
        messenger.known_customer(locale=locale)
        messenger.dispatch()
        messenger.ended()
        [mail] = mailbox.messages()
        assert words in mail["html"]
        assert words in mail["text"]
        assert words in http.get(link(mail, "t/f")).text
