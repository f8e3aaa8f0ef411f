"""An agent and a supervisor at the desk, each in a browser, and what the log tells of them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from negotiator_world import World, world_of
from playwright.sync_api import Browser, Page, ViewportSize, expect

from rapport.demo.website import serving
from support.browser import assert_accessible
from support.database import Database

SCREEN: ViewportSize = {"width": 1280, "height": 900}


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    yield from world_of(database)


def test_an_agent_and_a_supervisor_resolve_a_hand_off(world: World, chromium: Browser) -> None:
    visitor = world.browser(world.ready())
    visitor.verify()
    visitor.post("/person", "hardship")
    with (
        serving(world.api) as base,
        chromium.new_context(viewport=SCREEN, java_script_enabled=False) as of_ana,
        chromium.new_context(viewport=SCREEN, java_script_enabled=False) as of_sam,
    ):
        ana, sam = of_ana.new_page(), of_sam.new_page()
        _sign_in(ana, base, "ana-secret")
        _sign_in(sam, base, "sam-secret")
        _photograph(ana, "desk-1-queue")
        ana.get_by_role("link", name="In difficulty").click()
        ana.get_by_role("button", name="Take it").click()
        ana.locator("#note").fill("Lost the job in January; asks for three quiet weeks.")
        ana.get_by_role("button", name="Keep the note").click()
        expect(ana.get_by_role("status")).to_have_text("The note is kept.")
        _photograph(ana, "desk-2-case")

        sam.reload()
        sam.get_by_role("link", name="In difficulty").click()
        expect(sam.get_by_text("ana is looking at this, too.")).to_be_visible()
        _photograph(sam, "desk-3-supervisor")
        sam.get_by_role("button", name="Take it from ana").click()
        sam.get_by_role("button", name="Take it").click()
        sam.locator("#answer").fill("We will not write before 23 March. Take care.")
        sam.get_by_role("button", name="Send the answer").click()
        sam.locator("#outcome").select_option("terms_agreed")
        sam.get_by_role("button", name="Resolve").click()
        expect(sam.get_by_role("heading", level=1)).to_have_text("Nobody is waiting")
        _photograph(sam, "desk-4-empty")
    did = [
        (fact["type"], fact["data"].get("by") or fact["data"].get("to"))
        for fact in world.facts()
        if fact["type"].startswith("handoff.") and fact["type"] != "handoff.requested"
    ]
    assert did == [
        ("handoff.seen", "ana"),
        ("handoff.assigned", "ana"),
        ("handoff.noted", "ana"),
        ("handoff.seen", "sam"),
        ("handoff.released", "sam"),
        ("handoff.assigned", "sam"),
        ("handoff.answered", "sam"),
        ("handoff.resolved", None),
    ]


def _sign_in(page: Page, base: str, token: str) -> None:
    page.goto(f"{base}/desk")
    page.locator("#token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("1 waiting for a person")


def _photograph(page: Page, name: str) -> None:
    assert_accessible(page)
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
