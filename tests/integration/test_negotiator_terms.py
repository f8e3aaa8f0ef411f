"""What changes while a customer looks: amounts, payments, holds, time; and how plans are kept."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from negotiator_world import AUTHORITY, VERIFICATION, Browser, World, world_of

from support.database import Database


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    yield from world_of(database, session_hours=24 * 60)


def _inside(world: World, **customer: Any) -> Browser:
    visitor = world.browser(world.ready(**customer))
    visitor.verify()
    return visitor


def _agreed(world: World, plan: int = 3) -> Browser:
    visitor = _inside(world)
    visitor.accept(visitor.offers[plan])
    assert world.count("agreement.made") == 1
    return visitor


def test_looking_again_proposes_nothing_new(world: World) -> None:
    visitor = _inside(world)
    first = visitor.offers
    visitor.get("/plans")
    world.browser(visitor.base.removeprefix("/p/")).verify()
    assert visitor.offers == first
    assert world.count("offer.proposed") == 6


def test_an_offer_that_ran_out_is_answered_with_todays(world: World) -> None:
    visitor = _inside(world)
    old, form = visitor.offers, visitor.form("/accept")
    world.pass_time(timedelta(hours=72))
    page = visitor.accept(old[0])
    assert page.status_code == 410
    assert "was no longer open" in page.text
    assert not set(visitor.offers) & set(old)
    assert world.count("offer.expired") == 6
    assert world.count("agreement.made") == 0
    assert visitor.client.post(form.action, data=form.fields | {"offer_id": old[0]}).is_client_error
    visitor.accept(visitor.offers[0])
    assert world.count("agreement.made") == 1


def test_a_page_after_expiry_offers_to_show_todays_plans(world: World) -> None:
    visitor = _inside(world)
    world.pass_time(timedelta(hours=73))
    assert "See what&#39;s possible today" in visitor.get("/plans").text
    assert world.count("offer.proposed") == 6
    visitor.post("/plans")
    assert len(visitor.offers) == 6
    assert world.count("offer.proposed") == 12


def test_a_changed_amount_makes_new_offers(world: World) -> None:
    visitor = _inside(world)
    offer = visitor.offers[1]
    world.missed(amount_minor=50_000, version=2)
    page = visitor.accept(offer)
    assert page.status_code == 409
    assert "The amount has changed" in page.text
    assert "€500.00" in page.text
    assert world.count("agreement.made") == 0
    assert {one["data"]["balance_minor"] for one in world.facts("offer.proposed")} == {
        60_000, 50_000,
    }  # fmt: skip


def test_a_bill_settled_meanwhile_is_not_agreed_on(world: World) -> None:
    visitor = _inside(world)
    offer = visitor.offers[0]
    world.paid(60_000, 0)
    page = visitor.accept(offer)
    assert page.status_code == 409
    assert "Nothing to pay here" in page.text
    assert world.count("agreement.made") == 0


@pytest.mark.parametrize("why", ["recalled", "sold", "written_off", "cancelled", "paid"])
def test_a_closed_bill_shows_nothing_to_pay(world: World, why: str) -> None:
    visitor = _inside(world)
    world.applied("bill.closed", bill_id="b-1", why=why)
    assert "Nothing to pay here" in visitor.get("/plans").text


def test_a_stale_version_changes_nothing(world: World) -> None:
    world.customer(verification=VERIFICATION)
    world.missed(version=5)
    world.missed(version=4, amount_minor=1)
    world.applied("payment.missed", bill_id="b-1", effect="stale_version")
    visitor = world.browser(world.invited())
    assert "€600.00" in visitor.verify().text


@pytest.mark.parametrize("kind", ["dispute", "representative", "bankruptcy", "moratorium"])
def test_a_hold_pauses_and_its_lifting_opens_again(world: World, kind: str) -> None:
    visitor = _inside(world)
    offer = visitor.offers[0]
    world.applied("customer.hold_placed", kind=kind, obligation_id="b-1")
    page = visitor.accept(offer)
    assert page.status_code == 409
    assert "This is on pause" in page.text
    world.applied("customer.hold_lifted", kind=kind)
    visitor.get("/plans")
    visitor.accept(offer)
    assert world.count("agreement.made") == 1


def test_a_hold_ends_at_its_time(world: World) -> None:
    until = world.now + timedelta(hours=2)
    visitor = _inside(world)
    world.applied("customer.hold_placed", kind="moratorium", until=until.isoformat())
    assert "This is on pause" in visitor.get("/plans").text
    world.pass_time(timedelta(hours=2))
    assert visitor.get("/plans").text.count("radio") == 6


def test_hardship_brings_a_person_and_leaves_the_plans(world: World) -> None:
    visitor = _inside(world)
    assert "Hard times happen" in visitor.post("/person", "hardship").text
    assert world.facts("handoff.requested")[0]["data"]["reason"] == "hardship"
    assert len(visitor.get("/plans").text.split("radio")) == 7


def test_a_dispute_brings_a_person_and_stops_agreeing(world: World) -> None:
    visitor = _inside(world)
    form = visitor.form("/accept")
    visitor.post("/person", "dispute")
    assert world.facts("handoff.requested")[0]["data"]["reason"] == "dispute"
    page = visitor.client.post(form.action, data=form.fields | {"offer_id": form.choices[0]})
    assert page.status_code == 409
    assert "look into it" in page.text
    assert world.count("agreement.made") == 0


def test_without_authority_there_is_a_person(world: World) -> None:
    world.customer(verification=VERIFICATION)
    world.missed()
    visitor = world.browser(world.invited(offers=None))
    assert "Let&#39;s talk about it" in visitor.verify().text
    visitor.post("/person", "asked_for_person")
    assert world.count("offer.proposed") == 0


def test_yen_have_no_decimals(world: World) -> None:
    world.customer(verification=VERIFICATION)
    world.missed(amount_minor=100_000, currency="JPY")
    visitor = world.browser(world.invited(locale="ja", place={"timezone": "Asia/Tokyo"}))
    assert "￥100,000" in visitor.verify().text
    parts = [
        [part["amount_minor"] for part in one["data"]["instalments"]]
        for one in world.facts("offer.proposed")
    ]
    assert [33_334, 33_333, 33_333] in parts


def test_payments_keep_and_complete_an_agreement(world: World) -> None:
    visitor = _agreed(world)
    world.paid(9_500, 50_500)
    assert visitor.get("/plans").text.count("✓ Paid") == 1
    (first,) = world.facts("agreement.kept")
    assert first["data"] | {"case_id": "", "agreement_id": ""} == {
        "agreement_id": "", "case_id": "", "obligation_id": "b-1", "instalment": 1,
        "amount_minor": 9_500,
    }  # fmt: skip
    world.paid(10_500, 40_000)
    world.paid(40_000, 0)
    assert [one["data"]["instalment"] for one in world.facts("agreement.kept")] == [
        1,
        2,
        3,
        4,
        5,
        6,
    ]
    assert world.count("agreement.completed") == 1
    assert "All paid" in visitor.get("/plans").text


def test_a_payment_told_twice_or_pending_counts_once(world: World) -> None:
    _agreed(world)
    world.paid(10_000, 50_000, pending=True)
    assert world.count("agreement.kept") == 0
    world.paid(10_000, 50_000)
    world.paid(10_000, 50_000)
    assert world.count("agreement.kept") == 1


def test_a_settlement_is_complete_without_its_discount(world: World) -> None:
    _agreed(world, plan=0)
    world.paid(54_000, 6_000)
    assert world.count("agreement.completed") == 1


def test_a_reversed_payment_reopens_a_completed_agreement(world: World) -> None:
    visitor = _agreed(world, plan=0)
    world.paid(54_000, 6_000)
    world.paid(54_000, 60_000, event_type="payment.reversed")
    assert world.count("agreement.reopened") == 1
    assert "It&#39;s agreed" in visitor.get("/plans").text
    world.paid(54_000, 6_000)
    assert world.count("agreement.completed") == 2
    assert len({one["id"] for one in world.facts("agreement.completed")}) == 2


def test_a_recalled_bill_ends_its_agreement(world: World) -> None:
    visitor = _agreed(world)
    world.applied("bill.closed", bill_id="b-1", why="recalled")
    assert "Nothing to pay here" in visitor.get("/plans").text
    assert world.count("agreement.completed") == 0


@pytest.mark.parametrize(
    ("answer", "said", "handoffs"),
    [("accepted", "has entered the plan", 0), ("refused", "could not enter the plan", 1)],
)
def test_booking_is_requested_until_the_publisher_answers(
    world: World, answer: str, said: str, handoffs: int
) -> None:
    visitor = _agreed(world)
    assert "this counts as requested" in visitor.page.text
    (asked,) = world.facts("request.made")
    world.applied("request.answered", request_id=asked["data"]["request_id"], answer=answer)
    assert said in visitor.get("/plans").text
    assert world.count("handoff.requested") == handoffs


def test_another_party_sees_that_it_is_arranged_and_no_terms(world: World) -> None:
    _agreed(world)
    world.customer("c-2", verification=VERIFICATION)
    other = world.browser(world.invited("m-2", "b-1", "c-2"))
    page = other.verify()
    assert "This has been arranged" in page.text
    assert "€" not in page.text


def test_two_parties_make_one_agreement(world: World) -> None:
    mine = _inside(world)
    world.customer("c-2", verification=VERIFICATION)
    theirs = world.browser(world.invited("m-2", "b-1", "c-2", offers=AUTHORITY))
    theirs.verify()
    offer = theirs.offers[1]
    mine.accept(mine.offers[2])
    assert theirs.accept(offer).status_code == 409
    assert world.count("agreement.made") == 1


def test_many_tabs_at_once_make_one_agreement(world: World) -> None:
    visitor = _inside(world)
    form, cookies = visitor.form("/accept"), dict(visitor.client.cookies)

    def click(offer: str) -> int:
        tab = TestClient(world.api, cookies=cookies, follow_redirects=False)
        return int(tab.post(form.action, data=form.fields | {"offer_id": offer}).status_code)

    with ThreadPoolExecutor(6) as threads:
        statuses = list(threads.map(click, form.choices[1:4] * 4))
    assert world.count("agreement.made") == world.count("offer.accepted") == 1
    assert statuses.count(303) == 4
    assert statuses.count(409) == 8
