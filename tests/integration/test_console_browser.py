"""The operators' console in a browser: at a glance, and why a customer was not contacted."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from scheduler_node import Bench, due_soon, message, requested

from rapport.demo.website import serving
from schemas.topics import OUTREACH_COMMANDS, OUTREACH_DISPATCHES, OUTREACH_LOG
from support.browser import assert_accessible
from support.database import Database


@pytest.fixture
def bench(database: Database) -> Iterator[Bench]:
    made = Bench(database, "2026-03-02T09:00:00+09:00")
    yield made
    made.close()


def test_an_operator_sees_what_goes_on_and_asks_why(bench: Bench, chromium: Browser) -> None:
    bench.deliver(OUTREACH_LOG, due_soon(7), due_soon(8, "bob", "b2"))
    bench.deliver(OUTREACH_COMMANDS, requested(7), requested(8, "bob", "b2"))
    bench.at("2026-03-05T10:00:00+09:00")
    bench.claim()
    order, _ = bench.outbox(OUTREACH_DISPATCHES)
    sent = message(
        "message.sent", order, message_id="m", provider="smtp", provider_reference="<m@x>"
    )
    bench.deliver(OUTREACH_LOG, *bench.outbox(), sent)
    with serving(bench.app) as base, chromium.new_context() as context:
        page = context.new_page()
        page.goto(f"{base}/console")
        page.get_by_label("API token").fill("nobody")
        page.get_by_role("button", name="Show").click()
        expect(page.locator("#fault")).not_to_be_empty()
        page.get_by_label("API token").fill("o1")
        page.get_by_role("button", name="Show").click()
        expect(page.locator("#sent")).to_have_text("1")
        expect(page.locator("#planned")).to_have_text("4")
        expect(page.locator("#state")).to_have_text("sending")
        page.get_by_role("button", name="bob").first.click()
        expect(page.locator("#story")).to_contain_text("What would change it")
        expect(page.locator("#story li")).to_have_count(1)
        _photograph(page, "console")
        page.set_viewport_size({"width": 390, "height": 844})
        _photograph(page, "console-phone")
        page.get_by_text("Stop sending").first.click()
        page.get_by_label("Reason").fill("incident-31")
        page.get_by_role("button", name="Stop sending").click()
        expect(page.locator("#stopped")).to_contain_text("everything: by ops")
        _photograph(page, "console-stopped")
        page.get_by_role("button", name="Resume everything").click()
        expect(page.locator("#stopped")).to_be_hidden()
        expect(page.locator("#stop-said")).to_contain_text("within some seconds")
    assert bench.get("/sending")["stopped"] == []


def test_what_is_not_fresh_says_so_and_nothing_stays_of_who_signed_out(
    bench: Bench, chromium: Browser
) -> None:
    def hide(path: str, status: int, body: str) -> None:
        page.route(f"**{path}", lambda route: route.fulfill(status=status, body=body))
        with page.expect_response(f"**{path}"):
            page.clock.fast_forward(2000)

    with serving(bench.app) as base, chromium.new_context() as context:
        page = context.new_page()
        page.clock.install()
        page.goto(f"{base}/console#token=b1")
        expect(page.locator("#state")).to_have_text("sending")
        page.get_by_label("Customer id").fill("nobody")
        page.get_by_role("button", name="Explain").click()
        expect(page.locator("#story")).to_contain_text("No customer of this id")
        hide("/console/data", 502, "<h1>Bad Gateway</h1>")
        page.clock.fast_forward(10_000)
        expect(page.locator("#state")).to_have_text("not fresh")
        expect(page.locator("#unfresh")).to_contain_text("status 502")
        _photograph(page, "console-not-fresh")
        page.route("**/sending/stop", lambda route: route.fulfill(status=502, body="<h1>"))
        page.get_by_text("Stop sending").first.click()
        page.get_by_label("Reason").fill("incident-31")
        page.get_by_role("button", name="Stop sending").click()
        expect(page.locator("#stop-fault")).to_contain_text("say it again")
        expect(page.get_by_role("button", name="Stop sending")).to_be_enabled()
        page.unroute("**/console/data")
        page.clock.fast_forward(2000)
        expect(page.locator("#state")).to_have_text("sending")
        expect(page.locator("#unfresh")).to_be_hidden()
        hide("/console/data", 401, '{"detail": "No such token."}')
        expect(page.locator("#fault")).to_have_text("No such token.")
        for gone in ("#state", "#stopping", "#stopped", "#unfresh"):
            expect(page.locator(gone)).to_be_hidden()
        expect(page.locator("#story")).to_be_empty()


def _photograph(page: Page, name: str) -> None:
    assert_accessible(page)
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
