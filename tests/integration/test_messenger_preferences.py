"""The preferences page: what it changes, and how it is on a phone, in three languages."""

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from messenger_world import START, World, mailing
from playwright.sync_api import Browser, Page, ViewportSize, expect

from rapport.demo.website import serving
from services.messenger.pages.wording import WORDS
from support.browser import assert_accessible
from support.database import Database
from support.mail import Mailbox

PHONE: ViewportSize = {"width": 360, "height": 740}


@pytest.fixture
def messenger(database: Database, mailbox: Mailbox) -> Iterator[World]:
    with mailing(database, mailbox) as made:
        yield made


def written(messenger: World, mailbox: Mailbox, locale: str = "en") -> str:
    """The path of the page that a letter leads to."""
    messenger.known_customer(locale=locale, city="Berlin")
    messenger.dispatch()
    messenger.ended()
    messenger.move_to(START + timedelta(minutes=1))
    found = re.search(r"https://m\.example(/preferences/[^\s\"<>]+)", mailbox.messages()[0]["html"])
    assert found is not None
    return found[1]


@pytest.fixture
def http(messenger: World) -> Iterator[TestClient]:
    with TestClient(messenger.api) as client:
        yield client


def told(messenger: World) -> list[dict[str, Any]]:
    messenger.flow()
    return [fact["data"]["changes"] for fact in messenger.of("contact.preference_changed")]


def next_end(messenger: World) -> dict[str, Any]:
    ends = ("message.sent", "message.refused", "message.failed", "message.unknown")
    messenger.an_hour_later()
    messenger.dispatch()
    end: dict[str, Any] = messenger.ended(len(messenger.of(*ends)) + 1)[-1]
    return end


ALL_PURPOSES = ["service", "collection", "retention", "marketing"]


def test_seldom_at_ones_hours_and_in_ones_language(
    messenger: World, mailbox: Mailbox, http: TestClient
) -> None:
    path = written(messenger, mailbox)
    form = {
        "do": "save",
        "purpose": ALL_PURPOSES,
        "max_a_week": "1",
        "hours": "17:00-21:00",
        "language": "ja",
        "by": "any",
    }
    page = http.post(path, data=form)
    assert 'lang="ja"' in page.text
    assert WORDS["ja"]["saved"] in page.text
    for _ in range(2):
        http.post(path, data=form)
    assert told(messenger) == [{"max_a_week": 1, "hours": "17:00-21:00", "language": "ja"}]
    refused = next_end(messenger)["data"]
    # One letter went out at 11:00 in Berlin on Monday: the next evening after a week.
    assert refused["rule"].startswith("preferences/")
    assert refused["not_before"] == "2026-03-09T16:00:00Z"
    # The publisher's idea of the language does not undo the customer's.
    messenger.known_customer(locale="en")
    messenger.move_to(START + timedelta(days=7, hours=7))
    assert next_end(messenger)["type"] == "message.sent"
    assert mailbox.messages()[-1]["headers"]["Content-Language"] == "ja"


def test_wishes_are_taken_back_and_what_is_not_spoken_of_stays(
    messenger: World, mailbox: Mailbox, http: TestClient
) -> None:
    path = written(messenger, mailbox)
    http.post(path, data={"do": "save", "purpose": ALL_PURPOSES, "max_a_week": "2", "hours": "x"})
    http.post(path, data={"do": "save", "purpose": ALL_PURPOSES})
    http.post(path, data={"do": "save", "purpose": ALL_PURPOSES, "max_a_week": "any"})
    assert told(messenger) == [{"max_a_week": 2}, {"max_a_week": None}]


def test_another_way_shuts_this_one_and_opens_it_again(
    messenger: World, mailbox: Mailbox, http: TestClient
) -> None:
    path = written(messenger, mailbox)
    http.post(path, data={"do": "save", "purpose": ALL_PURPOSES, "by": "sms"})
    assert next_end(messenger)["data"]["reason"] == "suppressed:by_another_way"
    http.post(path, data={"do": "save", "purpose": ALL_PURPOSES, "by": "any"})
    assert next_end(messenger)["type"] == "message.sent"
    assert told(messenger) == [{"email/*": "off"}, {"email/*": "on"}]


def test_a_break_of_a_week_or_a_month(messenger: World, mailbox: Mailbox, http: TestClient) -> None:
    path = written(messenger, mailbox)
    http.post(path, data={"do": "not_now_7"})
    http.post(path, data={"do": "not_now_30"})
    assert [one["not_before"][:10] for one in told(messenger)] == ["2026-03-09", "2026-04-01"]
    assert next_end(messenger)["data"]["not_before"][:10] == "2026-04-01"


def test_what_is_known_is_told_and_the_address_is_masked(
    messenger: World, mailbox: Mailbox, http: TestClient
) -> None:
    text = http.get(written(messenger, mailbox)).text
    assert "Ana Berg" in text
    assert "c•••@example.com" in text
    assert "c-1@example.com" not in text
    assert "Berlin, DE, Europe/Berlin" in text
    assert "2026-03-02 · Missed payments" in text


@pytest.mark.parametrize("language", ["en", "zh", "ja"])
def test_the_page_on_a_phone_without_a_script(
    messenger: World, mailbox: Mailbox, chromium: Browser, language: str
) -> None:
    path, words = written(messenger, mailbox, language), WORDS[language]
    with (
        serving(messenger.api) as base,
        chromium.new_context(viewport=PHONE, java_script_enabled=False) as context,
    ):
        page = context.new_page()
        page.goto(base + path)
        expect(page.get_by_role("heading", level=1)).to_have_text(words["prefs_title"])
        _photograph(page, f"preferences-{language}-1")
        page.get_by_label(words["purpose_marketing"]).uncheck()
        page.get_by_label(words["often"], exact=True).select_option("1")
        page.get_by_label(words["hours"], exact=True).select_option("17:00-21:00")
        page.get_by_role("button", name=words["save"], exact=True).click()
        expect(page.get_by_role("status")).to_have_text(words["saved"])
        expect(page.get_by_label(words["often"], exact=True)).to_have_value("1")
        page.get_by_text(words["known_title"], exact=True).click()
        _photograph(page, f"preferences-{language}-2")
        page.get_by_role("button", name=words["not_now"].format(days=7)).click()
        expect(page.get_by_role("status")).to_contain_text("2026-03-09")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_anyones_way(
    messenger: World, mailbox: Mailbox, chromium: Browser, scheme: Any
) -> None:
    path = written(messenger, mailbox)
    with (
        serving(messenger.api) as base,
        chromium.new_context(viewport=PHONE, color_scheme=scheme) as context,
    ):
        page = context.new_page()
        page.goto(base + path)
        page.locator("summary").click()
        assert_accessible(page)
        page.keyboard.press("Tab")
        outline = "e => getComputedStyle(e).outlineStyle"
        page.locator("input").first.focus()
        assert page.locator("input").first.evaluate(outline) == "solid"


def _photograph(page: Page, name: str) -> None:
    """It fits a phone; a picture is kept where SCREENSHOTS names a folder."""
    assert page.locator("html").evaluate("e => e.scrollWidth") <= PHONE["width"]
    for target in page.locator("button:visible, summary:visible, select:visible").all():
        box = target.bounding_box()
        assert box is not None
        assert box["height"] >= 44
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
