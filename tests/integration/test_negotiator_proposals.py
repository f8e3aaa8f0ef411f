"""A customer's own plan: accepted, countered, with a person; and all that is no proposal."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from negotiator_world import VERIFICATION, Browser, World, due_dates, world_of

from schemas.facts import CustomerErased
from support.database import Database


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    yield from world_of(database, session_hours=24 * 365)


def _inside(world: World, creditor: str = "Northwind Bank", **bill: Any) -> Browser:
    world.customer(verification=VERIFICATION, timezone="Europe/Berlin", country="DE")
    world.missed(creditor=creditor, **bill)
    visitor = world.browser(world.invited())
    visitor.verify()
    return visitor


def test_a_plan_within_authority_is_agreed_at_once(world: World) -> None:
    visitor = _inside(world)
    page = visitor.post("/propose", each="125", every="month", first="2026-03-31")
    assert page.status_code == 200
    assert "It&#39;s agreed" in page.text
    (made,) = world.facts("agreement.made")
    assert [part["amount_minor"] for part in made["data"]["instalments"]] == [12_500] * 4 + [10_000]
    # 31 May and 31 July have no business day before the next month.
    assert [day.isoformat() for day in due_dates(made)] == [
        "2026-03-31", "2026-04-30", "2026-06-01", "2026-06-30", "2026-07-31",
    ]  # fmt: skip
    assert (made["data"]["grace_days"], made["data"]["timezone"]) == (3, "Europe/Berlin")
    wish = world.facts("offer.proposed")[-1]["data"]
    assert (wish["by"], wish["matrix"]["cell"], wish["matrix"]["role"]) == (
        "customer", "all", "everyone",
    )  # fmt: skip


def test_what_goes_too_far_is_countered_and_nothing_offered_is_withdrawn(world: World) -> None:
    visitor = _inside(world)
    before = visitor.offers
    page = visitor.post("/propose", each="15", every="month")
    assert page.status_code == 200
    assert "these plans come closest" in page.text
    assert set(before) <= set(visitor.offers)
    assert world.count("agreement.made") == 0
    wish = next(one for one in world.facts("offer.proposed") if one["data"]["by"] == "customer")
    countered = world.facts("offer.countered")
    assert {one["data"]["offer_id"] for one in countered} == {wish["data"]["offer_id"]}
    nearest = countered[0]["data"]["by_offer_id"]
    assert nearest in visitor.offers
    visitor.accept(nearest)
    assert world.count("agreement.made") == 1


def test_after_a_few_rounds_a_person_answers_and_the_talk_ends(world: World) -> None:
    visitor = _inside(world)
    for each in ("1", "2", "3"):
        visitor.post("/propose", each=each, every="month")
    visitor.get("/plans")
    page = visitor.post("/propose", each="4", every="month")
    assert "A person will look at your proposal" in page.text
    (handoff,) = world.facts("handoff.requested")
    assert handoff["data"]["reason"] == "terms_beyond_authority"
    assert (world.count("offer.declined"), world.count("agreement.made")) == (1, 0)
    page = visitor.get("/plans")
    assert "/propose" not in page.text
    visitor.accept(visitor.offers[0])
    assert world.count("agreement.made") == 1


def test_who_says_what_they_can_manage_may_have_more(world: World) -> None:
    visitor = _inside(world, "Strict Bank")
    assert "/afford" not in visitor.page.text
    visitor.post("/propose", each="100", every="month")
    assert world.count("offer.countered") > 0
    page = visitor.post("/afford", monthly="100", payday="25")
    assert "Here is what that makes possible" in page.text
    assert "/afford" not in page.text
    (stated,) = world.facts("affordability.stated")
    assert set(stated["data"]) == {"case_id", "obligation_id"}
    needed = [
        one["data"]
        for one in world.facts("offer.proposed")
        if (one["data"]["matrix"] or {}).get("role") == "need"
    ]
    assert any(len(one["instalments"]) == 6 for one in needed)
    assert world.database.rows("SELECT monthly_minor, payday FROM negotiator.affordability") == [
        (10_000, 25)
    ]
    world.tell("outreach.log", _erased(), "c-1", source="/rapport/segmenter")
    assert world.database.rows("SELECT 1 FROM negotiator.affordability") == []


def _erased() -> Any:
    return CustomerErased(tables=1)


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"each": "-50"}, 422, "above zero"),
        ({"each": "1e9"}, 422, "above zero"),
        ({"each": "600.01"}, 422, "above zero"),
        ({"each": "50", "first": "2026-03-01"}, 422, "from today on"),
        ({"each": "50", "first": "9999-12-31"}, 422, "from today on"),
        ({"each": "50", "count": "100000"}, 422, "number isn"),
        ({"each": "50", "every": "decade"}, 422, "read that"),
        ({}, 422, "read that"),
        ({"each": "50", "currency": "USD"}, 422, "currency"),
        ({"each": "50", "asked": "1"}, 409, "amount has changed"),
    ],
)
def test_what_is_no_proposal_changes_nothing(
    world: World, fields: dict[str, str], status: int, said: str
) -> None:
    visitor = _inside(world)
    before = len(world.facts())
    page = visitor.post("/propose", **fields)
    assert page.status_code == status
    assert said in page.text
    assert len(world.facts()) == before
    assert world.database.rows("SELECT 1 FROM negotiator.proposal") == []


@pytest.mark.parametrize(("what", "status"), [("paid", 409), ("disputed", 409), ("held", 409)])
def test_nothing_is_agreed_about_what_is_paid_or_disputed(
    world: World, what: str, status: int
) -> None:
    visitor = _inside(world)
    form = visitor.form("/propose")
    match what:
        case "paid":
            world.paid(60_000, 0)
        case "disputed":
            visitor.post("/person", "dispute")
        case _:
            world.applied("customer.hold_placed", kind="attorney")
    answer = visitor.client.post(form.action, data=form.fields | {"each": "100"})
    assert answer.status_code == status
    assert world.count("agreement.made") == 0
    assert "€" not in answer.text


def test_the_dates_of_a_plan_are_worked_out_before_it_is_proposed(world: World) -> None:
    visitor = world.browser(world.ready())
    visitor.verify()
    page = visitor.post("/propose", each="40", every="month", look="yes")
    assert (page.status_code, page.text.count("€40.00</td>")) == (200, 15)
    assert visitor.post("/propose", each="-50", look="yes").status_code == 422
    assert world.facts("offer.countered", "agreement.made") == []


def test_a_double_click_and_many_tabs_make_one_agreement(world: World) -> None:
    visitor = _inside(world)
    form, cookies = visitor.form("/propose"), dict(visitor.client.cookies)

    def click(each: str) -> int:
        tab = TestClient(world.api, cookies=cookies, follow_redirects=False)
        return int(tab.post(form.action, data=form.fields | {"each": each}).status_code)

    with ThreadPoolExecutor(6) as threads:
        statuses = list(threads.map(click, ["100", "100", "200", "100", "200", "100"]))
    assert world.count("agreement.made") == world.count("offer.accepted") == 1
    assert statuses.count(303) in (2, 4)
    assert statuses.count(409) == 6 - statuses.count(303)


def test_the_same_proposal_again_is_answered_as_before(world: World) -> None:
    visitor = _inside(world)
    for _ in range(5):
        visitor.post("/propose", each="15", every="month")
    assert len(world.database.rows("SELECT 1 FROM negotiator.proposal")) == 1
    assert world.count("handoff.requested") == 0


def test_two_hundred_proposals_in_a_minute_are_too_many(world: World) -> None:
    visitor = _inside(world)
    form = visitor.form("/propose")
    statuses = [
        visitor.client.post(form.action, data=form.fields | {"each": "-1"}).status_code
        for _ in range(40)
    ]
    assert statuses[:30] == [422] * 30
    assert set(statuses[30:]) == {429}
    assert world.count("handoff.requested") == 0


def test_another_customers_token_opens_nothing_of_this_one(world: World) -> None:
    visitor = _inside(world)
    form = visitor.form("/propose")
    world.customer("c-2", verification=VERIFICATION)
    world.missed("b-2", "c-2")
    theirs = world.browser(world.invited("m-2", "b-2", "c-2"))
    answer = visitor.client.post(f"{theirs.base}/propose", data=form.fields | {"each": "100"})
    assert answer.status_code == 403
    assert "€" not in answer.text
    assert world.count("agreement.made") == 0


def test_a_payment_may_be_put_off_within_the_rules(world: World) -> None:
    visitor = _inside(world)
    visitor.accept(visitor.offers[3])
    page = visitor.post("/move", to="2026-03-30")
    assert page.status_code == 422
    page = visitor.post("/move", to="2026-03-16")
    assert "The payment has been moved" in page.text
    (changed,) = world.facts("agreement.changed")
    assert [day.isoformat() for day in due_dates(changed)][:2] == ["2026-03-16", "2026-04-09"]
    assert visitor.post("/move", to="2026-03-18").status_code == 200
    assert "/move" not in visitor.get("/plans").text
    world.pass_time(timedelta(days=12))
    world.look_at_promises()
    assert world.count("agreement.broken") == 0


def test_after_a_broken_promise_a_gentler_offer_lies_ready(world: World) -> None:
    visitor = _inside(world)
    visitor.accept(visitor.offers[1])
    before = world.count("offer.proposed")
    world.pass_time(timedelta(days=12))
    for _ in range(2):
        world.look_at_promises()
    assert world.count("agreement.broken") == 1
    anew = world.facts("offer.proposed")[before:]
    heaviest = [max(part["amount_minor"] for part in one["data"]["instalments"]) for one in anew]
    assert heaviest == sorted(heaviest)
    assert "there is a new start" in visitor.get("/plans").text
    visitor.accept(visitor.offers[0])
    assert world.count("agreement.made") == 2


def test_the_case_tells_how_each_proposal_was_answered(world: World) -> None:
    visitor = _inside(world)
    visitor.post("/propose", each="15", every="month")
    (case_id,) = (row[0] for row in world.database.rows("SELECT case_id FROM negotiator.case_file"))
    client = TestClient(world.api, headers={"authorization": "Bearer read-secret"})
    told = client.get(f"/cases/{case_id}").json()
    (proposal,) = told["proposals"]
    assert proposal["outcome"] == "countered"
    assert proposal["breaches"]
    assert {one["what"] for one in told["story"]} >= {"proposal.countered", "offer.proposed"}
    assert all(one["matrix"]["npv_minor"] > 0 for one in told["offers"] if one["by"] == "machine")
