"""The walk through the portal: verify, see plans, agree, pay; and every way it must not go."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from negotiator_world import ANSWERS, VERIFICATION, World, due_dates, world_of

from services.runtime.database import open_engine
from support.database import Database

SECRETS = ("600.00", "Northwind", "Credit card", "25 February", "EUR", "€")


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    yield from world_of(database)


def test_the_walk_from_a_link_to_a_kept_agreement(world: World) -> None:
    token = world.ready()
    visitor = world.browser(token)
    assert "quick check" in visitor.page.text
    plans = visitor.verify()
    assert plans.status_code == 200
    assert "€600.00" in plans.text
    assert "Northwind Bank" in plans.text
    assert len(visitor.offers) == 6
    agreed = visitor.accept(visitor.offers[3])
    assert "It&#39;s agreed" in agreed.text
    assert agreed.text.count("€100.00") == 6
    (made,) = world.facts("agreement.made")
    assert sum(part["amount_minor"] for part in made["data"]["instalments"]) == 60_000
    assert [day.isoformat() for day in due_dates(made)][:2] == ["2026-03-09", "2026-04-09"]
    assert made["subject"] == "c-1"
    (accepted,) = world.facts("offer.accepted")
    assert accepted["data"]["message_id"] == "m-1"
    (asked,) = world.facts("request.made")
    assert asked["data"]["kind"] == "book_plan"
    assert [one["data"]["confirmed"] for one in world.facts("contact.right_party")] == [True]
    assert world.count("offer.proposed") == 6
    assert world.count("offer.expired") == 5


def test_offers_are_signed_and_keep_within_authority(world: World) -> None:
    world.browser(world.ready()).verify()
    for fact in world.facts("offer.proposed"):
        offer = fact["data"]
        assert len(offer["signature"]) == 64
        assert offer["total_minor"] + offer["discount_minor"] == offer["balance_minor"] == 60_000
        assert offer["discount_minor"] * 10_000 <= 60_000 * 1_000
        assert offer["expires_at"].startswith("2026-03-05T09:00:00")
        assert offer["by"] == "machine"


def test_nothing_of_the_debt_shows_before_verification(world: World) -> None:
    token = world.ready()
    visitor = world.browser(token)
    pages = [visitor.page, visitor.get("/plans")]
    pages.append(visitor.verify(last_digits="1", birth_year="2"))
    pages += [visitor.get("/thanks?for=dispute"), visitor.get("?lang=ja"), visitor.get("?lang=zh")]
    for page in pages:
        for secret in SECRETS:
            assert secret not in page.text
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
    assert world.count("offer.proposed") == 0


def test_getting_pages_changes_nothing(world: World) -> None:
    visitor = world.browser(world.ready())
    for path in ("", "/plans", "/thanks?for=asked_for_person"):
        visitor.get(path)
    assert world.facts() == []
    assert world.database.rows("SELECT * FROM negotiator.case_file") == []


@pytest.mark.parametrize("token", ["rubbish", "eyJtIjoibS0xIn0.forged", "%00", "m-1"])
def test_a_forged_token_shows_a_plain_page(world: World, token: str) -> None:
    world.ready()
    page = world.browser(token).page
    assert page.status_code == 404
    assert "This link doesn&#39;t work" in page.text
    for path in ("verify", "accept", "person", "not-me", "plans", "leave"):
        answer = world.browser(token).client.post(f"/p/{token}/{path}", data=ANSWERS)
        assert answer.status_code == 404
    assert world.facts() == []


def test_a_token_for_another_purpose_opens_nothing(world: World) -> None:
    world.ready()
    click = world.context.signer.sign("click", {"m": "m-1"}, world.now + timedelta(days=1))
    assert world.browser(click).page.status_code == 404


def test_an_expired_token_says_so(world: World) -> None:
    token = world.ready()
    world.pass_time(timedelta(days=31))
    page = world.browser(token).page
    assert page.status_code == 410
    assert "expired" in page.text


def test_a_message_not_heard_of_yet_asks_for_a_moment(world: World) -> None:
    page = world.browser(world.token("m-9")).page
    assert page.status_code == 202
    assert 'http-equiv="refresh"' in page.text


def test_a_visit_waits_until_this_service_knows_what_the_messenger_knew(world: World) -> None:
    world.missed()
    token = world.invited(applied_through={"customer.events/0": 1})
    world.customer(locale="en")
    assert world.browser(token).page.status_code == 202
    world.customer(verification=VERIFICATION)
    assert "quick check" in world.browser(token).page.text


def test_accepting_twice_makes_one_agreement(world: World) -> None:
    visitor = world.browser(world.ready())
    visitor.verify()
    offer, form = visitor.offers[1], visitor.form("/accept")
    for _ in range(2):
        visitor.client.post(form.action, data=form.fields | {"offer_id": offer})
    assert world.count("agreement.made") == world.count("offer.accepted") == 1
    other = visitor.client.post(form.action, data=form.fields | {"offer_id": form.choices[2]})
    assert other.status_code == 409
    assert "already" in other.text
    assert world.count("agreement.made") == 1


def test_an_unknown_offer_agrees_to_nothing(world: World) -> None:
    visitor = world.browser(world.ready())
    visitor.verify()
    for offer in ("", "nonsense", "x" * 500, "a\x00b"):
        page = visitor.accept(offer)
        assert page.status_code == 404
        assert "isn&#39;t one of yours" in page.text
    assert world.count("agreement.made") == 0


def test_another_customers_offer_and_session_are_worth_nothing(world: World) -> None:
    mine = world.browser(world.ready())
    mine.verify()
    world.customer("c-2", verification={"passphrase": "blue heron", "birth_year": 1970})
    world.missed("b-2", "c-2", amount_minor=77_700)
    theirs = world.browser(world.invited("m-2", "b-2", "c-2"))
    theirs.client.cookies.update(mine.client.cookies)
    assert "777.00" not in theirs.get("/plans").text
    theirs.verify(passphrase="Blue  HERON", birth_year="1970")
    offer = theirs.offers[0]
    assert mine.accept(offer).status_code == 404
    assert world.count("agreement.made") == 0


def test_terms_altered_in_the_database_are_refused(world: World) -> None:
    visitor = world.browser(world.ready())
    visitor.verify()
    world.database.rows("UPDATE negotiator.offer SET discount_minor = 59000")
    assert visitor.accept(visitor.offers[0]).status_code == 409
    assert world.count("agreement.made") == 0


def test_forms_of_other_pages_are_refused(world: World) -> None:
    visitor = world.browser(world.ready())
    form = visitor.form("/verify")
    for token in ("", "forged", world.context.signer.sign("portal-form", {"b": "x"}, world.now)):
        answer = visitor.client.post(form.action, data=ANSWERS | {"form": token})
        assert answer.status_code == 403
    assert world.facts() == []
    visitor.verify()
    before = form.fields
    answer = visitor.client.post(visitor.form("/accept").action, data=before | {"offer_id": "x"})
    assert answer.status_code == 403
    assert "Please try once more" in answer.text


def test_a_session_ends_in_business_time(world: World) -> None:
    visitor = world.browser(world.ready())
    visitor.verify()
    offer, form = visitor.offers[0], visitor.form("/accept")
    world.pass_time(timedelta(hours=12))
    visitor.get("/plans")
    assert "had closed" in visitor.page.text
    late = visitor.client.post(form.action, data=form.fields | {"offer_id": offer})
    assert late.status_code == 403
    assert world.count("agreement.made") == 0


def test_leaving_closes_the_page(world: World) -> None:
    visitor = world.browser(world.ready())
    visitor.verify()
    kept = dict(visitor.client.cookies)
    assert "You have left" in visitor.post("/leave").text
    visitor.client.cookies.update(kept)
    assert "600.00" not in visitor.get("/plans").text


def test_the_language_is_the_messages_until_another_is_chosen(world: World) -> None:
    world.customer(verification=VERIFICATION)
    world.missed()
    visitor = world.browser(world.invited(locale="ja"))
    assert '<html lang="ja">' in visitor.page.text
    assert '<html lang="zh">' in visitor.get("?lang=zh").text
    assert '<html lang="zh">' in visitor.verify().text
    assert '<html lang="zh">' in visitor.get("/plans?lang=tlh").text


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(world: World) -> None:
    visitor = world.browser(world.ready())
    form = visitor.form("/verify")
    answer = visitor.client.post(form.action, data=form.fields | ANSWERS)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "max-age" not in cookie


def test_a_form_too_large_or_not_a_form_is_refused(world: World) -> None:
    visitor = world.browser(world.ready())
    path = visitor.form("/verify").action
    assert visitor.client.post(path, content=b"a=" + b"x" * 20_000).status_code == 413
    assert visitor.client.post(path, content=b"\xff=\xff").status_code == 400
    assert visitor.client.post(path, content=b"&".join([b"a=1"] * 50)).status_code == 400


def test_while_the_database_is_away_a_page_says_so_and_nothing_is_lost(world: World) -> None:
    visitor = world.browser(world.ready())
    form = visitor.form("/verify")
    reached = world.context.engine
    nowhere = world.database.service_url("negotiator").set(port=1)
    world.context.engine = open_engine(nowhere, "negotiator")
    page = visitor.client.post(form.action, data=form.fields | ANSWERS)
    assert page.status_code == 503
    assert "Nothing was changed" in page.text
    world.context.engine = reached
    assert "€600.00" in visitor.verify().text
