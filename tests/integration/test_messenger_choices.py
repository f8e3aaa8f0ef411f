"""One-tap answers: the page behind them, what counts, and what the log is told."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from messenger_world import START, World, mailing

from services.messenger.links import LinkKind
from support.database import Database
from support.mail import Mailbox

PERSON = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
PLAYBOOK = """\
name: rescue
version: 2
title: An application stopped
purpose: service
about: application
triggers:
  - event: application.abandoned
segments:
  - {name: everyone, when: "true", tone: neutral}
steps:
  - {name: ask, anchor: trigger, days: 0, valid_for: P1D, template: ask}
  - {name: again, anchor: choice, choice: later, days: 7, valid_for: P1D, template: again}
exits:
  - {on: application.completed, reason: completed}
choices:
  - {name: documents, does: person, seniority: senior}
  - {name: price, does: request, request: better_price}
  - {name: later, does: steps}
  - {name: leaving, does: stop}
"""
LABELS = {
    "en": ("The papers <trouble> me", "It costs too much", "Not now", "I need it no more"),
    "zh": ("材料有问题", "价格太高", "以后再说", "不再需要"),
    "ja": ("書類でつまずいた", "費用が高い", "あとで", "もう不要"),
}
NAMES = ("documents", "price", "later", "leaving")
OBLIGATION = {
    "obligation_id": "a-1",
    "kind": "application",
    "product": "Home loan",
    "parties": ["c-1"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "rescue"
    (home / "templates").mkdir(parents=True)
    (home / "playbook.yaml").write_text(PLAYBOOK, encoding="utf-8")
    for locale, labels in LABELS.items():
        said = dict(zip(NAMES, labels, strict=True))
        lines = ["choices:", *(f'  {name}: "{label}"' for name, label in said.items())]
        taps = "\n\n      ".join(f"[{name}]({{{{ choices.{name} }}}})" for name in NAMES)
        for template, body in (("ask", f"Where did it stop?\n\n      {taps}"), ("again", "Hello.")):
            lines += [f"{template}:", "  neutral:", "    subject: Yours", "    preheader: Hello"]
            lines += ["    body: |", f"      {body}"]
        (home / "templates" / f"{locale}.yaml").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


@pytest.fixture
def messenger(database: Database, mailbox: Mailbox, folder: Path) -> Iterator[World]:
    with mailing(database, mailbox, folder=folder) as made:
        yield made


@pytest.fixture
def http(messenger: World) -> Iterator[TestClient]:
    with TestClient(messenger.api, headers=PERSON, follow_redirects=False) as client:
        yield client


def ask(messenger: World, locale: str = "en", **changes: Any) -> str:
    """Send the mail with the choices; its message's id."""
    terms = [
        {"name": "documents", "does": "person", "seniority": "senior"},
        {"name": "price", "does": "request", "request": "better_price"},
        {"name": "later", "does": "steps"},
        {"name": "leaving", "does": "stop"},
    ]
    messenger.known_customer(locale=locale)
    before = len(messenger.of("message.sent"))
    messenger.dispatch(
        **{
            "playbook": "rescue",
            "playbook_version": 2,
            "template": "ask",
            "step": "ask",
            "purpose": "service",
            "obligations": [OBLIGATION],
            "choices": terms,
            **changes,
        }
    )
    message_id = str(messenger.until("message.sent", count=before + 1)[-1]["data"]["message_id"])
    messenger.move_to(messenger.context.clock.now() + timedelta(minutes=1))
    return message_id


def url(messenger: World, message_id: str, choice: str) -> str:
    link = messenger.links.choice(message_id, choice, messenger.context.clock.now())
    return link.removeprefix("https://m.example")


def chosen(messenger: World) -> list[dict[str, Any]]:
    messenger.flow()
    return [fact["data"] for fact in messenger.of("choice.made")]


def test_the_mail_carries_the_choices_and_the_intent_names_them(
    messenger: World, http: TestClient, mailbox: Mailbox
) -> None:
    ask(messenger)
    found = re.findall(r"https://m\.example(/t/a/[^\s\"<>]+)", mailbox.messages()[0]["html"])
    assert len(set(found)) == 4
    pages = [http.get(link).text for link in sorted(set(found))]
    assert any("It costs too much" in page for page in pages)
    (intended,) = messenger.of("message.intended")
    assert intended["data"]["choices"] == sorted(NAMES)


@pytest.mark.parametrize("locale", ["en", "zh", "ja"])
def test_looking_changes_nothing_but_the_record_of_the_click(
    messenger: World, http: TestClient, locale: str
) -> None:
    link = url(messenger, ask(messenger, locale), "price")
    for _ in range(2):
        page = http.get(link)
        assert page.status_code == 200
        assert LABELS[locale][1] in page.text
        assert '<form method="post">' in page.text
        assert "<script" not in page.text
    assert chosen(messenger) == []
    (clicked,) = messenger.of("message.clicked")
    assert clicked["data"]["link"] == "choice:price"


