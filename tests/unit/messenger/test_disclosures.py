"""What the rules of the reader's place ask a letter to say: in its HTML and its text."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from rapport.validate_words import undisclosed
from services.messenger.content import DISCLOSURES, Addresses, Brand, Matter, render
from services.messenger.layout import locales, words
from services.playbooks.load import load_playbooks
from services.policy.packs import load

DEPLOY = Path(__file__).parents[3] / "deploy"
PLAYBOOKS = load_playbooks(DEPLOY / "playbooks")
LINKS = dict.fromkeys(("portal", "pay", "autopay"), "https://m.example/t/c/x")
ADDRESSES = Addresses(LINKS, {}, *(f"https://m.example/{n}" for n in range(5)))


@pytest.mark.parametrize("locale", sorted(locales()))
def test_a_required_disclosure_stands_in_both_parts(locale: str) -> None:
    written = render(
        PLAYBOOKS["recover"].templates,
        "hello",
        tone="neutral",
        locale=locale,
        matter=Matter("collection", date(2026, 3, 5), "Ana", "Nordbank", 12_000, None, "EUR",
                      date(2026, 3, 1)),
        brand=Brand("Harbour Lane", "12 Quay Street"),
        addresses=ADDRESSES,
        required=(*DISCLOSURES, "debt_collector_notice", "unheard_of"),
    )  # fmt: skip
    said = words(locale).disclosures["debt_collector_notice"]
    assert said in written.html
    assert said.replace(" ", "") in "".join(written.text.split())
    assert written.disclosures == (*DISCLOSURES, "debt_collector_notice")


def test_all_that_the_shipped_packs_ask_has_words() -> None:
    packs = load(DEPLOY / "policies")
    now = datetime(2026, 11, 22, tzinfo=UTC)
    for playbook in PLAYBOOKS.values():
        assert undisclosed(playbook, packs, now) == []
