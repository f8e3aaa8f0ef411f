"""Letters about several things: each named once, with its own amount, day and link."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from services.messenger.content import Addresses, Brand, Item, Matter, Rendered, render
from services.playbooks.load import load_playbooks

PLAYBOOKS = load_playbooks(Path(__file__).parents[3] / "deploy" / "playbooks")
BRAND = Brand("Harbour Lane", "12 Quay Street, Wellington")
LINK = "https://m.example/t/c/"
ADDRESSES = Addresses(
    {"portal": f"{LINK}portal"}, {}, f"{LINK}u", f"{LINK}p", f"{LINK}y", f"{LINK}n", f"{LINK}o"
)
BILLS = tuple(
    Item(
        creditor=creditor,
        amount_minor=amount,
        currency="EUR",
        due_date=date(2026, 3, day),
        details={"autopay": day == 9},
        links={"pay": f"{LINK}{creditor}"},
    )
    for creditor, amount, day in (("Acme", 12_000, 6), ("Nordbank", 4_550, 7), ("Telco", 999, 9))
)
OWED = Matter(
    purpose="service",
    today=date(2026, 3, 3),
    name="Ana Berg",
    amount_minor=17_549,
    currency="EUR",
    due_date=date(2026, 3, 6),
    items=BILLS,
)
BENEFITS = tuple(
    Item(
        due_date=date(2026, 4, 1) if value else None,
        details={"title": title, "value": value, "kind": "coupon"},
        links={"benefit": f"{LINK}{title}"},
    )
    for title, value in (("Lower-rate", "3.9 %"), ("Travel-cover", None))
)
GIVEN = Matter(purpose="marketing", today=date(2026, 3, 3), items=BENEFITS)


def letter(name: str, matter: Matter, locale: str = "en", gentle: bool = False) -> Rendered:
    return render(
        PLAYBOOKS[name].templates,
        "several",
        tone="gentle" if gentle else "neutral",
        locale=locale,
        matter=matter,
        brand=BRAND,
        addresses=ADDRESSES,
    )


@pytest.mark.parametrize("gentle", [False, True])
@pytest.mark.parametrize("locale", ["en", "zh", "ja"])
def test_bills_are_listed_each_with_its_link_unless_it_pays_itself(
    locale: str, gentle: bool
) -> None:
    written = letter("bill-reminder", OWED, locale, gentle)
    assert "3" in written.subject
    for item in BILLS:
        assert item.creditor in written.text if item.creditor else False
    assert [f"{LINK}{name}" in written.html for name in ("Acme", "Nordbank", "Telco")] == [
        True,
        True,
        False,
    ]
    assert written.links == ("pay.1", "pay.2", "pay.3", "portal")
    assert ("175.49" in written.text) is not gentle
    assert "\n\n\n" not in written.text


def test_amounts_in_several_currencies_are_not_added_up() -> None:
    written = letter("bill-reminder", replace(OWED, amount_minor=None, currency=None))
    assert "Together" not in written.text


@pytest.mark.parametrize("gentle", [False, True])
@pytest.mark.parametrize("locale", ["en", "zh", "ja"])
def test_benefits_are_listed_with_what_is_known_of_each(locale: str, gentle: bool) -> None:
    written = letter("benefit-notice", GIVEN, locale, gentle)
    assert "2" in written.subject
    assert written.text.count("3.9 %") == 1
    assert all(f"{LINK}{title}" in written.html for title in ("Lower-rate", "Travel-cover"))
    assert written.links == ("benefit.1", "benefit.2")
    assert "None" not in written.text
