"""All of a customer's bills on one page, and what they ask of the publisher about them."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from negotiator_world import VERIFICATION, Browser, World, forms_of, world_of

from support.database import Database

MINE = ("Brightwater", "Northwind", "€")


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    yield from world_of(database, session_hours=24 * 60)


def _inside(world: World) -> Browser:
    visitor = world.browser(world.reminded())
    visitor.verify()
    return visitor


def _at_bill(world: World) -> Browser:
    visitor = _inside(world)
    visitor.open("Brightwater")
    return visitor


def _subscription(world: World, event: str = "expiring", **given: Any) -> None:
    data: dict[str, Any] = {
        "subscription_id": "s-1", "plan": "Films, four screens", "expires_on": "2026-04-30",
        "price_minor": 1_199, "currency": "EUR",
    }  # fmt: skip
    world.applied(f"subscription.{event}", **(data | given))


def test_a_reminders_link_opens_all_bills_and_subscriptions(world: World) -> None:
    token = world.reminded()
    world.missed("b-2")
    world.due_soon("b-3", creditor="Someone else's", customer="c-2")
    _subscription(world)
    visitor = world.browser(token)
    assert not any(secret in visitor.page.text for secret in MINE)
    page = visitor.verify()
    assert "Your bills" in page.text
    for shown in ("Brightwater", "€80.00", "Due on March 12, 2026", "Northwind Bank", "€600.00",
                  "Was due on February 25, 2026", "Films, four screens", "€11.99",
                  "Runs until April 30, 2026"):  # fmt: skip
        assert shown in page.text
    assert "Someone else" not in page.text
    assert world.facts("request.made", "offer.proposed") == []


def test_a_debts_link_opens_its_terms_and_leads_to_all_bills(world: World) -> None:
    token = world.ready()
    world.due_soon("b-2")
    visitor = world.browser(token)
    assert "a way that suits you" in visitor.verify().text
    assert "Brightwater" in visitor.open("All your bills").text


@pytest.mark.parametrize(
    ("kind", "value", "fact", "requested", "accepted", "refused"),
    [
        (
            "date", "2026-03-20", ("due_date", {"due_date": "2026-03-20"}),
            "Requested: pay on March 20, 2026", "is fine with March 20, 2026", "could not agree to",
        ),
        (
            "day", "28", ("payment_day", {"day": 28}),
            "Requested: day 28 of the month", "day 28 of the month is your payment day",
            "could not set day 28",
        ),
        (
            "auto", "on", ("autopay", {"on": True}),
            "Requested: automatic payment", "Automatic payment is on", "could not switch on",
        ),
    ],
)  # fmt: skip
def test_a_wish_shows_as_requested_until_the_publisher_answers(
    world: World,
    kind: str,
    value: str,
    fact: tuple[str, dict[str, object]],
    requested: str,
    accepted: str,
    refused: str,
) -> None:
    visitor = _at_bill(world)
    assert requested in visitor.ask(kind, value).text
    (made,) = world.facts("request.made")
    assert (made["data"]["kind"], made["data"]["details"]) == fact
    assert (made["subject"], made["data"]["obligation_id"]) == ("c-1", "b-1")
    assert requested in visitor.get("/bills").text
    here = visitor.open("Brightwater")
    assert f'value="{kind}"' not in here.text
    for answer, said in (("accepted", accepted), ("refused", refused)):
        request_id = made["data"]["request_id"]
        world.applied("request.answered", request_id=request_id, answer=answer)
        visitor.get("/bills")
        here = visitor.open("Brightwater")
        assert said.replace("'", "&#39;") in here.text
        assert "Requested:" not in here.text
    assert f'value="{kind}"' in here.text
    visitor.ask(kind, value)
    assert len({one["data"]["request_id"] for one in world.facts("request.made")}) == 2


def test_automatic_payment_can_be_stopped_where_it_is_on(world: World) -> None:
    world.due_soon(autopay=True)
    visitor = _at_bill(world)
    world.due_soon(autopay=True)
    visitor.get("/bills")
    assert "Paid automatically on March 12, 2026" in visitor.page.text
    visitor.open("Brightwater")
    assert "an end to automatic payment" in visitor.ask("auto", "off").text


@pytest.mark.parametrize(
    ("kind", "value", "status"),
    [
        ("date", "", 422), ("date", "soon", 422), ("date", "2026-02-30", 422),
        ("date", "2026-03-12", 422), ("date", "2020-01-01", 422), ("date", "9999-12-31", 422),
        ("date", "2026-04-13", 422), ("date", "20260320", 422), ("date", "２０２６-03-20", 422),
        ("day", "0", 422), ("day", "32", 422), ("day", "-1", 422), ("day", "1.5", 422),
        ("day", "９", 422), ("auto", "maybe", 422), ("auto", "", 422), ("auto", "on" * 99, 422),
    ],
)  # fmt: skip
def test_absurd_values_change_nothing(world: World, kind: str, value: str, status: int) -> None:
    page = _at_bill(world).ask(kind, value)
    assert page.status_code == status
    assert "othing was changed" in page.text
    assert "Ask for a later date" in page.text
    assert world.facts("request.made") == []


def test_the_last_possible_day_is_accepted(world: World) -> None:
    assert _at_bill(world).ask("date", "2026-04-12").status_code == 200


def test_an_unknown_kind_or_bill_changes_nothing(world: World) -> None:
    visitor = _at_bill(world)
    form = visitor.form("/ask")
    sent = form.fields | {"value": "on"}
    assert visitor.client.post(form.action, data=sent | {"kind": "discount"}).status_code == 422
    elsewhere = form.action.replace("/ask", "x/ask")
    page = visitor.client.post(elsewhere, data=sent)
    assert page.status_code == 404
    assert "That bill isn&#39;t here" in page.text
    assert visitor.get("/bills/b-1").status_code == 404
    assert world.facts("request.made") == []


def test_many_tabs_at_once_ask_once(world: World) -> None:
    visitor = _at_bill(world)
    form, cookies = visitor.form("/ask"), dict(visitor.client.cookies)

    def click(value: str) -> int:
        tab = TestClient(world.api, cookies=cookies, follow_redirects=False)
        return int(tab.post(form.action, data=form.fields | {"value": value}).status_code)

    with ThreadPoolExecutor(6) as threads:
        statuses = list(threads.map(click, ["2026-03-20", "2026-03-21"] * 4))
    assert world.count("request.made") == 1
    assert (statuses.count(303), statuses.count(409)) == (4, 4)


def test_what_was_settled_or_paused_meanwhile_is_not_asked_for(world: World) -> None:
    visitor = _at_bill(world)
    form = visitor.form("/ask")
    sent = form.fields | {"value": "2026-03-20"}
    world.applied("customer.hold_placed", kind="dispute", obligation_id="b-1")
    assert visitor.client.post(form.action, data=sent).status_code == 409
    world.applied("customer.hold_lifted", kind="dispute")
    world.paid(8_000, 0)
    page = visitor.client.post(form.action, data=sent)
    assert page.status_code == 409
    assert "Nothing is open here" in page.text
    world.applied("bill.closed", bill_id="b-1", why="recalled")
    assert visitor.client.post(form.action, data=sent).status_code == 404
    assert world.facts("request.made") == []


def test_wishes_are_bounded(world: World) -> None:
    visitor = _at_bill(world)
    for number in range(21):
        page = visitor.ask("day", str(number + 1))
        for made in world.facts("request.made")[-1:]:
            request_id = made["data"]["request_id"]
            world.applied("request.answered", request_id=request_id, answer="refused")
        visitor.get("/bills")
        visitor.open("Brightwater")
    assert page.status_code == 429
    assert world.count("request.made") == 20


def test_another_customers_bill_link_and_form_open_nothing(world: World) -> None:
    visitor = _at_bill(world)
    form, mine = visitor.form("/ask"), visitor.page.url.path
    world.customer("c-2", verification=VERIFICATION)
    world.due_soon("b-9", customer="c-2", creditor="Lakeside", amount_minor=1_234)
    theirs = world.browser(world.invited("m-2", "b-9", "c-2", offers=None, purpose="service"))
    theirs.client.cookies = visitor.client.cookies
    assert "quick check" in theirs.get("/bills").text
    theirs.verify()
    ref = mine.rpartition("/")[2]
    assert theirs.get(f"/bills/{ref}").status_code == 404
    action = f"{theirs.base}/bills/{ref}/ask"
    answer = theirs.client.post(action, data=form.fields | {"value": "2026-03-20"})
    assert answer.status_code == 403
    assert not any(secret in answer.text for secret in ("Brightwater", "80.00"))
    assert world.facts("request.made") == []


def test_without_a_session_nothing_shows_and_nothing_changes(world: World) -> None:
    visitor = _at_bill(world)
    form, path = visitor.form("/ask"), visitor.page.url.path
    stranger = TestClient(world.api)
    for address in (f"{visitor.base}/bills", path):
        page = stranger.get(address)
        assert "quick check" in page.text
        assert not any(secret in page.text for secret in MINE)
    page = stranger.post(form.action, data=form.fields | {"value": "2026-03-20"})
    assert page.status_code == 403
    assert not any(secret in page.text for secret in MINE)
    world.pass_time(timedelta(days=61))
    expired = visitor.client.post(form.action, data=form.fields | {"value": "2026-03-20"})
    assert expired.status_code == 410
    assert world.facts("request.made") == []


def test_who_is_no_party_any_more_sees_it_no_more(world: World) -> None:
    both = [{"customer_id": "c-1", "role": "borrower"}, {"customer_id": "c-2", "role": "borrower"}]
    visitor = _inside(world)
    world.due_soon("b-2", customer="c-2", creditor="Shared Housing", parties=both)
    assert "Shared Housing" in visitor.get("/bills").text
    world.due_soon("b-2", customer="c-2", creditor="Shared Housing", parties=both[1:])
    assert "Shared Housing" not in visitor.get("/bills").text


def test_merged_customers_find_everything_together(world: World) -> None:
    token = world.reminded()
    world.due_soon("b-2", customer="c-9", creditor="Lakeside")
    _subscription(world)
    world.merged("c-1", "c-9")
    visitor = world.browser(token)
    page = visitor.verify()
    for shown in ("Brightwater", "Lakeside", "Films, four screens"):
        assert shown in page.text
    visitor.open("Brightwater")
    visitor.ask("day", "3")
    assert world.facts("request.made")[0]["subject"] == "c-9"


def test_payments_show_as_receipts_to_who_made_them(world: World) -> None:
    visitor = _inside(world)
    world.paid(3_000, 5_000, pending=True, payment_id="p-a")
    assert "On its way" in visitor.get("/bills").text
    world.paid(3_000, 5_000, payment_id="p-a", paid_at="2026-03-01T23:30:00+00:00")
    world.paid(1_000, 5_000, payment_id="p-b", event_type="payment.failed")
    world.paid(500, 5_000, payment_id="p-c", customer="c-2")
    page = visitor.get("/bills").text
    assert "€30.00" in page
    assert "March 2, 2026" in page
    assert "Did not go through" in page
    assert "€5.00" not in page
    assert "€50.00" in visitor.open("Brightwater").text


@pytest.mark.parametrize(
    ("event", "given", "said"),
    [
        ("expiring", {"auto_renew": True}, "Renews by itself on April 30, 2026"),
        ("expired", {"expires_on": "2026-02-01"}, "Ended on February 1, 2026"),
        ("renewed", {"expires_on": "2026-05-30"}, "Runs until May 30, 2026"),
        ("cancelled", {}, "Cancelled; it runs until April 30, 2026"),
    ],
)
def test_subscriptions_say_how_they_stand(
    world: World, event: str, given: dict[str, object], said: str
) -> None:
    visitor = _inside(world)
    _subscription(world)
    _subscription(world, event, **given)
    assert said in visitor.get("/bills").text


def test_a_question_goes_to_the_desk_and_never_to_the_log(world: World) -> None:
    visitor = _at_bill(world)
    form = visitor.form("/question")
    text = "May I pay <half> now? 残りは来月に。"
    for _ in range(2):
        visitor.client.post(form.action, data=form.fields | {"text": text})
    visitor.post("/question", text="And one more thing.")
    assert "with a person" in visitor.page.text
    (asked,) = world.facts("handoff.requested")
    assert asked["data"]["reason"] == "question"
    assert asked["data"]["obligation_id"] == "b-1"
    assert "half" not in str(world.facts())
    rows = world.database.rows("SELECT text FROM negotiator.question ORDER BY asked_at, text")
    assert {row[0] for row in rows} == {text, "And one more thing."}
    desk = TestClient(world.api)
    (way_in,) = forms_of(desk.get("/desk"))
    page = desk.post(way_in.action, data=way_in.fields | {"token": "ana-secret"})
    (here,) = re.findall(r'href="(/desk/handoffs/[^"]+)"', page.text)
    assert "May I pay &lt;half&gt; now? 残りは来月に。" in desk.get(here).text


@pytest.mark.parametrize(("text", "status"), [("", 422), ("   ", 422), ("長" * 1001, 422)])
def test_an_empty_or_endless_question_is_not_sent(world: World, text: str, status: int) -> None:
    visitor = _at_bill(world)
    assert visitor.post("/question", text=text).status_code == status
    assert world.count("handoff.requested") == 0


def test_a_form_sent_late_leads_back_to_the_bill(world: World) -> None:
    visitor = _at_bill(world)
    path = visitor.page.url.path.removeprefix(visitor.base)
    assert "自動払い" in visitor.get(f"{path}/ask?lang=ja").text


def test_a_dispute_about_one_bill_stops_asking_there_only(world: World) -> None:
    visitor = _at_bill(world)
    world.due_soon("b-2", creditor="Lakeside")
    visitor.post("/person", "dispute")
    assert world.facts("handoff.requested")[0]["data"]["obligation_id"] == "b-1"
    visitor.get("/bills")
    assert "A person is checking it" in visitor.page.text
    visitor.open("Brightwater")
    assert "/ask" not in visitor.page.text
    visitor.get("/bills")
    assert "/ask" in visitor.open("Lakeside").text
