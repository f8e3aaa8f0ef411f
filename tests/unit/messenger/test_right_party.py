"""Right party first: until it is sure who reads, nothing that others see tells of a debt."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml
from markupsafe import escape
from pydantic import ValidationError

from rapport.validate_words import indiscreet
from services.messenger.content import Addresses, Brand, Matter, discreet, render
from services.messenger.layout import locales, words
from services.messenger.model import Customer, Order, Place
from services.messenger.rules.check import withheld
from services.messenger.tenants import Tenant
from services.playbooks.debts import tells_of_debt, words_of_debt
from services.playbooks.load import load_playbooks, read_source
from services.playbooks.model import Wording
from services.policy.packs import load

DEPLOY = Path(__file__).parents[3] / "deploy"
PLAYBOOKS = load_playbooks(DEPLOY / "playbooks")
PACKS = load(DEPLOY / "policies")
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
ORDER = Order("collection", "email", ("b1",), NOW)
BERLIN = Customer("ana@example.com", place=Place("Europe/Berlin", "DE"))
SYDNEY = Customer("ana@example.com", place=Place("Australia/Sydney", "AU"))
ADDRESSES = Addresses(
    {"portal": "https://m.example/t/c/x"}, {}, *(f"https://m.example/{n}" for n in range(5))
)


@pytest.mark.parametrize(
    ("order", "customer", "kept_back"),
    [
        (ORDER, BERLIN, ("subject",)),
        (ORDER, SYDNEY, ("subject", "body")),
        (ORDER, replace(BERLIN, confirmed="right_party"), ()),
        (ORDER, replace(SYDNEY, confirmed="source"), ()),
        (replace(ORDER, channel="sms"), BERLIN, ("subject", "body")),
        (replace(ORDER, purpose="service"), SYDNEY, ()),
    ],
)
def test_what_is_kept_back_is_what_the_packs_at_the_place_say(
    order: Order, customer: Customer, kept_back: tuple[str, ...]
) -> None:
    assert withheld(order, customer, PACKS, NOW) == kept_back


@pytest.mark.parametrize("locale", sorted(locales()))
def test_no_letter_of_a_collection_tells_a_stranger_of_a_debt(locale: str) -> None:
    templates = PLAYBOOKS["recover"].templates
    for template, tones in templates[locale].items():
        for tone in tones:
            written = render(
                templates,
                template,
                tone=tone,  # type: ignore[arg-type]  # as its key says
                locale=locale,
                matter=Matter("collection", date(2026, 3, 5), "Ana", "Nordbank", 12_000, None,
                              "EUR", date(2026, 3, 1), "credit card"),
                brand=Brand("Harbour Lane", "12 Quay Street"),
                addresses=ADDRESSES,
                withheld=("subject", "body"),
            )  # fmt: skip
            seen = f"{written.subject} {written.preheader} {written.text}"
            assert words_of_debt(seen) == (), (template, tone)
            assert "120" not in seen, (template, tone)
            assert written.links == ("portal",)
            assert f"<title>{escape(written.subject)}</title>" in written.html


def test_a_part_keeps_its_own_words_where_they_tell_nothing() -> None:
    plain = Wording("Something may have slipped by", "Your bill is overdue", "You owe {{ amount }}")
    seen = discreet(plain, "en", ("subject",))
    assert seen.subject == plain.subject
    assert seen.preheader == words("en").discreet.preheader
    assert seen.body == plain.body
    own = replace(plain, discreet={"preheader": "For your eyes"})
    assert discreet(own, "en", ("subject",)).preheader == "For your eyes"
    assert discreet(own, "en", ()) is own


def test_the_shipped_playbooks_have_words_for_strangers() -> None:
    for name, playbook in PLAYBOOKS.items():
        file = read_source(DEPLOY / "playbooks" / name).file
        assert list(indiscreet(file, playbook, PACKS, NOW)) == []


def test_a_subject_that_tells_and_nothing_to_stand_instead_is_a_fault(tmp_path: Path) -> None:
    home = tmp_path / "recover"
    (home / "templates").mkdir(parents=True)
    shipped = DEPLOY / "playbooks" / "recover"
    (home / "playbook.yaml").write_text((shipped / "playbook.yaml").read_text("utf-8"), "utf-8")
    for locale in ("en", "zh", "ja"):
        text = (shipped / "templates" / f"{locale}.yaml").read_text("utf-8")
        told = text.replace("Something may have slipped by", "Your payment is overdue")
        (home / "templates" / f"{locale}.yaml").write_text(told, "utf-8")
    source = read_source(home)
    [first, second, *texts] = indiscreet(source.file, PLAYBOOKS["recover"], PACKS, NOW)
    assert first.file.name == "en.yaml"
    assert first.message.startswith("subject: 'payment' tells of a debt")
    assert "add discreet: subject" in first.message
    assert "'overdue' tells of a debt" in second.message
    # The short text says the same, and has nothing beside it to be discreet with.
    assert [one.message.partition(" tells")[0] for one in texts] == [
        "sms: 'payment'",
        "sms: 'overdue'",
    ]


def test_a_senders_name_that_tells_of_a_debt_wants_another_for_strangers() -> None:
    file = yaml.safe_load((DEPLOY / "tenants" / "default.yaml").read_text("utf-8"))
    with pytest.raises(ValidationError, match="add discreet_name"):
        Tenant.model_validate(file | {"name": "Harbour Debt Collection"})
    with pytest.raises(ValidationError, match="address tells whoever sees it of a debt"):
        Tenant.model_validate(file | {"address": "collections@harbourlane.example"})
    agency = {"Nordbank": {"name": "Nordbank Recovery", "discreet_name": "Nordbank"}}
    tenant = Tenant.model_validate(file | {"creditors": agency})
    assert tenant.on_behalf_of("Nordbank").identity.name == "Nordbank Recovery"
    assert tenant.on_behalf_of("Nordbank", discreet=True).identity.name == "Nordbank"
    assert tenant.on_behalf_of(None, discreet=True).identity.name == "Harbour Lane"


@pytest.mark.parametrize("name", ["Harbour Lane", "City Power", "北方银行", "シティ電力"])
def test_an_ordinary_name_tells_nothing(name: str) -> None:
    assert not tells_of_debt(name)
