"""A customer's own messages in the portal: the real messenger, asked by the real negotiator."""

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from messenger_world import START, World, world
from negotiator_world import ANSWERS
from negotiator_world import World as Negotiator
from playwright.sync_api import Browser, Page, expect

from rapport.demo.website import serving
from schemas.facts.customer import ERASER
from schemas.topics import OUTREACH_DISPATCHES, OUTREACH_LOG
from services.messenger.handlers import flights
from services.messenger.providers.smtp import Relay, SmtpPool
from services.negotiator.pages.wording import words
from services.runtime.clock import Clock
from support.browser import assert_accessible
from support.database import Database
from support.mail import Mailbox

HOUR = timedelta(hours=1)
SIZES = {"phone": {"width": 360, "height": 740}, "desktop": {"width": 1280, "height": 900}}


@pytest.fixture
def messenger(database: Database, mailbox: Mailbox) -> Iterator[World]:
    pool = SmtpPool(Relay.parse(mailbox.smtp_url), Clock(), timeout=2.0)
    made = world(database, pool, pages=True)
    made.known_customer()
    yield made
    made.close()


@pytest.fixture
def portal(database: Database, messenger: World) -> Iterator[Negotiator]:
    """A negotiator that asks this messenger."""
    with serving(messenger.api) as base:
        made = Negotiator(database, messenger_api=base)
        yield made
        made.close()


def written(messenger: World, channel: str = "email", customer: str = "c-1", **more: str) -> str:
    """A message goes out; its id."""
    count = len(messenger.of("message.sent"))
    messenger.dispatch(customer, channel=channel, **more)
    [*_, sent] = messenger.until("message.sent", count=count + 1)
    return str(sent["data"]["message_id"])


def been_there(messenger: World, message_id: str, customer: str = "c-1") -> None:
    """They have proved in the portal who they are, led there by that message."""
    told = {"confirmed": True, "channel": "email", "via": "portal", "message_id": message_id}
    messenger.fact(customer, "contact.right_party", **told)


def test_the_page_takes_messages_of_whoever_was_there(messenger: World, mailbox: Mailbox) -> None:
    messenger.dispatch(channel="in_app")
    [refused] = messenger.until("message.refused")
    assert (refused["data"]["reason"], refused["data"]["channel"]) == ("no_address", "in_app")
    been_there(messenger, written(messenger))
    messenger.move_to(START + HOUR)
    message_id = written(messenger, "in_app")
    sent = messenger.of("message.sent")[-1]["data"]
    assert (sent["provider"], sent["provider_reference"]) == ("portal", message_id)
    intended = messenger.of("message.intended")[-1]["data"]
    assert (intended["channel"], intended["confirmed"]) == ("in_app", "right_party")
    assert intended["withheld"] == []
    assert {"one_click_opt_out", "postal_address"} <= set(intended["disclosures"])
    # It counts as any contact does, and left the house by no other way.
    messenger.move_to(START + 2 * HOUR)
    written(messenger)
    messenger.dispatch(channel="in_app")
    [_, capped] = messenger.until("message.refused", count=2)
    assert capped["data"]["rule"] == "default/week"
    assert len(mailbox.wait_for(2)) == 2


def test_what_was_intended_for_the_page_stands_there_after_a_crash(messenger: World) -> None:
    been_there(messenger, written(messenger))
    messenger.an_hour_later()
    messenger.dispatch(channel="in_app")
    # Claimed, and then the process is gone before it could record the end.
    [page] = messenger.besides
    with suppress(RuntimeError):
        page._pool.shutdown()
        messenger.until("message.intended", count=2)
    page._in_flight.clear()
    owned = messenger.context.owned_lanes(OUTREACH_DISPATCHES)
    assert sum(flights.recover(messenger.context, one, ["in_app"], ()) for one in owned) == 1
    messenger.flow()
    assert messenger.of("message.unknown") == []
    assert messenger.of("message.sent")[-1]["data"]["provider"] == "portal"


def test_only_who_is_verified_reads_what_was_written(messenger: World, portal: Negotiator) -> None:
    first = written(messenger)
    been_there(messenger, first)
    messenger.move_to(START + HOUR)
    second = written(messenger, "in_app")
    messenger.known_customer("c-2")
    others = written(messenger, customer="c-2")
    visitor = portal.browser(portal.ready())
    for path in ("/messages", f"/messages/{first}"):
        assert "Nordbank" not in visitor.get(path).text
        assert visitor.form("/verify")
    visitor.verify()
    page = visitor.get("/messages")
    assert page.headers["cache-control"] == "no-store"
    assert page.text.index(second) < page.text.index(first)
    assert page.text.count(">New<") == 2
    assert others not in page.text
    letter = visitor.get(f"/messages/{second}")
    assert "Nordbank" in letter.text
    assert "€120.00" in letter.text
    assert "https://m.example/u/" in letter.text
    assert "On this page" in letter.text
    # Looking changes nothing; saying so does, once.
    assert visitor.get("/messages").text.count(">New<") == 2
    visitor.get(f"/messages/{second}")
    visitor.post("/read")
    assert visitor.page.text.count(">New<") == 1
    assert visitor.client.post(f"{visitor.base}/messages/{first}/read").status_code == 303
    assert visitor.get("/messages").text.count(">New<") == 1
    assert visitor.get(f"/messages/{others}").status_code == 404
    assert visitor.get(f"/messages?before={second}").text.count("<time") == 1
    assert visitor.get(f"/messages?before={others}").text.count("<time") == 0


