"""What is laid out once fits everyone who takes the same turns, and nobody else."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.messenger import laying
from services.messenger.content import Addresses, Brand, ContentError, Item, Matter, render
from services.playbooks.load import load_playbooks
from services.playbooks.model import Templates, Wording
from services.playbooks.template_variables import LINKS
from services.playbooks.turns import reading

PLAYBOOKS = load_playbooks(Path(__file__).parents[3] / "deploy" / "playbooks")
BRAND = Brand("Harbour Lane", "12 Quay Street, Wellington")
DETAILS: dict[str, Any] = {
    "title": "A lower rate",
    "value": "3.9 %",
    "plan": "Premium",
    "price_minor": 1299,
    "perks": ["No ads", "New & films"],
    "recommended": ["The Quiet Harbour"],
    "products": ["card", "loan"],
    "step": "income",
}
MATTER = Matter(
    purpose="collection",
    today=date(2026, 3, 7),
    name="Ana Souza",
    creditor="Northbank",
    amount_minor=18450,
    currency="USD",
    due_date=date(2026, 3, 9),
    product="Everyday Card",
    details=DETAILS,
)
ITEMS = tuple(
    Item(creditor=name, amount_minor=99, currency="EUR", links={one: f"https://x/{name}/{one}"
         for one in LINKS}, details={"title": name})
    for name in ("Acme", "Nord")
)  # fmt: skip
MATTERS = [
    MATTER,
    replace(MATTER, name="佐藤 美咲", product="*x* <b>&amp; [y](z)", amount_minor=7),
    replace(MATTER, name=None, product=None, balance_minor=99_00),
    replace(MATTER, product=" \u202e", creditor="Harbour Lane", due_date=date(2026, 3, 1)),
    replace(MATTER, creditor=None, due_date=date(2027, 1, 1), amount_minor=0),
    replace(MATTER, details=DETAILS | {"perks": [], "recommended": ["a", "b"], "plan": "0"}),
    replace(MATTER, details={}, currency="JPY"),
    replace(MATTER, items=ITEMS, creditor=None),
]


def addresses(number: int) -> Addresses:
    base = f"https://r.example/{number}"
    choices = {"person": f"{base}/person", "plan": f"{base}/plan"}
    links = {name: f"{base}/{name}?a=b&c=d'" for name in LINKS}
    return Addresses(
        links, choices, f"{base}/u", f"{base}/p", f"{base}/y", f"{base}/n", f"{base}/o"
    )


def written(templates: Templates, template: str, tone: Any, matter: Matter, number: int) -> object:
    try:
        return render(
            templates, template, tone=tone, locale="en", matter=matter, brand=BRAND,
            addresses=addresses(number),
        )  # fmt: skip
    except ContentError as error:
        return str(error)


@pytest.mark.parametrize("name", sorted(PLAYBOOKS))
def test_a_letter_reads_the_same_whoever_was_written_to_before(name: str) -> None:
    templates = PLAYBOOKS[name].templates
    asked = [
        (template, tone, matter, number)
        for template, tones in templates["en"].items()
        for tone in tones
        for number, matter in enumerate(MATTERS)
    ]
    together = [written(templates, *one) for one in asked]
    alone = []
    for one in asked:
        laying._KEPT.clear()
        alone.append(written(templates, *one))
    assert together == alone


BODIES = (
    "{{ product }} and {{ product|upper }}",
    "{% if days_left %}{{ days_left }}{% else %}{{ product }}{% endif %}",
    "{% for product in products %}{{ product }}, {% endfor %}{{ product }}",
    "{% set plan = product %}{{ plan }} {{ title }}",
    "{% if not product or value == '3.9 %' %}a{% elif links.pay %}b{% endif %} {{ price }}",
    "{{ product if plan else title }} {{ count }} {{ brand.name }}",
    "{% for item in items %}{{ item.title or '-' }}{% endfor %}{{ total }}",
    "{{ perks }} {{ links.pay|length }}",
)


@pytest.mark.parametrize("body", BODIES)
def test_whatever_a_template_makes_of_a_value(body: str) -> None:
    templates: Templates = {"en": {"t": {"neutral": Wording("{{ product }}", "x", body)}}}
    together = [written(templates, "t", "neutral", one, 1) for one in MATTERS]
    for matter, read in zip(MATTERS, together, strict=True):
        laying._KEPT.clear()
        assert written(templates, "t", "neutral", matter, 1) == read


def test_what_is_only_shown_is_told_from_what_decides() -> None:
    source = (
        "{{ amount }}{% if product and not name %}{{ links.pay }}{{ days_left|days }}{% endif %}"
    )
    read = reading((source,))
    assert read.shown == ("amount", "links.pay", "name", "product")
    assert read.used == ("days_left",)
