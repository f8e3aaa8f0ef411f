"""At the door: wrong answers, locks, missing evidence, and people who are someone else."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from negotiator_world import ANSWERS, VERIFICATION, Browser, World, world_of

from schemas.facts import ContactRightParty
from schemas.topics import OUTREACH_LOG
from services.negotiator.handlers import people
from support.database import Database

WRONG = {"last_digits": "0000", "birth_year": "1980"}


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    yield from world_of(database)


def _reasons(world: World) -> list[str]:
    return [fact["data"]["reason"] for fact in world.facts("handoff.requested")]


def _fail(visitor: Browser, times: int) -> None:
    for _ in range(times):
        visitor.verify(**WRONG)


def test_wrong_answers_say_how_many_tries_are_left(world: World) -> None:
    visitor = world.browser(world.ready())
    page = visitor.verify(**WRONG)
    assert "Tries left:\N{NO-BREAK SPACE}4" in page.text
    assert "€600.00" in visitor.verify().text


def test_five_wrong_answers_lock_for_a_day_and_call_a_person(world: World) -> None:
    token = world.ready()
    visitor = world.browser(token)
    form = visitor.form("/verify")
    _fail(visitor, 5)
    assert "Let a person take it from here" in visitor.page.text
    assert _reasons(world) == ["verification_locked"]
    visitor.client.post(form.action, data=form.fields | ANSWERS)
    assert "600.00" not in visitor.get("/plans").text
    assert "€600.00" not in world.browser(token).page.text
    world.pass_time(timedelta(hours=24))
    assert "€600.00" in _verified(world, token)


def test_answers_sent_side_by_side_count_one_by_one(world: World) -> None:
    visitor = world.browser(world.ready())
    form = visitor.form("/verify")

    def answer(_: int) -> int:
        tab = TestClient(world.api, follow_redirects=False)
        return int(tab.post(form.action, data=form.fields | WRONG).status_code)

    with ThreadPoolExecutor(6) as threads:
        assert set(threads.map(answer, range(12))) == {303}
    assert world.database.rows("SELECT count(*) FROM negotiator.attempt") == [(5,)]
    assert _reasons(world) == ["verification_locked"]


def test_tries_count_over_all_of_a_customers_links(world: World) -> None:
    visitor = world.browser(world.ready())
    _fail(visitor, 3)
    world.missed("b-2")
    other = world.browser(world.invited("m-2", "b-2"))
    _fail(other, 2)
    assert "Let a person take it from here" in visitor.get().text


def test_a_right_answer_gives_the_tries_back(world: World) -> None:
    token = world.ready()
    visitor = world.browser(token)
    _fail(visitor, 4)
    assert "€600.00" in visitor.verify().text
    again = world.browser(token)
    _fail(again, 4)
    assert "Tries left:\N{NO-BREAK SPACE}1" in again.page.text


@pytest.mark.parametrize(
    "verification",
    [None, {}, {"birth_year": 1980, "postal_code": "10115"}, {"last_digits": "1"}],
)
def test_without_enough_evidence_a_person_helps(
    world: World, verification: dict[str, object] | None
) -> None:
    visitor = world.browser(world.ready(verification=verification))
    assert "A person will help you" in visitor.page.text
    assert _reasons(world) == []
    visitor.post("/person")
    assert _reasons(world) == ["no_evidence"]
    assert "A person will take it from here" in visitor.get().text
    assert "600.00" not in visitor.get("/plans").text


def test_evidence_taken_back_is_asked_no_more(world: World) -> None:
    token = world.ready()
    world.customer(verification=None)
    assert "A person will help you" in world.browser(token).page.text


def test_answers_rest_as_keyed_hashes_only(world: World) -> None:
    world.ready(verification={"passphrase": "blue heron", "last_digits": "44114411"})
    rows = world.database.rows("SELECT evidence::text FROM negotiator.evidence")
    assert len(rows) == 2
    assert not any("heron" in text or "44114411" in text for (text,) in rows)


def test_the_same_answer_of_two_customers_rests_differently(world: World) -> None:
    for customer in ("c-1", "c-2"):
        world.customer(customer, verification=VERIFICATION)
    (kinds,) = world.database.rows("SELECT count(DISTINCT hash) FROM negotiator.evidence")
    assert kinds == (4,)


def test_this_is_not_me_closes_every_visit_and_calls_a_person(world: World) -> None:
    token = world.ready()
    inside, outside = world.browser(token), world.browser(token)
    inside.verify()
    assert "Thank you for telling us" in outside.post("/not-me").text
    assert [one["data"]["confirmed"] for one in world.facts("contact.right_party")] == [True, False]
    assert _reasons(world) == ["wrong_person"]
    assert "600.00" not in inside.get("/plans").text
    assert "/verify" not in world.browser(token).page.text


def test_no_link_to_someone_else_opens_again_once_a_person_has_seen_to_it(world: World) -> None:
    token = world.ready()
    world.missed("b-2")
    other = world.invited("m-2", "b-2")
    inside = world.browser(other)
    inside.verify()
    world.browser(token).post("/not-me")
    assert "600.00" not in inside.get("/plans").text
    _resolve(world, "wrong_person")
    for link in (token, other):
        assert "/verify" not in world.browser(link).page.text
    world.customer(email="new@example.org", verification=VERIFICATION)
    assert "/verify" not in world.browser(token).page.text
    assert "€600.00" in _verified(world, world.invited("m-3"))


def test_a_wrong_person_found_at_the_desk_is_told_and_shut_out(world: World) -> None:
    token = world.ready()
    world.browser(token).post("/person")
    _resolve(world, "wrong_person")
    (told,) = world.facts("contact.right_party")
    assert (told["data"]["confirmed"], told["data"]["via"]) == (False, "desk")
    assert "/verify" not in world.browser(token).page.text


def test_a_wrong_person_who_answers_the_mail_is_shut_out(world: World) -> None:
    token = world.ready()
    inside = world.browser(token)
    inside.verify()
    said = ContactRightParty(confirmed=False, channel="email", via="reply")
    world.tell(OUTREACH_LOG, said, "c-1", source="/rapport/messenger")
    assert "600.00" not in inside.get("/plans").text
    assert "/verify" not in world.browser(token).page.text
    # It is told already: nothing is told again.
    assert [one["data"]["via"] for one in world.facts("contact.right_party")] == ["portal"]


def test_who_was_taken_for_someone_else_is_let_in_again(world: World) -> None:
    token = world.ready()
    world.browser(token).post("/not-me")
    _resolve(world, "identity_confirmed")
    assert [one["data"]["confirmed"] for one in world.facts("contact.right_party")] == [False, True]
    assert "€600.00" in _verified(world, token)


def test_asking_for_a_person_twice_asks_once(world: World) -> None:
    visitor = world.browser(world.ready())
    form = visitor.form("/person")
    for _ in range(2):
        visitor.client.post(form.action, data=form.fields)
    assert _reasons(world) == ["asked_for_person"]
    visitor.get()
    assert "€600.00" in visitor.verify().text


def test_an_unverified_visitor_cannot_dispute(world: World) -> None:
    visitor = world.browser(world.ready())
    form = visitor.form("/person")
    visitor.client.post(form.action, data=form.fields | {"reason": "dispute"})
    assert _reasons(world) == ["asked_for_person"]


def test_a_merged_customer_is_asked_what_either_was_known_by(world: World) -> None:
    token = world.ready()
    world.customer("c-9", timezone="Asia/Tokyo")
    world.merged("c-1", "c-9")
    assert "€600.00" in _verified(world, token)
    assert {fact["subject"] for fact in world.facts()} == {"c-9"}


def _resolve(world: World, outcome: str) -> None:
    """A person at the desk takes the one hand-off that waits and ends it so."""
    (requested,) = world.facts("handoff.requested")
    with world.context.unit() as work:
        people.assign(work, requested["data"]["handoff_id"], "ana", None)
        people.resolve(work, requested["data"]["handoff_id"], "ana", outcome, None)


def _verified(world: World, token: str) -> str:
    return world.browser(token).verify().text