def test_an_answer_on_the_page_is_heard_as_any_other(messenger: World, portal: Negotiator) -> None:
    message_id = written(messenger)
    visitor = portal.browser(portal.ready())
    visitor.verify()
    visitor.get(f"/messages/{message_id}")
    visitor.post("/reply", text="")
    assert "up to 4,000 characters" in visitor.page.text
    form = visitor.form("/reply")
    for _ in range(2):
        data = form.fields | {"text": "I lost my job and cannot pay."}
        answer = visitor.client.post(form.action, data=data, follow_redirects=True)
        assert "Your answer has arrived" in answer.text
        assert ">New<" not in answer.text
    messenger.flow()
    [heard] = messenger.of("message.replied")
    assert (heard["data"]["message_id"], heard["data"]["intent"]) == (message_id, "cannot_pay")
    assert messenger.of("handoff.requested")[0]["data"]["reason"] == "hardship"
    form.fields["form"] = "forged"
    assert visitor.client.post(form.action, data=form.fields | {"text": "STOP"}).is_redirect
    messenger.flow()
    assert len(messenger.of("message.replied")) == 1
    # What no rule lets through is told at once, and nothing is passed on.
    for _ in range(6):
        last = visitor.client.post(form.action, data={"text": "?"}).headers["location"]
    assert last.endswith("?notice=too_often")


def test_two_ids_see_both_and_who_is_forgotten_sees_none(
    messenger: World, portal: Negotiator
) -> None:
    messenger.known_customer("c-0")
    former, own = written(messenger, customer="c-0"), written(messenger)
    visitor = portal.browser(portal.ready())
    visitor.verify()
    assert former not in visitor.get("/messages").text
    portal.merged("c-0", "c-1")
    page = visitor.get("/messages").text
    assert former in page
    assert own in page
    messenger.customer("c-0", "customer.merged", into="c-1")
    for one in ("c-0", "c-1"):
        told = {"type": "customer.erased", "subject": one, "source": ERASER, "data": {"tables": 1}}
        messenger.deliver(OUTREACH_LOG, told)
    # Even while the portal has not heard of it.
    page = visitor.get("/messages").text
    assert former not in page
    assert own not in page
    assert visitor.get(f"/messages/{own}").status_code == 404


def test_the_messenger_shows_nothing_without_a_pass_and_may_be_away(
    messenger: World, database: Database
) -> None:
    message_id = written(messenger)
    signer, now = messenger.context.signer, messenger.context.clock.real()
    http = TestClient(messenger.api)
    whose = {"t": "default", "c": ["c-1"]}
    passes = {
        "": 401,
        "Bearer all-of-it": 401,
        f"Bearer {signer.sign('portal', whose, now + HOUR)}": 401,
        f"Bearer {signer.sign('inbox', whose, now - HOUR)}": 401,
        f"Bearer {signer.sign('inbox', {'t': 'default'}, now + HOUR)}": 401,
        f"Bearer {signer.sign('inbox', whose | {'t': 'other'}, now + HOUR)}": 404,
        f"Bearer {signer.sign('inbox', whose, now + HOUR)}": 200,
    }
    for shown, status in passes.items():
        answer = http.get(f"/inbox/{message_id}", headers={"Authorization": shown})
        assert answer.status_code == status
    portal = Negotiator(database, messenger_api="http://127.0.0.1:9")
    visitor = portal.browser(portal.ready())
    visitor.verify()
    for page in (visitor.get("/messages"), visitor.get(f"/messages/{message_id}")):
        assert page.status_code == 503
        assert "right now" in page.text
    assert visitor.get("/plans").status_code == 200
    portal.close()


@pytest.mark.parametrize(("language", "locale"), [("en", "en-GB"), ("zh", "zh-CN"), ("ja", "ja")])
def test_messages_are_read_without_a_script(
    messenger: World, portal: Negotiator, chromium: Browser, language: str, locale: str
) -> None:
    texts = words(language)
    messenger.known_customer(locale=locale)
    been_there(messenger, written(messenger))
    messenger.move_to(START + 6 * HOUR)
    written(messenger, "in_app")
    token = portal.ready(locale=locale)
    with (
        serving(portal.api) as base,
        chromium.new_context(java_script_enabled=False, locale=locale) as context,
    ):
        page = context.new_page()
        page.goto(f"{base}/p/{token}?lang={language}")
        for kind, answer in ANSWERS.items():
            page.locator(f"#{kind}").fill(answer)
        page.get_by_role("button", name=texts["verify"]["submit"]).click()
        page.get_by_role("link", name=texts["inbox"]["title"]).click()
        expect(page.locator(".bill")).to_have_count(2)
        _looked_at(page, f"{language}-inbox-1-list")
        page.locator(".bill a").first.click()
        expect(page.locator(".words")).to_contain_text("Nordbank")
        page.get_by_text(texts["inbox"]["answer"], exact=True).click()
        _looked_at(page, f"{language}-inbox-2-message")
        page.get_by_role("button", name=texts["inbox"]["done"]).click()
        expect(page.get_by_text(texts["inbox"]["new"], exact=True)).to_have_count(1)


def _looked_at(page: Page, name: str) -> None:
    """It fits and is accessible, small and large; SCREENSHOTS names a folder for pictures."""
    for size, viewport in SIZES.items():
        page.set_viewport_size({"width": viewport["width"], "height": viewport["height"]})
        assert page.locator("html").evaluate("e => e.scrollWidth") <= viewport["width"]
        assert_accessible(page)
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=Path(folder) / f"{name}-{size}.png", full_page=True)
