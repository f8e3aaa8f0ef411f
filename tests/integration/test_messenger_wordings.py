"""Words that are chosen among several: told to the log, learnt from it, withdrawn, brought back."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient
from messenger_world import START, World, world

from schemas.topics import OUTREACH_LOG
from services.messenger.providers.smtp import Relay, SmtpPool
from services.runtime.clock import Clock
from support.database import Database
from support.mail import Mailbox

PLAYBOOK = {
    "name": "nudge",
    "version": 2,
    "title": "A nudge",
    "purpose": "service",
    "about": "bill",
    "triggers": [{"event": "bill.due_soon"}],
    "segments": [{"name": "everyone", "when": "true", "tone": "neutral"}],
    "steps": [
        {"name": "ask", "anchor": "trigger", "days": 0, "valid_for": "P1D", "template": "ask"}
    ],
    "exits": [{"on": "payment.received", "reason": "paid"}],
    "links": ["pay"],
}
WORDS = {
    "subject": "A note",
    "preheader": "Whenever you like.",
    "body": "It is about {{ amount }}.\n\n[Pay]({{ links.pay }})\n",
    "variants": {"warm": {"subject": "A warm note"}},
}
CELLS = (
    "SELECT template, tone, segment, variant, sent_on, sent, rewarded, clicked, harmed"
    " FROM messenger.wording_count ORDER BY 1, 2, 3, 4, 5"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "nudge"
    (home / "templates").mkdir(parents=True)
    (home / "playbook.yaml").write_text(yaml.safe_dump(PLAYBOOK), encoding="utf-8")
    for locale in ("en", "zh", "ja"):
        words = yaml.safe_dump({"ask": {"neutral": WORDS}})
        (home / "templates" / f"{locale}.yaml").write_text(words, encoding="utf-8")
    return tmp_path


@pytest.fixture
def scene(database: Database, mailbox: Mailbox, folder: Path) -> Iterator[World]:
    relay = SmtpPool(Relay.parse(mailbox.smtp_url), Clock(), timeout=2.0)
    made = world(database, relay, folder=folder)
    yield made
    made.close()


def test_a_choice_is_told_with_its_chances_and_learnt_from(
    scene: World, database: Database, mailbox: Mailbox
) -> None:
    for number in range(12):
        _send(scene, number)
    intended = [fact["data"] for fact in scene.of("message.intended")]
    subjects = {mail["subject"] for mail in mailbox.wait_for(12)}
    assert subjects == {"A note", "A warm note"}
    for data in intended:
        assert data["variants"] == {"ask/neutral/base": 0.5, "ask/neutral/warm": 0.5}
        assert data["propensity"] == 0.5
        assert len(data["wording"]) == 16
    paid, clicked, left, late = intended[:4]
    scene.move_to(START + timedelta(days=2))
    _paid(scene, 0, scene.context.clock.now().isoformat())
    for link in ("pay", "portal"):
        _clicked(scene, clicked, link, machine=False)
        _clicked(scene, late, link, machine=False)
    _clicked(scene, late, "help", machine=True)
    # What was a scanner's after all takes nothing from what a person followed besides.
    _clicked(scene, clicked, "pay", machine=True, corrects=True)
    for link in ("portal", "pay"):
        _clicked(scene, late, link, machine=True, corrects=True)
    scene.fact("c-2", "contact.unsubscribed", channel="email", purpose="*", via="one_click",
               message_id=left["message_id"])  # fmt: skip
    _paid(scene, 3, (START + timedelta(days=30)).isoformat())
    scene.weighing()
    scene.weighing()
    told = _told(database)
    assert sum(one["sent"] for one in told) == 12
    assert [one["variant"] for one in told if one["rewarded"]] == [paid["variant"]]
    assert [one["variant"] for one in told if one["clicked"]] == [clicked["variant"]]
    assert [one["variant"] for one in told if one["harmed"]] == [left["variant"]]


def test_the_desk_reads_the_exact_copy(scene: World) -> None:
    api = TestClient(scene.api, headers={"Authorization": "Bearer all-of-it"})
    _send(scene, 0)
    told = scene.of("message.intended")[0]["data"]
    copy = api.get(f"/messages/{told['message_id']}/copy").json()
    assert copy["subject"] in ("A note", "A warm note")
    assert "It is about €120.00." in copy["text"]
    assert "€120.00" in copy["html"]
    assert copy["intact"]
    assert copy["content_sha256"] == told["content_sha256"]
    refused = {"Authorization": "Bearer bound"}
    assert api.get(f"/messages/{told['message_id']}/copy", headers=refused).status_code == 403


def test_all_that_is_learnt_can_be_made_anew_from_the_log(scene: World, database: Database) -> None:
    for number in range(8):
        _send(scene, number)
    scene.weighing()
    _paid(scene, 0, (START + timedelta(days=1)).isoformat())
    _paid(scene, 5, (START + timedelta(days=3)).isoformat())
    _paid(scene, 5, (START + timedelta(days=4)).isoformat())
    message = scene.of("message.intended")[2]["data"]["message_id"]
    scene.fact("c-2", "message.complained", message_id=message)
    scene.weighing()
    before = _told(database)
    heard = database.rows("SELECT tenant, obligation_id, at FROM messenger.wording_outcome")
    for table in ("trial", "subject", "outcome", "count", "state"):
        database.rows("TRUNCATE messenger.wording_" + table)
    # The lanes come in another order: what was paid is heard before what was sent.
    for _, obligation, at in heard:
        _paid(scene, int(obligation.partition("-")[2]), at.isoformat())
    scene.weighing()
    for fact in reversed(scene.of("message.intended")):
        again = {**fact, "id": f"again-{fact['id']}"}
        scene.put(OUTREACH_LOG, fact["subject"], json.dumps(again).encode())
    scene.fact("c-2", "message.complained", message_id=message)
    scene.weighing()
    assert _told(database) == before


def test_a_template_that_raises_refuses_its_own_letter_and_no_other(scene: World) -> None:
    scene.known_customer("c-8")
    unknown = {"obligation_id": "b-8", "kind": "bill", "parties": ["c-8"]}
    scene.dispatch("c-8", playbook="nudge", playbook_version=2, step="ask", template="ask",
                   purpose="service", obligations=[unknown])  # fmt: skip
    _send(scene, 0)
    [refused] = scene.until("message.refused")
    assert (refused["subject"], refused["data"]["reason"]) == ("c-8", "content_fault")
    assert not refused["data"]["retryable"]
    assert [one["subject"] for one in scene.until("message.sent")] == ["c-0"]


def test_what_a_payment_that_was_taken_back_earned_is_unlearnt(
    scene: World, database: Database
) -> None:
    for number in range(3):
        _send(scene, number)
    day = [(START + timedelta(days=n)).isoformat() for n in range(6)]
    _paid(scene, 0, day[1], "p-0")
    _paid(scene, 1, day[1], "p-1")
    scene.weighing()
    assert _rewarded(database) == 2
    _taken_back(scene, 0, day[2], "p-0")
    # The lanes come in no common order: taken back before it is heard of.
    _taken_back(scene, 2, day[2], "p-2")
    _paid(scene, 2, day[1], "p-2")
    scene.weighing()
    assert _rewarded(database) == 1
    _paid(scene, 0, day[4], "p-3")
    scene.weighing()
    assert _rewarded(database) == 2


def test_a_wording_that_harms_is_withdrawn_until_it_is_brought_back(
    scene: World, database: Database
) -> None:
    api = TestClient(scene.api, headers={"Authorization": "Bearer all-of-it"})
    _send(scene, 0)
    chosen = scene.of("message.intended")[0]["data"]
    bad = chosen["variant"]
    other = next(name for name in chosen["variants"] if name != bad)
    for number in range(60):
        for variant, wording in ((bad, chosen["wording"]), (other, "f" * 16)):
            _told_before(scene, chosen, f"{variant}-{number}", variant, wording)
        if number < 25:
            scene.fact("c-9", "message.complained", message_id=f"{bad}-{number}")
    scene.weighing()
    scene.flow()
    (gone,) = scene.of("variant.withdrawn")
    assert gone["data"]["variant"] == bad
    assert gone["data"]["by"] == "guard"
    for number in range(1, 7):
        _send(scene, number)
        data = scene.of("message.intended")[-1]["data"]
        assert data["variants"] == {other: 1.0}
    path = f"/variants/{chosen['wording']}/restore?playbook=nudge"
    assert api.post(path, headers={"Authorization": "Bearer bound"}).status_code == 403
    assert api.post(path).json()["restored"] == [bad]
    assert api.post(path).status_code == 404
    scene.weighing()
    scene.flow()
    assert [fact["data"]["by"] for fact in scene.of("variant.restored")] == ["tester"]
    assert len(scene.of("variant.withdrawn")) == 1
    lines = {one["variant"]: one for one in api.get("/variants?playbook=nudge").json()}
    assert lines[bad]["probability"] > 0
    assert not lines[bad]["withdrawn"]
    database.rows("TRUNCATE messenger.wording_state")
    for fact in scene.of("variant.withdrawn", "variant.restored"):
        again = {**fact, "id": f"again-{fact['id']}"}
        scene.put(OUTREACH_LOG, fact["subject"], json.dumps(again).encode())
    assert database.rows("SELECT withdrawn FROM messenger.wording_state") == [(False,)]


def _send(scene: World, number: int) -> None:
    customer = f"c-{number}"
    scene.known_customer(customer)
    before = len(scene.of("message.intended"))
    obligation = {
        "obligation_id": f"b-{number}",
        "kind": "bill",
        "creditor": "Nordbank",
        "amount_minor": 12000,
        "currency": "EUR",
        "due_date": "2026-03-09",
        "parties": [customer],
    }
    scene.dispatch(
        customer,
        playbook="nudge",
        playbook_version=2,
        step="ask",
        template="ask",
        purpose="service",
        obligations=[obligation],
    )
    scene.until("message.intended", count=before + 1)


def _rewarded(database: Database) -> int:
    return sum(one["rewarded"] for one in _told(database))


def _taken_back(scene: World, number: int, at: str, payment: str) -> None:
    _paid(scene, number, at, payment, "payment.reversed")


def _clicked(scene: World, sent: dict[str, Any], link: str, **how: bool) -> None:
    scene.fact("c-1", "message.clicked", message_id=sent["message_id"], link=link, **how)


def _paid(
    scene: World, number: int, at: str, payment: str = "", kind: str = "payment.received"
) -> None:
    data = {
        "event_type": kind,
        "event_id": f"p-{next(scene.numbers)}",
        "event_source": "/bank",
        "event_version": 1,
        "event_time": at,
        "position": {"topic": "customer.events", "partition": 0, "offset": 0},
        "effect": "applied",
        "obligation_id": f"b-{number}",
        "data": {"remaining_minor": 0, "payment_id": payment},
    }
    scene.fact(f"c-{number}", "event.applied", **data)


def _told_before(
    scene: World, like: dict[str, Any], message: str, variant: str, wording: str
) -> None:
    scene.fact(
        "c-9", "message.intended", **{**like, "message_id": message, "variant": variant,
                                      "wording": wording},
    )  # fmt: skip


def _told(database: Database) -> list[dict[str, Any]]:
    names = ("template", "tone", "segment", "variant", "sent_on", "sent", "rewarded", "clicked",
             "harmed")  # fmt: skip
    return [dict(zip(names, row, strict=True)) for row in database.rows(CELLS)]
