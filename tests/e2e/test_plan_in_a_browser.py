"""A plan from the first letter to the last payment: in a browser, on a phone, without a script.

Time stands still: whatever is answered at once needs none of it.
"""

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from e2e.conftest import Launch
from e2e.visitor import link_with
from rapport.checkout import StandInCheckout
from rapport.checkout.app import WORDS as CHECKOUT
from services.negotiator.pages.wording import words
from services.runtime.clock import Clock
from support.browser import assert_accessible
from support.polling import poll_until
from support.system import Fact, System, Topic, event, free_ports, of, wait_for

START = datetime.fromisoformat("2026-03-02T10:00+01:00")
"""A Monday morning in Berlin."""
NEVER = 4e9
PHONE: ViewportSize = {"width": 360, "height": 740}
CUSTOMERS = {"en": "en-GB", "zh": "zh-CN", "ja": "ja-JP"}
SECRETS = {"last_digits": "4711", "birth_year": "1984", "passphrase": "blue harbour"}


@pytest.mark.brokers("kafka")
def test_a_plan_is_built_countered_agreed_paid_and_its_reminders_stop(
    launch: Launch, chromium: Browser
) -> None:
    ports = free_ports()
    clock = Clock(START.astimezone(UTC), 1.0, NEVER)
    notify = f"http://127.0.0.1:{ports + 4}/payments/webhook"
    with StandInCheckout(notify, {**os.environ, "CLOCK": clock.text()}) as checkout:
        paying = {"PAYMENT_CHECKOUT_URL": checkout.url, "PAYMENT_SECRET": checkout.secret}
        with launch(clock, PORT_BASE=str(ports), **paying) as system, system.log() as log:
            for language, locale in CUSTOMERS.items():
                system.send(*_in_arrears(language, locale))
            for language in CUSTOMERS:
                _live(system, log, chromium, language)
            system.settled()
            assert system.violations() == []


def _live(system: System, log: Topic, chromium: Browser, language: str) -> None:
    texts = words(language)
    letter = system.mailbox.wait_for(1, to=_address(language), timeout=60)[0]
    with chromium.new_context(
        viewport=PHONE, java_script_enabled=False, locale=CUSTOMERS[language]
    ) as context:
        page = context.new_page()
        show = partial(_photograph, page, language)
        _enter(page, link_with(letter, "/t/c/"))
        page.get_by_role("button", name=texts["verify"]["submit"]).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(texts["plans"]["title"])
        show("1-plans")

        page.get_by_text(texts["propose"]["open"], exact=True).click()
        page.locator("#each").fill("50")
        page.get_by_role("button", name=texts["propose"]["look"]).click()
        expect(page.get_by_role("status").locator("tbody tr")).to_have_count(12)
        show("2-own-plan")
        page.get_by_role("button", name=texts["propose"]["submit"]).click()
        expect(page.get_by_role("status")).to_have_text(texts["notices"]["countered"])
        show("3-countered")
        page.locator(".plan input").last.check()
        page.get_by_role("button", name=texts["plans"]["submit"]).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(texts["agreement"]["title"])
        show("4-agreed")
        wait_for(log, lambda facts: _planned(facts, language) >= {"day_before_1", "due_day_1"})

        page.locator(".pays button").first.click()
        expect(page.get_by_text(CHECKOUT[language]["stands"])).to_be_visible()
        show("5-checkout")
        _pay(page, language)
        poll_until(lambda: _is_paid(page), 30, "the payment does not show")
        show("6-paid")
        wait_for(log, lambda facts: {"day_before_1", "due_day_1"} <= _stopped(facts, language))
        assert "due_day_2" not in _stopped(log.read(), language)

        page.locator(".pays button").last.click()
        _pay(page, language)
        done = texts["completed"]["title"]
        poll_until(lambda: _reads(page, done), 30, "the plan is not complete")
        show("7-completed")
        wait_for(log, lambda facts: "thanks" in _planned(facts, language))


def _enter(page: Page, link: str) -> None:
    """Through the letter's link to the questions, and answer them."""

    def open_door() -> bool:
        page.goto(link)
        return page.locator("input[type=text]").count() == 2

    poll_until(open_door, 30, "the portal does not open")
    for kind, answer in SECRETS.items():
        if page.locator(f"#{kind}").count():
            page.locator(f"#{kind}").fill(answer)


def _pay(page: Page, language: str) -> None:
    """On the stand-in's page, and back."""
    page.get_by_role("button", name=CHECKOUT[language]["succeed"], exact=True).click()
    expect(page).to_have_url(re.compile(r"/plans\?notice=paid$"))


def _is_paid(page: Page) -> bool:
    page.reload()
    return page.locator("td.done", has_text="✓").count() == 1


def _reads(page: Page, title: str) -> bool:
    page.reload()
    return page.get_by_role("heading", level=1).inner_text() == title


def _planned(facts: list[Fact], who: str) -> set[str]:
    return {fact["data"]["step"] for fact in of(facts, who, "outreach.step_planned")}


def _stopped(facts: list[Fact], who: str) -> set[str]:
    return {
        fact["data"]["step"]
        for fact in of(facts, who, "outreach.step_suppressed")
        if fact["data"]["reason"] == "instalment_paid"
    }


def _in_arrears(who: str, locale: str) -> list[Mapping[str, Any]]:
    known = {
        "email": _address(who), "timezone": "Europe/Berlin", "country": "DE", "locale": locale,
        "verification": SECRETS,
    }  # fmt: skip
    missed = {
        "bill_id": f"b-{who}", "creditor": "Northwind Bank", "amount_minor": 60_000,
        "currency": "EUR", "due_date": "2026-02-27", "product": "Credit card",
    }  # fmt: skip
    return [
        event("customer.updated", who, known, at=START),
        event("payment.missed", who, missed, at=START),
    ]


def _address(who: str) -> str:
    return f"{who}@example.org"


def _photograph(page: Page, language: str, name: str) -> None:
    """It fits, and is accessible, whatever the language; SCREENSHOTS: a folder for pictures."""
    assert page.locator("html").evaluate("e => e.scrollWidth") <= PHONE["width"]
    if language == "en":
        assert_accessible(page)
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{language}-{name}.png", full_page=True)
