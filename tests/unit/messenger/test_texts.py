"""Short texts of the shipped playbooks: what stands in them, in each language."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from schemas.commands import DispatchOrdered, ObligationTerms, Place
from services.messenger.handlers.writing import Assignment, Unwritable
from services.messenger.layout import words
from services.messenger.links import LinkKind, Links
from services.messenger.rules.check import missing_disclosures
from services.messenger.tables import CustomerRow
from services.messenger.tenants import load
from services.messenger.texts import ByChannel, TextWriter
from services.runtime.security import Signer
from services.runtime.settings import ROOT
from support.letters import PLAYBOOKS, WORLDS
from support.playbooks import in_force

NOW = datetime(2026, 3, 5, 10, tzinfo=UTC)
TEXTS = [
    (name, template, locale)
    for name, playbook in sorted(PLAYBOOKS.items())
    for locale, by_template in sorted(playbook.templates.items())
    for template, tones in sorted(by_template.items())
    if tones["neutral"].sms
]
WRITER = TextWriter(
    in_force(ROOT / "deploy" / "playbooks"),
    load(ROOT / "deploy" / "tenants"),
    Links(Signer("x" * 40), "https://m.example", "https://n.example", timedelta(days=180)),
)


def ordered(playbook: str, template: str, locale: str, tone: str = "neutral") -> DispatchOrdered:
    world, about = WORLDS[locale], PLAYBOOKS[playbook]
    terms = ObligationTerms(
        obligation_id="b-1",
        kind=about.document.about,
        creditor=world.creditors[0],
        amount_minor=world.minor,
        currency=world.currency,
        due_date=date(2026, 3, 6),
        actor_role="creditor",
        parties=("c-1",),
    )
    return DispatchOrdered.model_validate(
        {
            "dispatch_id": "d-1", "step_id": "s-1", "enrolment_id": "e-1", "attempt": 1,
            "playbook": playbook, "playbook_version": about.version, "step": "x",
            "template": template, "segment": "everyone", "tone": tone,
            "purpose": about.document.purpose, "channel": "sms", "obligations": [terms],
            "context": world.details,
            "locale": locale, "place": Place(), "zones": (), "decided_at": NOW, "not_after": NOW,
            "packs": (), "counts": (), "after": {},
        }
    )  # fmt: skip


def addressee(locale: str) -> CustomerRow:
    return CustomerRow(tenant="default", customer="c-1", phone="+491701234567", locale=locale)


def assigned(
    playbook: str, template: str, locale: str, tone: str = "neutral", **changes: Any
) -> Assignment:
    order = ordered(playbook, template, locale, tone)
    return replace(Assignment("m-1", "default", order, addressee(locale), {}, NOW), **changes)


def text_of(playbook: str, template: str, locale: str, tone: str = "neutral") -> str:
    written = WRITER.write(assigned(playbook, template, locale, tone))
    assert written.letter.recipient == "+491701234567"
    return written.letter.copy.decode()


def test_three_playbooks_have_texts_in_three_languages() -> None:
    assert {(name, locale) for name, _, locale in TEXTS} == {
        (name, locale)
        for name in ("bill-reminder", "recover", "subscription-retain")
        for locale in ("en", "zh", "ja")
    }


@pytest.mark.parametrize(("playbook", "template", "locale"), TEXTS)
def test_each_takes_one_part_where_letters_are_narrow_and_two_where_they_are_wide(
    playbook: str, template: str, locale: str
) -> None:
    written = WRITER.write(assigned(playbook, template, locale))

    assert written.segments == (1 if locale == "en" else 2)


def test_its_links_are_short_and_each_its_own() -> None:
    first, again = (WRITER.write(assigned("recover", "hello", "en")) for _ in range(2))

    assert [(one.kind, one.link) for one in first.short_links] == [
        (LinkKind.CLICK, "portal"),
        (LinkKind.UNSUBSCRIBE, None),
    ]
    text = first.letter.copy.decode()
    assert all(f"https://m.example/s/{one.name}" in text for one in first.short_links)
    assert first.short_links[0].expires_at == NOW + timedelta(days=180)
    names = {one.name for written in (first, again) for one in written.short_links}
    assert len(names) == 4
    assert all(len(name) == 17 and name.isalnum() for name in names)


@pytest.mark.parametrize("locale", ["en", "zh", "ja"])
def test_a_collectors_text_says_so_where_it_must_and_may(locale: str) -> None:
    required = ("debt_collector_notice", "one_click_opt_out", "sender_identity")
    known = WRITER.write(assigned("recover", "hello", locale, required=required))
    unsure = WRITER.write(
        assigned("recover", "hello", locale, required=required, withheld=("subject", "body"))
    )

    notice = words(locale).short.disclosures["debt_collector_notice"]
    assert notice in known.letter.copy.decode()
    assert missing_disclosures(required, known.disclosures) is None
    assert known.segments is not None
    assert known.segments <= 3
    assert notice not in unsure.letter.copy.decode()
    refused = missing_disclosures(required, unsure.disclosures)
    assert refused is not None
    assert refused.reason == "disclosure_missing:debt_collector_notice"


@pytest.mark.parametrize(("playbook", "template", "locale"), TEXTS)
def test_each_names_its_sender_and_a_way_out_and_no_debt(
    playbook: str, template: str, locale: str
) -> None:
    text = text_of(playbook, template, locale)

    assert "Harbour Lane" in text.partition("https://")[0]
    assert text.count("https://m.example/s/") == 2
    assert "\n" not in text
    assert "128" not in text
    if playbook == "recover":
        assert WORLDS[locale].creditors[0] not in text


def test_a_tone_without_a_text_of_its_own_is_said_neutrally() -> None:
    light, neutral = (text_of("recover", "hello", "en", tone) for tone in ("light", "neutral"))
    assert light.partition("https://")[0] == neutral.partition("https://")[0]


def test_what_has_no_text_is_not_sent_by_such_a_channel() -> None:
    with pytest.raises(Unwritable, match="no_text_for_channel"):
        text_of("reactivate", sorted(PLAYBOOKS["reactivate"].templates["en"])[0], "en")


def test_an_order_by_a_channel_that_nobody_serves_is_refused() -> None:
    with pytest.raises(Unwritable, match="channel_not_served"):
        ByChannel({}).write(assigned("recover", "hello", "en"))
