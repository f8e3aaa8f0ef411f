"""The portal in a real browser at a phone's width, without a script, in three languages."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from negotiator_world import ANSWERS, World, world_of
from playwright.sync_api import Browser, Page, Route, ViewportSize, expect

from rapport.demo.website import serving
from services.negotiator.pages.wording import words
from support.browser import assert_accessible
from support.database import Database

PHONE: ViewportSize = {"width": 360, "height": 740}
TARGETS = "button:visible, summary:visible, input:visible, select:visible, textarea:visible"


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    yield from world_of(database)


@pytest.mark.parametrize(("language", "locale"), [("en", "en-GB"), ("zh", "zh-CN"), ("ja", "ja")])
def test_bills_on_a_phone_without_a_script(
    world: World, chromium: Browser, language: str, locale: str
) -> None:
    token, texts = _reminded(world, locale), words(language)
    with (
        serving(world.api) as base,
        chromium.new_context(viewport=PHONE, java_script_enabled=False, locale=locale) as context,
    ):
        page = context.new_page()
        page.goto(f"{base}/p/{token}?lang={language}")
        _photograph(page, f"{language}-1-door")
        for kind, answer in ANSWERS.items():
            page.locator(f"#{kind}").fill(answer)
        page.get_by_role("button", name=texts["verify"]["submit"]).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(texts["account"]["title"])
        _photograph(page, f"{language}-2-bills")

        page.get_by_role("link", name="Brightwater").click()
        _fits(page)
        page.get_by_text(texts["bill"]["later"], exact=True).click()
        page.locator("#later").fill("2026-03-20")
        _photograph(page, f"{language}-3-later")
        page.get_by_role("button", name=texts["bill"]["later_submit"]).click()
        expect(page.get_by_role("status")).to_have_text(texts["notices"]["requested"])
        expect(page.locator(".answers li")).to_have_count(1)
        _photograph(page, f"{language}-4-requested")

        # By keyboard alone: the day of the month, and a question.
        summary = page.get_by_text(texts["bill"]["own_day"], exact=True)
        summary.focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.type("28")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator(".answers li")).to_have_count(2)
        (asked, day) = world.facts("request.made")
        assert asked["data"]["details"] == {"due_date": "2026-03-20"}
        assert day["data"]["details"] == {"day": 28}

        world.applied("request.answered", request_id=asked["data"]["request_id"], answer="accepted")
        page.reload()
        _photograph(page, f"{language}-5-answered")
        page.get_by_text(texts["question"]["open"], exact=True).click()
        page.locator("#text").fill("?")
        page.get_by_role("button", name=texts["question"]["submit"]).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(texts["question_asked"]["title"])
        _photograph(page, f"{language}-6-question")


def test_a_phone_that_sends_an_absurd_date_says_so(world: World, chromium: Browser) -> None:
    token = _reminded(world, "en-GB")
    with (
        serving(world.api) as base,
        chromium.new_context(viewport=PHONE, java_script_enabled=False) as context,
    ):
        page = context.new_page()
        page.goto(f"{base}/p/{token}?lang=en")
        for kind, answer in ANSWERS.items():
            page.locator(f"#{kind}").fill(answer)
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("link", name="Brightwater").click()
        # An older browser shows a text field instead: whatever is typed is sent.
        page.route("**/ask", _send_another_date)
        page.get_by_text("Ask for a later date").click()
        page.locator("#later").fill("2026-03-20")
        page.get_by_role("button", name="Ask for this date").click()
        expect(page.get_by_role("status")).to_contain_text("isn't possible")
        expect(page.locator("#later")).to_be_visible()
        _photograph(page, "en-7-absurd")
        assert world.facts("request.made") == []


def _send_another_date(route: Route) -> None:
    route.continue_(post_data=(route.request.post_data or "").replace("2026-", "1926-"))


def _reminded(world: World, locale: str) -> str:
    """A customer with bills in all states, a subscription and a payment; the mail's token."""
    token = world.reminded(locale=locale)
    world.missed("b-2")
    world.due_soon("b-3", creditor="Alpenhof Versicherung", amount_minor=123_456, autopay=True)
    world.applied(
        "subscription.expiring", subscription_id="s-1", plan="Lantern, four screens",
        expires_on="2026-04-30", price_minor=1_199, currency="EUR", auto_renew=True,
    )  # fmt: skip
    world.paid(2_000, 8_000, payment_id="p-1")
    return token


def _fits(page: Page) -> None:
    """Nothing sticks out of the screen's width, and whatever is tapped is large enough."""
    assert page.locator("html").evaluate("e => e.scrollWidth") <= PHONE["width"]
    for target in page.locator(TARGETS).all():
        box = target.bounding_box()
        assert box is not None
        assert box["height"] >= 24


def _photograph(page: Page, name: str) -> None:
    """Check that the page fits and is accessible; SCREENSHOTS names a folder for pictures."""
    _fits(page)
    assert_accessible(page)
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
