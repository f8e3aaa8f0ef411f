"""Short texts of the shipped playbooks: what stands in them, in each language."""

from datetime import UTC, date, datetime, timedelta

import pytest

from schemas.commands import DispatchOrdered, ObligationTerms, Place
from services.messenger.handlers.writing import Assignment, Unwritable
from services.messenger.links import Links
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
    bill = ObligationTerms(
        obligation_id="b-1",
        kind="bill",
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
            "purpose": about.document.purpose, "channel": "sms", "obligations": [bill],
            "locale": locale, "place": Place(), "zones": (), "decided_at": NOW, "not_after": NOW,
            "packs": (), "counts": (), "after": {},
        }
    )  # fmt: skip


def addressee(locale: str) -> CustomerRow:
    return CustomerRow(tenant="default", customer="c-1", phone="+491701234567", locale=locale)


def text_of(playbook: str, template: str, locale: str, tone: str = "neutral") -> str:
    order = ordered(playbook, template, locale, tone)
    written = WRITER.write(Assignment("m-1", "default", order, addressee(locale), {}, NOW))
    assert written.segments
    assert written.letter.recipient == "+491701234567"
    return written.letter.copy.decode()


def test_bill_reminder_and_recover_have_texts_in_three_languages() -> None:
    assert {(name, locale) for name, _, locale in TEXTS} == {
        (name, locale) for name in ("bill-reminder", "recover") for locale in ("en", "zh", "ja")
    }


@pytest.mark.parametrize(("playbook", "template", "locale"), TEXTS)
def test_each_names_its_sender_and_a_way_out_and_no_debt(
    playbook: str, template: str, locale: str
) -> None:
    text = text_of(playbook, template, locale)

    assert "Harbour Lane" in text.partition("https://")[0]
    assert "https://m.example/u/" in text
    assert "\n" not in text
    assert "128" not in text
    if playbook == "recover":
        assert WORLDS[locale].creditors[0] not in text


def test_a_tone_without_a_text_of_its_own_is_said_neutrally() -> None:
    assert text_of("recover", "hello", "en", "light") == text_of("recover", "hello", "en")


def test_what_has_no_text_is_not_sent_by_such_a_channel() -> None:
    with pytest.raises(Unwritable, match="no_text_for_channel"):
        text_of("reactivate", sorted(PLAYBOOKS["reactivate"].templates["en"])[0], "en")


def test_an_order_by_a_channel_that_nobody_serves_is_refused() -> None:
    order = ordered("recover", "hello", "en")
    with pytest.raises(Unwritable, match="channel_not_served"):
        ByChannel({}).write(Assignment("m-1", "default", order, addressee("en"), {}, NOW))
