"""The desk: who may enter, one person a hand-off, and what the log says of it; cases over HTTP."""

import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response
from negotiator_world import VERIFICATION, Browser, Form, World, forms_of, world_of

from rapport.demo.website import serving
from schemas.facts import HandoffRequested
from schemas.topics import OUTREACH_LOG
from support.database import Database


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    yield from world_of(database)


class Desk:
    """A person at the desk, with a browser of their own."""

    def __init__(self, world: World, token: str) -> None:
        self.client = TestClient(world.api)
        self.page = self.client.get("/desk")
        self.send("/sign-in", token=token)

    def open(self, reason: str = "") -> str:
        """Look at the first hand-off of the queue, or at the one for that reason."""
        queue = self.client.get("/desk").text
        (path, *_) = re.findall(rf'href="(/desk/handoffs/[^"]+)">{reason}', queue)
        self.page = self.client.get(path)
        return str(self.page.text)

    def form(self, ending: str) -> Form:
        if not self.offers(ending):
            self.open()
        return next(form for form in forms_of(self.page) if form.action.endswith(ending))

    def offers(self, ending: str) -> bool:
        """Whether the page has such a form."""
        return any(form.action.endswith(ending) for form in forms_of(self.page))

    def send(self, ending: str, **fields: str) -> Response:
        form = self.form(ending)
        page: Response = self.client.post(form.action, data=form.fields | fields)
        self.page = page
        return page


def _asked(world: World) -> Browser:
    visitor = world.browser(world.ready())
    visitor.post("/person")
    return visitor


def test_a_hand_off_is_taken_by_one_and_resolved_with_an_outcome(world: World) -> None:
    _asked(world)
    ana, bo = Desk(world, "ana-secret"), Desk(world, "bo-secret")
    assert "1 waiting for a person" in ana.page.text
    assert "Asked for a person" in bo.page.text
    late = bo.form("/assign")
    ana.send("/assign")
    assert "you" in ana.page.text
    bo.page = bo.client.post(late.action, data=late.fields)
    assert "Someone else holds it" in bo.page.text
    assert [one["data"]["to"] for one in world.facts("handoff.assigned")] == ["ana"]
    assert "Choose an outcome" in ana.send("/resolve", outcome="whatever").text
    assert "Nobody is waiting" in ana.send("/resolve", outcome="done").text
    (resolved,) = world.facts("handoff.resolved")
    assert resolved["data"]["outcome"] == "done"
    assert resolved["subject"] == "c-1"


def test_a_double_click_takes_and_resolves_once(world: World) -> None:
    _asked(world)
    ana = Desk(world, "ana-secret")
    for ending, fields in (("/assign", {}), ("/resolve", {"outcome": "done"})):
        form = ana.form(ending)
        for _ in range(2):
            ana.page = ana.client.post(form.action, data=form.fields | fields)
    assert world.count("handoff.assigned") == world.count("handoff.resolved") == 1


def test_confirming_someones_identity_gives_their_tries_back(world: World) -> None:
    visitor = world.browser(world.ready())
    for _ in range(5):
        visitor.verify(last_digits="1", birth_year="1")
    ana = Desk(world, "ana-secret")
    ana.send("/assign")
    ana.send("/resolve", outcome="identity_confirmed")
    visitor.get()
    assert "€600.00" in visitor.verify().text


def test_what_other_services_hand_over_comes_to_the_desk(world: World) -> None:
    reply = HandoffRequested(handoff_id="h-1", case_id="none yet", reason="reply")
    world.tell(OUTREACH_LOG, reply, "c-1", source="/rapport/messenger")
    ana = Desk(world, "ana-secret")
    assert "Wrote back" in ana.page.text
    ana.send("/assign")
    ana.send("/resolve", outcome="done")
    assert world.facts("handoff.resolved")[0]["data"]["handoff_id"] == "h-1"


def test_only_a_desk_token_opens_the_desk(world: World) -> None:
    _asked(world)
    for token in ("", "wrong", "read-secret"):
        page = Desk(world, token).page
        assert page.status_code == 403
        assert "does not open the desk" in page.text
    assert "waiting" not in TestClient(world.api).get("/desk").text


def test_a_token_bound_to_another_tenant_sees_and_takes_nothing(world: World) -> None:
    _asked(world)
    ana, other = Desk(world, "ana-secret"), Desk(world, "other-secret")
    assert "Nobody is waiting" in other.page.text
    here = ana.form("/assign").action
    assert "no such hand-off" in other.client.get(here.removesuffix("/assign")).text
    taken = other.client.post(here, data={"form": other.form("/sign-out").fields["form"]})
    assert "no such hand-off" in taken.text
    assert world.count("handoff.assigned") == 0