def test_the_button_makes_the_choice_once(messenger: World, http: TestClient) -> None:
    message_id = ask(messenger)
    link = url(messenger, message_id, "documents")
    pages = [http.post(link), http.post(link), http.get(link)]
    assert {page.status_code for page in pages} == {200}
    assert all("somebody at Harbour Lane" in page.text for page in pages)
    assert chosen(messenger) == [
        {
            "message_id": message_id,
            "enrolment_id": "en-1",
            "choice": "documents",
            "does": "person",
            "request": None,
            "obligation_id": "a-1",
            "playbook": "rescue",
            "locale": "en",
            "product": "Home loan",
            "seniority": "senior",
        }
    ]


def test_a_second_choice_is_told_plainly_and_changes_nothing(
    messenger: World, http: TestClient
) -> None:
    message_id = ask(messenger)
    http.post(url(messenger, message_id, "documents"))
    for answer in (http.post, http.get):
        page = answer(url(messenger, message_id, "leaving"))
        assert page.status_code == 200
        assert "You have answered already" in page.text
        assert "The papers &lt;trouble&gt; me" in page.text
    assert [fact["choice"] for fact in chosen(messenger)] == ["documents"]


def test_the_first_choice_counts_for_all_mails_of_the_enrolment_and_no_other(
    messenger: World, http: TestClient
) -> None:
    first = ask(messenger)
    messenger.an_hour_later()
    second = ask(messenger)
    messenger.an_hour_later()
    other = ask(messenger, enrolment_id="en-2")
    http.post(url(messenger, first, "later"))
    assert "answered already" in http.post(url(messenger, second, "price")).text
    assert "Thank you" in http.post(url(messenger, other, "price")).text
    assert [(fact["enrolment_id"], fact["choice"]) for fact in chosen(messenger)] == [
        ("en-1", "later"),
        ("en-2", "price"),
    ]


@pytest.mark.parametrize("token", ["x", "a.b.c", "%00", "é"])
def test_a_forged_link_is_a_plain_page(messenger: World, http: TestClient, token: str) -> None:
    ask(messenger)
    for answer in (http.get, http.post):
        page = answer(f"/t/a/{token}")
        assert (page.status_code, "no longer works" in page.text) == (404, True)
    assert chosen(messenger) == []


def test_neither_another_links_token_nor_a_choice_that_was_not_offered_is_good(
    messenger: World, http: TestClient
) -> None:
    message_id = ask(messenger)
    now = messenger.context.clock.now()
    token = messenger.context.signer.sign(
        LinkKind.CLICK.value, {"m": message_id, "l": "price"}, now + timedelta(days=1)
    )
    for link in (f"/t/a/{token}", url(messenger, message_id, "nonsense"), url(messenger, "m", "x")):
        assert http.get(link).status_code == 404
        assert http.post(link).status_code == 404
    assert chosen(messenger) == []
    assert messenger.of("message.clicked") == []


def test_an_expired_link_says_so_and_does_nothing(messenger: World, http: TestClient) -> None:
    link = url(messenger, ask(messenger), "leaving")
    messenger.move_to(START + timedelta(days=200))
    for answer in (http.get, http.post):
        assert answer(link).status_code == 410
    assert chosen(messenger) == []


def test_a_mail_on_its_way_is_stopped_by_the_choice_unless_it_is_kept(
    messenger: World, http: TestClient
) -> None:
    message_id = ask(messenger)
    http.post(url(messenger, message_id, "price"))
    offered = [{"name": "price", "does": "request", "request": "x", "keep": ["kept"]}]
    common: dict[str, Any] = {
        "playbook": "rescue",
        "playbook_version": 2,
        "template": "again",
        "purpose": "service",
        "obligations": [OBLIGATION],
    }
    messenger.dispatch(**common, step="second", choices=offered)
    (refused,) = messenger.until("message.refused")
    assert (refused["data"]["reason"], refused["data"]["retryable"]) == ("cancelled", False)
    for count, (step, choices) in enumerate((("kept", offered), ("again", [])), start=2):
        messenger.an_hour_later()
        messenger.dispatch(**common, step=step, choices=choices)
        messenger.until("message.sent", count=count)


def test_a_mail_without_choices_has_none(messenger: World, http: TestClient) -> None:
    message_id = ask(messenger, template="again", choices=[])
    assert http.post(url(messenger, message_id, "later")).status_code == 404
    assert chosen(messenger) == []
