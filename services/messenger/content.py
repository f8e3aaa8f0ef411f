"""From a playbook's template to a finished letter: subject, HTML and plain text.

Pure: the same template, matter and addresses give the same letter, byte for byte. HTML and text
come from one source, so they always say the same.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any

from schemas.common import Purpose, Tone
from services.messenger import laying
from services.messenger.blanks import Blank, Page, filled
from services.messenger.formats import day, formatting_locale, money, wording_locale
from services.messenger.laying import Setting, laid
from services.messenger.layout import locales, words
from services.messenger.look import HOUSE_COLOUR
from services.playbooks.check_templates import tells
from services.playbooks.markdown import UnsupportedMarkdown
from services.playbooks.model import BASE, Templates, Wording
from services.playbooks.wording import Url, WordingError, needs, plain

DISCLOSURES = ("sender_identity", "postal_address", "one_click_opt_out", "purpose_of_message")
"""What every letter carries in its footer, by the names that policy packs use."""

_LONGEST_NAME = 60
_NOT_A_NAME = re.compile(r"[@\d<>{}\[\]|\\^~]|://|\bwww\.|\w\.\w{2,}", re.IGNORECASE)


_ALIKE = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "MATHEMATICAL"})
"""Scripts with letters that look like those of another."""


class ContentError(ValueError):
    """The letter can't be written; the text is for engineers and holds nothing personal."""