def test_forms_of_others_are_refused_and_signing_out_ends_it(world: World) -> None:
    _asked(world)
    ana, bo = Desk(world, "ana-secret"), Desk(world, "bo-secret")
    ana.client.post(ana.form("/assign").action, data=bo.form("/assign").fields)
    assert world.count("handoff.assigned") == 0
    ana.page = ana.client.get("/desk")
    (leave,) = [form for form in forms_of(ana.page) if form.action.endswith("/sign-out")]
    assert "Sign in" in ana.client.post(leave.action, data=leave.fields).text


def test_a_supervisor_takes_it_from_someones_hands_and_an_agent_does_not(world: World) -> None:
    _asked(world)
    ana, bo, sam = (Desk(world, f"{name}-secret") for name in ("ana", "bo", "sam"))
    ana.send("/assign")
    bo.open()
    assert not bo.offers("/release")
    sam.send("/release")
    (told,) = world.facts("handoff.released")
    assert (told["data"]["held_by"], told["data"]["by"]) == ("ana", "sam")
    bo.send("/assign")
    assert [one["data"]["to"] for one in world.facts("handoff.assigned")] == ["ana", "bo"]


def test_compliance_looks_and_changes_nothing(world: World) -> None:
    _asked(world)
    ana, cleo = Desk(world, "ana-secret"), Desk(world, "cleo-secret")
    form = ana.form("/assign")
    cleo.open()
    assert [form.action for form in forms_of(cleo.page)] == []
    own = cleo.client.get("/desk")
    (leave,) = [one for one in forms_of(own) if one.action.endswith("/sign-out")]
    assert "role does not allow" in cleo.client.post(form.action, data=leave.fields).text
    assert world.count("handoff.assigned") == 0
    assert {one["data"]["by"] for one in world.facts("handoff.seen")} == {"ana", "cleo"}


def test_notes_stay_at_the_desk_and_answers_reach_the_portal_but_never_the_log(
    world: World,
) -> None:
    visitor = _asked(world)
    ana, bo = Desk(world, "ana-secret"), Desk(world, "bo-secret")
    bo.open()
    assert not bo.offers("/answer")
    ana.send("/assign")
    assert "Write something" in ana.send("/answer", text=" ").text
    for _ in range(2):
        ana.send("/answer", text="We moved your date. <b>No fee.</b>")
    ana.send("/note", text="called twice")
    assert "called twice" in bo.open()
    assert "ana is looking" in bo.page.text
    assert world.count("handoff.answered") == world.count("handoff.noted") == 1
    assert "moved your date" not in str(world.facts()) + str(world.facts("handoff.noted"))
    visitor.get()
    visitor.verify()
    shown = visitor.get("/bills").text
    assert "We moved your date. &lt;b&gt;No fee.&lt;/b&gt;" in shown
    assert "called twice" not in shown


def test_a_case_tells_its_story_to_those_inside(world: World) -> None:
    visitor = world.browser(world.ready())
    visitor.verify(last_digits="9", birth_year="9")
    visitor.verify()
    visitor.accept(visitor.offers[2])
    visitor.post("/person", "hardship")
    case_id = world.facts("agreement.made")[0]["data"]["case_id"]
    client = TestClient(world.api)
    assert client.get(f"/cases/{case_id}").status_code == 401
    assert _case(client, case_id, "ana-secret").status_code == 403
    assert _case(client, case_id, "other-secret").status_code == 404
    assert _case(client, "none", "read-secret").status_code == 404
    case = _case(client, case_id, "read-secret").json()
    assert case["agreements"][0]["status"] == "active"
    assert case["obligation"]["remaining_minor"] == 60_000
    told = [entry["what"] for entry in case["story"]]
    assert told[:3] == ["case.opened", "verification", "verification"]
    assert told[-2:] == ["agreement.made", "handoff.requested"]
    assert "4411" not in str(case)


def _case(client: TestClient, case_id: str, token: str) -> Response:
    answer: Response = client.get(f"/cases/{case_id}", headers={"Authorization": f"Bearer {token}"})
    return answer


def _in_talk(world: World) -> tuple[Browser, "Desk"]:
    """A customer of a strict creditor who asked for a person, and the person who took it."""
    world.customer(verification=VERIFICATION, timezone="Europe/Berlin", country="DE")
    world.missed(creditor="Strict Bank")
    visitor = world.browser(world.invited())
    visitor.verify()
    visitor.post("/person", "asked_for_person")
    ana = Desk(world, "ana-secret")
    ana.send("/assign")
    return visitor, ana


