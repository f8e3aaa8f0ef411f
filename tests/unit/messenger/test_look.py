"""The letter's colours, and what the linter says of a layout and of a brand."""

from pathlib import Path

import pytest

from services.messenger import layout, lint
from services.messenger.look import HOUSE_COLOUR, LEAST_CONTRAST, contrast, dark, light
from services.messenger.tenants import load

COLOURS = (HOUSE_COLOUR, "#ffcc00", "#ff0000", "#000000", "#ffffff", "#00aaff", "#7f7f7f")
FILE = """\
tenant: default
name: Harbour Lane
address: care@harbourlane.example
reply_to: answers@harbourlane.example
unsubscribe_to: unsubscribe@harbourlane.example
postal_address: 12 Quay Street, Wellington
message_id_domain: mail.harbourlane.example
dkim: {selector: s1, key_file: keys/harbour.pem}
creditors:
  Nordbank:
    name: Nordbank Service
    address: service@nordbank.example
    postal_address: Alter Wall 1, Hamburg
    look: {colour: "#ffcc00", logo_text: Nordbank AG}
"""


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("colour", COLOURS)
def test_any_brand_can_be_read_on_paper_and_in_the_dark(colour: str) -> None:
    for palette in (light(colour), dark(colour)):
        for name, (text, ground) in palette.pairs().items():
            assert contrast(text, ground) >= LEAST_CONTRAST, (name, text, ground)


def test_a_colour_that_is_dark_enough_is_shown_as_it_is() -> None:
    assert light(HOUSE_COLOUR).colour == HOUSE_COLOUR


def test_each_creditor_may_have_a_voice_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "default.yaml").write_text(FILE, encoding="utf-8")
    tenant = load(tmp_path)["default"]
    usual, own = tenant.on_behalf_of("City Power"), tenant.on_behalf_of("Nordbank")
    assert (usual.identity.name, usual.colour, usual.logo_text) == (
        "Harbour Lane",
        HOUSE_COLOUR,
        None,
    )
    assert own.identity.name == "Nordbank Service"
    assert own.identity.address == "service@nordbank.example"
    assert own.identity.reply_to == "answers@harbourlane.example"
    assert own.postal_address == "Alter Wall 1, Hamburg"
    assert own.logo_text == "Nordbank AG"
    assert usual.dkim is not None
    assert own.dkim is None  # the key is of another domain


def test_a_brand_that_must_be_darkened_is_noted(tmp_path: Path) -> None:
    (tmp_path / "default.yaml").write_text(FILE, encoding="utf-8")
    faults, notes = lint.tenant_faults(tmp_path, load(tmp_path))
    assert faults == []
    (note,) = notes
    assert note.line == 14
    assert "1.5 to 1 on white" in note.message


def test_the_layouts_have_no_faults() -> None:
    assert lint.layout_faults() == []


def test_an_image_without_alt_text_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    page = layout.compiled().replace('alt=""', "")
    monkeypatch.setattr(lint, "compiled", lambda: page)
    (fault,) = lint.layout_faults()
    assert "add alt" in fault.message


def test_a_disclosure_without_words_is_a_fault_in_each_language() -> None:
    found = lint.unworded(["sender_identity", "no_such_thing"])
    assert [fault.file.name for fault in found] == ["en.yaml", "ja.yaml", "zh.yaml"]
    assert "no words for 'no_such_thing'; add them" in found[0].message