@dataclass(frozen=True, slots=True)
class Brand:
    """Who sends. colour: `#rrggbb`. logo_text: stands at the head; None: the creditor's name."""

    name: str
    postal_address: str
    colour: str = HOUSE_COLOUR
    logo_text: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One of several things that a letter is about; fields as in `Matter`.

    `links`: complete URLs of its own, by the names that `Addresses.links` has for the letter's.
    """

    creditor: str | None = None
    amount_minor: int | None = None
    balance_minor: int | None = None
    currency: str | None = None
    due_date: date | None = None
    product: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Matter:
    """What the letter is about. Amounts in minor units (ISO 4217); None: not known.

    `today` is the reader's local date at the moment of sending. `details`: the dispatch's
    context, such as plan, price_minor, perks and recommended. `items`: where it is about several
    things; then the rest is what they have in common: the amount in all, the first due date.
    """

    purpose: Purpose
    today: date
    name: str | None = None
    creditor: str | None = None
    amount_minor: int | None = None
    balance_minor: int | None = None
    currency: str | None = None
    due_date: date | None = None
    product: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the letter's links lead: complete URLs.

    `links`, `choices`: those a template may use, by name. `honeypot`: what no reader sees.
    """

    links: Mapping[str, str]
    choices: Mapping[str, str]
    unsubscribe: str
    preferences: str
    helped: str
    not_helped: str
    pixel: str
    honeypot: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished letter.

    `page`: its HTML and text, as `blank` is filled. `locale`: the language of its words.
    `variant`: which wording it is. `links`, `choices`: names of those it carries.
    """

    subject: str
    preheader: str
    page: Page
    blank: Blank
    locale: str
    variant: str
    links: tuple[str, ...]
    choices: tuple[str, ...]
    disclosures: tuple[str, ...]

    @property
    def html(self) -> str:
        """The HTML."""
        return self.blank.read(self.page)

    @property
    def text(self) -> str:
        """The plain text."""
        return self.page.text


def render(
    templates: Templates,
    template: str,
    *,
    tone: Tone,
    locale: str | None,
    matter: Matter,
    brand: Brand,
    addresses: Addresses,
    variant: str = BASE,
    required: Collection[str] = (),
    withheld: Collection[str] = (),
) -> Rendered:
    """Write the letter. Raises ContentError.

    `locale` (BCP 47) falls back to the nearest language there is, and to English; a tone that
    the template lacks falls back to neutral. required: the disclosures that the rules of the
    reader's place ask for, by code; those that have words in the language are made. withheld:
    where nothing may tell of a debt, since it is not sure who reads: `subject`, with it what is
    shown of a letter that is not opened; `body`.
    """
    language = language_of(templates, locale)
    whole, used_tone = wording_of(templates, template, tone, language)
    wording = discreet(whole.named().get(variant, whole), language, withheld)
    values = values_of(matter, brand, addresses, formatting_locale(locale, language))
    values |= _around(matter, brand, addresses)
    disclosed = tuple(sorted(words(language).disclosures.keys() & required))
    setting = Setting(
        language, used_tone, matter.purpose, brand.colour, plain(brand.postal_address), disclosed
    )
    try:
        form = laid(wording, values, setting)
        carried = needs(wording.body)
    except (WordingError, UnsupportedMarkdown) as error:
        raise ContentError(f"{template} ({language}, {used_tone}): {error}") from error
    said = form.said(values)
    return Rendered(
        subject=filled(form.subject, said),
        preheader=filled(form.preheader, said),
        page=form.blank.fill(said, form.own),
        blank=form.blank,
        locale=language,
        variant=label_of(template, used_tone, whole, variant),
        links=tuple(
            sorted((carried.links & addresses.links.keys()) | _of_items(carried.item_links, matter))
        ),
        choices=tuple(sorted(carried.choices)),
        disclosures=(*DISCLOSURES, *disclosed),
    )


def discreet(wording: Wording, language: str, withheld: Collection[str]) -> Wording:
    """The wording with words that tell of no debt in place of those that do.

    A part keeps its own words where they tell nothing. A playbook of an earlier day has nothing
    discreet of its own: then the house's words stand.
    """
    if not withheld:
        return wording
    return replace(
        wording,
        subject=_discreet(wording, language, "subject"),
        preheader=_discreet(wording, language, "preheader"),
        body=_discreet(wording, language, "body") if "body" in withheld else wording.body,
    )


def _discreet(wording: Wording, language: str, part: str) -> str:
    own: str = getattr(wording, part)
    if part in wording.discreet:
        return wording.discreet[part]
    if not _tells(own):
        return own
    house: str = getattr(words(language).discreet, part)
    return house


@lru_cache(maxsize=4096)
def _tells(source: str) -> bool:
    return any(tells(source))


def link_of_item(name: str, rank: int) -> str:
    """The name of a link of one of several things; `rank` from 0."""
    return f"{name}.{rank + 1}"


def _of_items(names: frozenset[str], matter: Matter) -> set[str]:
    ranks = range(len(matter.items))
    return {link_of_item(name, rank) for name in names for rank in ranks} if names else set()


def label_of(template: str, tone: Tone, wording: Wording, variant: str) -> str:
    """How the log names a wording; its own name is told only where it has variants."""
    return f"{template}/{tone}/{variant}" if wording.variants else f"{template}/{tone}"


def language_of(templates: Templates, locale: str | None) -> str:
    """The nearest language (BCP 47) that the playbook and the layouts have, else English."""
    return wording_locale(locale, templates.keys() & locales())


def wording_of(
    templates: Templates, template: str, tone: Tone, language: str
) -> tuple[Wording, Tone]:
    """What the template says in the tone, or in neutral; and which it is. Raises ContentError."""
    try:
        tones = templates[language][template]
    except KeyError:
        raise ContentError(f"no template {template!r} in {language!r}") from None
    return (tones[tone], tone) if tone in tones else (tones["neutral"], "neutral")


def values_of(matter: Matter, brand: Brand, addresses: Addresses, locale: str) -> dict[str, Any]:
    """The variables of templates; see services/playbooks/template_variables.py."""
    whole = _said_of(matter, matter.today, locale)
    links = {name: Url(url) for name, url in addresses.links.items()}
    items = [
        {
            **_said_of(item, matter.today, locale),
            "links": {name: Url(url) for name, url in item.links.items()},
        }
        for item in matter.items
    ]
    return {
        **whole,
        "locale": locale,
        "name": greeting_name(matter.name),
        "count": max(1, len(items)),
        "items": items or [{**whole, "links": links}],
        "total": whole["amount"],
        "brand": {"name": brand.name},
        "links": links,
        "choices": {name: Url(url) for name, url in addresses.choices.items()},
    }


def _said_of(matter: Matter | Item, today: date, locale: str) -> dict[str, Any]:
    """What can be said of one thing; see `template_variables.ITEM`."""
    details = matter.details

    def amount(minor: int | None) -> str | None:
        if minor is None or matter.currency is None:
            return None
        return money(minor, matter.currency, locale)

    due = matter.due_date
    return {
        "creditor": matter.creditor,
        "amount": amount(matter.amount_minor),
        "balance": amount(matter.balance_minor),
        "due_date": day(due, today, locale) if due else None,
        "days_left": max(0, (due - today).days) if due else None,
        "product": matter.product or details.get("product"),
        "products": list(details.get("products") or ()),
        "plan": details.get("plan"),
        "price": amount(details.get("price_minor")),
        "perks": list(details.get("perks") or ()),
        "recommended": list(details.get("recommended") or ()),
        "step": details.get("step"),
        "title": details.get("title"),
        "value": details.get("value"),
        "autopay": bool(details.get("autopay")),
        "instalment": details.get("instalment"),
        "instalments": details.get("instalments"),
    }


def greeting_name(name: str | None) -> str | None:
    """The name to greet with, or None where what was given is no name.

    Names come from forms that strangers fill in: one with an address or markup in it would make
    our letter carry somebody else's message.
    """
    shown = plain(name or "")
    if not shown or len(shown) > _LONGEST_NAME or _NOT_A_NAME.search(shown):
        return None
    return None if _is_disguised(shown) else shown


def _is_disguised(name: str) -> bool:
    """Whether a word mixes letters that look alike, as a Latin one with a Cyrillic letter in it."""
    return any(
        len(_ALIKE & {unicodedata.name(one, "").partition(" ")[0] for one in word}) > 1
        for word in name.split()
        if not word.isascii()
    )


def _around(matter: Matter, brand: Brand, addresses: Addresses) -> dict[str, str | None]:
    """What stands around the body."""
    sender, creditor = plain(brand.name), plain(matter.creditor or brand.name)
    headline = plain(brand.logo_text) if brand.logo_text else creditor
    return {
        laying.HEADLINE: headline,
        laying.INITIAL: headline[:1],
        laying.SENDER: sender,
        laying.CREDITOR: creditor,
        laying.NAME: greeting_name(matter.name),
        "~unsubscribe": addresses.unsubscribe,
        "~preferences": addresses.preferences,
        "~helped": addresses.helped,
        "~not_helped": addresses.not_helped,
        "~pixel": addresses.pixel,
        laying.HONEYPOT: addresses.honeypot or None,
    }