def test_an_agent_offers_within_their_own_limits(world: World) -> None:
    visitor, ana = _in_talk(world)
    page = ana.send("/offer", count="10", every="month")
    assert "on the customer&#39;s page" in page.text
    (offer,) = [one for one in world.facts("offer.proposed") if one["data"]["by"] == "agent"]
    assert (offer["data"]["actor"], offer["data"]["matrix"]["role"]) == ("ana", "agent")
    assert offer["data"]["authority"]["name"] == "strict/agent"
    visitor.get("/plans")
    visitor.accept(offer["data"]["offer_id"])
    assert world.count("agreement.made") == 1


def test_beyond_them_a_second_person_approves_and_nobody_their_own(world: World) -> None:
    visitor, ana = _in_talk(world)
    page = ana.send("/offer", count="18", every="month")
    assert "a second person must approve" in page.text
    assert not [one for one in world.facts("offer.proposed") if one["data"]["by"] == "agent"]
    assert "/approve" not in page.text
    bo, sam = Desk(world, "bo-secret"), Desk(world, "sam-secret")
    sam.open()
    approve = sam.form("/approve")
    bo.open()
    own = bo.client.post(approve.action, data=bo.form("/note").fields)
    assert "Your role does not allow this" in own.text
    page = sam.send("/approve")
    assert "on the customer&#39;s page" in page.text
    (offer,) = [one for one in world.facts("offer.proposed") if one["data"]["by"] == "agent"]
    assert (offer["data"]["actor"], offer["data"]["approved_by"]) == ("ana", "sam")
    assert len(offer["data"]["instalments"]) == 18
    visitor.get("/plans")
    assert offer["data"]["offer_id"] in visitor.offers
    assert "/approve" not in page.text


def test_nobody_approves_their_own_offer(world: World) -> None:
    _, ana = _in_talk(world)
    ana.send("/release")
    sam = Desk(world, "sam-secret")
    sam.send("/assign")
    page = sam.send("/offer", count="18", every="month")
    assert "a second person must approve" in page.text
    (row,) = world.database.rows("SELECT offer_id FROM negotiator.offer WHERE by = 'agent'")
    form = sam.form("/offer")
    approve = form.action.replace("/offer", f"/offers/{row[0]}/approve")
    assert "Nobody approves their own" in sam.client.post(approve, data=form.fields).text


def test_beyond_what_the_creditor_allows_nobody_offers(world: World) -> None:
    _, ana = _in_talk(world)
    assert "allows anyone" in ana.send("/offer", count="40", every="month").text
    assert "above zero" in ana.send("/offer", each="-5").text
    assert world.database.rows("SELECT 1 FROM negotiator.offer WHERE by = 'agent'") == []


def test_a_message_is_read_word_for_word_and_that_is_recorded(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    messenger = FastAPI()

    @messenger.get("/messages/{message_id}/copy")
    def copy(message_id: str) -> dict[str, object]:
        said = "Good day.\n\nhttps://m.example/t/c/secret-token"
        of = {"m-1": "c-1", "m-2": "c-2"}[message_id]
        return {
            "message_id": message_id,
            "tenant": "default",
            "customer": of,
            "subject": "A <note>",
            "text": said,
            "checked_at": "2026-03-02T09:00:00+00:00",
            "content_sha256": "ab" * 32,
            "intact": True,
        }

    with serving(messenger) as base:
        monkeypatch.setenv("MESSENGER_API", base)
        world = World(database)
        _asked(world)
        ana = Desk(world, "ana-secret")
        ana.open()
        here = str(ana.page.url)
        page = ana.client.get(f"{here}/messages/m-1")
        assert "A &lt;note&gt;" in page.text
        assert "Good day." in page.text
        assert "Unchanged since" in page.text
        assert "secret-token" not in page.text
        # Another customer's is not shown, and nobody who is not signed in sees any.
        assert "cannot be shown" in ana.client.get(f"{here}/messages/m-2").text
        assert "Good day." not in TestClient(world.api).get(f"{here}/messages/m-1").text
        read = [one["data"]["message_id"] for one in world.facts("handoff.seen")]
        assert [one for one in read if one] == ["m-1"]
        world.close()


def test_the_word_of_an_answer_leads_to_the_same_terms(world: World) -> None:
    _asked(world)
    ana = Desk(world, "ana-secret")
    ana.send("/assign")
    ana.send("/answer", text="Take your time.")
    [told] = world.facts("handoff.answered")
    assert told["data"]["obligation_id"] == "b-1"
    assert "Take your time" not in str(world.facts())
    # Its own enrolment brings no authority; that of the debt counts, once the talk is over.
    ana.send("/resolve", outcome="done")
    token = world.invited("m-2", offers=None, purpose="service", enrolment="e-answers",
                          answers=told["data"]["handoff_id"])  # fmt: skip
    visitor = world.browser(token)
    visitor.verify()
    assert "Take your time." in visitor.page.text
    assert "Take your time." not in visitor.get("/plans").text
    assert visitor.offers
