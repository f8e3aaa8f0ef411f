"""A letter: its words, its two forms that agree, and values that stay values."""

import html as html_module
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.messenger.content import (
    DISCLOSURES,
    Addresses,
    Brand,
    ContentError,
    Matter,
    Rendered,
    greeting_name,
    render,
)
from services.playbooks.load import load_playbooks
from services.playbooks.model import Playbook, Wording
from services.playbooks.template_variables import LINKS, may_be_unknown

PLAYBOOKS = load_playbooks(Path(__file__).parents[3] / "deploy" / "playbooks")
BRAND = Brand("Harbour Lane", "12 Quay Street, Wellington")
ADDRESSES = Addresses(
    choices={},
    links={name: f"https://rapport.example/t/c/{name}.sig" for name in LINKS},
    unsubscribe="https://rapport.example/u/one.sig",
    preferences="https://rapport.example/preferences/one.sig",
    helped="https://rapport.example/t/f/yes.sig",
    not_helped="https://rapport.example/t/f/no.sig",
    pixel="https://rapport.example/t/o/one.sig.gif",
)
MATTER = Matter(
    purpose="collection",
    today=date(2026, 3, 7),
    name="Ana Souza",
    creditor="Northbank",
    amount_minor=18450,
    currency="USD",
    due_date=date(2026, 3, 6),
    product="Everyday Card",
    details={
        "title": "A lower rate",
        "value": "3.9 %",
        "plan": "Premium",
        "price_minor": 1299,
        "perks": ["No advertisements", "New films"],
        "recommended": ["The Quiet Harbour"],
    },
)
BODY = "For {{ product }}: **{{ amount }}**.\n\n[Open {{ product }}]({{ links.portal }})\n"


def letter(matter: Matter = MATTER, *, body: str = BODY, locale: str | None = "en-US") -> Rendered:
    wording = Wording("About {{ product }}", "{{ due_date }}", body)
    templates = {"en": {"t": {"neutral": wording}}}
    return render(
        templates,
        "t",
        tone="neutral",
        locale=locale,
        matter=matter,
        brand=BRAND,
        addresses=ADDRESSES,
    )


_BLOCKS = {"p", "li", "td", "br", "a"}


class _Words(HTMLParser):
    """What a reader sees: text, and where links lead."""

    def __init__(self) -> None:
        super().__init__()
        self._text: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._text.append(" " if tag in _BLOCKS else "")
        attributes = dict(attrs)
        if tag in ("title", "style") or "display:none" in (attributes.get("style") or ""):
            self._unseen += 1
        if tag == "a":
            self.links.append(attributes["href"] or "")

    def handle_endtag(self, tag: str) -> None:
        if self._unseen and tag in ("title", "style", "div"):
            self._unseen -= 1

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._text.append(data)

    @property
    def words(self) -> list[str]:
        return "".join(self._text).split()


def read(html: str) -> _Words:
    reader = _Words()
    reader.feed(html)
    return reader


def test_html_and_text_say_the_same() -> None:
    written = letter()
    seen = read(written.html)
    crest, heading, *words = seen.words
    assert (crest, heading) == ("N", "Northbank")
    text = re.sub(r"https://\S+|^--$", " ", written.text, flags=re.M).replace(":\n", "\n").split()
    assert words == [word.removeprefix("- ") for word in text]
    assert sorted(seen.links) == sorted(re.findall(r"https://\S+", written.text))


def test_a_lone_link_is_a_button_and_in_text_a_line_of_its_own() -> None:
    written = letter()
    assert "Open Everyday Card:\nhttps://rapport.example/t/c/portal.sig\n" in written.text
    assert 'class="main inset"' in written.html
    assert written.links == ("portal",)


def test_the_footer_says_who_why_and_how_to_stop() -> None:
    written = letter()
    assert written.disclosures == DISCLOSURES
    for part in (
        "Harbour Lane writes to you on behalf of Northbank.",
        "concerns your account with Northbank",
        ADDRESSES.unsubscribe,
        ADDRESSES.preferences,
        BRAND.postal_address,
    ):
        assert part in written.text.replace("\n", " ")
        assert part in html_module.unescape(written.html)
    assert f'<img src="{ADDRESSES.pixel}"' in written.html


def test_without_a_creditor_the_brand_speaks_for_itself() -> None:
    written = letter(replace(MATTER, creditor=None, purpose="retention"))
    assert "This message comes from Harbour Lane." in written.text
    assert "on behalf" not in written.text


def test_the_same_matter_gives_the_same_bytes_and_another_does_not() -> None:
    assert letter() == letter()
    assert letter().html != letter(replace(MATTER, amount_minor=1)).html


NASTY = (
    "*x* [y](http://evil.example) <b>z</b> <script>alert(1)</script> \\ `a` # h\n\n- li\n\n"
    "| a | ![i](http://evil.example/p.gif) &amp; _u_ ~~s~~ <!-- {{ 7*7 }} {% raw %} \u202egnp"
)


def test_markup_in_a_value_shows_as_it_is() -> None:
    written = letter(replace(MATTER, product=NASTY, creditor=NASTY))
    plain = " ".join(NASTY.replace("\u202e", " ").split())
    assert plain in " ".join(written.text.split())
    seen = read(written.html)
    assert plain in " ".join(seen.words)
    assert not {"b", "script", "em", "li", "h1"} & set(seen.tags)
    assert seen.tags.count("img") == 1
    assert not any("evil" in link for link in seen.links)
    assert "49" not in written.text


@given(st.text(max_size=80))
def test_no_value_adds_an_element_or_a_link(value: str) -> None:
    plain, odd = letter(), letter(replace(MATTER, product=f"x{value}", name=value))
    assert read(odd.html).tags == read(plain.html).tags
    assert read(odd.html).links == read(plain.html).links
    assert len(odd.subject.splitlines()) == 1
    assert "\x00" not in odd.html + odd.text


@pytest.mark.parametrize(
    ("name", "greeted"),
    [
        ("Ana Souza", "Ana Souza"),
        ("  Ana \t Souza\r\nBcc: x ", "Ana Souza Bcc: x"),
        ("J. R. O'Neill-Díaz", "J. R. O'Neill-Díaz"),
        ("佐藤 美咲", "佐藤 美咲"),
        ("مریم\u200cبانو", "مریم\u200cبانو"),
        ("", None),
        (None, None),
        ("\u202e\u0000", None),
        ("Claim your prize at evil.example", None),
        ("http://evil", None),
        ("Ana <b>", None),
        ("ana@example.com", None),
        ("x" * 61, None),
        ("Алексей Berg", "Алексей Berg"),
        ("P\u0430yPal Care", None),
        ("\u0391pple", None),
    ],
)
def test_only_a_name_is_greeted_as_one(name: str | None, greeted: str | None) -> None:
    assert greeting_name(name) == greeted
    opening = f"Hello {greeted}," if greeted else "Hello,"
    assert letter(replace(MATTER, name=name)).text.startswith(opening + "\n")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("{{ nothing }}", "undefined"),
        ("{{ balance }}", "not known"),
        ("# A heading", "t (en, neutral)"),
        ("1. one", "no form for ordered_list"),
        ("{{ links.nowhere }}", "nowhere"),
    ],
)
def test_what_can_not_be_written_is_refused(body: str, says: str) -> None:
    if body.startswith("#"):
        assert "# A heading" in letter(body=body).text  # no headings in letters: shown as typed
        return
    with pytest.raises(ContentError, match=re.escape(says)):
        letter(body=body)


def test_an_unknown_template_is_refused() -> None:
    with pytest.raises(ContentError):
        render(
            {"en": {}},
            "t",
            tone="light",
            locale="en",
            matter=MATTER,
            brand=BRAND,
            addresses=ADDRESSES,
        )


def test_tone_falls_back_to_neutral_and_language_to_the_nearest() -> None:
    recover = PLAYBOOKS["recover"]

    def written(locale: str | None, template: str = "ways") -> Rendered:
        return render(
            recover.templates,
            template,
            tone="gentle",
            locale=locale,
            matter=MATTER,
            brand=BRAND,
            addresses=ADDRESSES,
        )

    assert written("en").variant == "ways/neutral"
    assert written("en", "hello").variant == "hello/gentle"
    languages = {"zh-Hant-TW": "zh", "zh": "zh", "ja-JP": "ja", "pt-BR": "en", None: "en"}
    assert {tag: written(tag).locale for tag in languages} == languages


@pytest.mark.parametrize("name", sorted(PLAYBOOKS))
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN", "ja-JP"])
@pytest.mark.parametrize("bare", [False, True])
def test_every_shipped_letter_can_be_written(name: str, locale: str, bare: bool) -> None:
    playbook: Playbook = PLAYBOOKS[name]
    details = {
        "plan": "Premium",
        "price_minor": 1299,
        "step": "Proof of income",
        "title": "A lower rate",
        "instalment": 2,
        "instalments": 3,
    }
    matter = replace(MATTER, details={**MATTER.details, **details, "products": ["Sport"]})
    if bare:
        product = None if may_be_unknown("product", playbook.document) else MATTER.product
        matter = replace(MATTER, name=None, product=product, details=details)
    addresses = replace(
        ADDRESSES,
        choices={
            one.name: f"https://rapport.example/t/a/{one.name}.sig"
            for one in playbook.document.choices
        },
    )
    for template, tones in playbook.templates[locale[:2]].items():
        for tone in ("neutral", "gentle", "formal", "light"):
            written = render(
                playbook.templates,
                template,
                tone=tone,
                locale=locale,
                matter=matter,
                brand=BRAND,
                addresses=addresses,
            )
            assert written.variant.startswith(f"{template}/{tone if tone in tones else 'neutral'}")
            assert set(written.links) <= set(playbook.document.links)
            assert written.text.count("/t/a/") == len(written.choices)
            assert 0 < len(written.subject) <= 90
            assert "None" not in written.text
            assert "\n\n\n" not in written.text


def test_one_tap_answers_are_of_equal_rank() -> None:
    body = "[Yes]({{ choices.yes }})\n\n[No]({{ choices.no }})\n\n[Open]({{ links.portal }})\n"
    answers = {name: f"https://rapport.example/t/a/{name}.sig" for name in ("yes", "no")}

    def buttons(body: str) -> list[str]:
        templates = {"en": {"t": {"neutral": Wording("Well?", "One tap.", body)}}}
        page = render(
            templates,
            "t",
            tone="neutral",
            locale="en",
            matter=MATTER,
            brand=BRAND,
            addresses=replace(ADDRESSES, choices=answers),
        ).html
        return re.findall(r'class="(main|other) inset"', page)

    assert buttons(body) == ["other", "other", "other"]
    assert buttons("[Open]({{ links.portal }})\n\n" + body) == ["main", "other", "other", "other"]


@pytest.mark.parametrize(("locale", "language"), [("en", "en"), ("zh", "zh-Hans"), ("ja", "ja")])
def test_the_page_is_accessible(locale: str, language: str) -> None:
    recover = PLAYBOOKS["recover"]
    page = render(
        recover.templates,
        "hello",
        tone="neutral",
        locale=locale,
        matter=MATTER,
        brand=BRAND,
        addresses=replace(ADDRESSES, honeypot="https://rapport.example/t/n/x"),
    ).html
    # What programs alone follow is neither shown, nor read aloud, nor reached by a key.
    [hidden] = re.findall(r'<a href="https://rapport.example/t/n/x"[^>]*></a>', page)
    assert 'aria-hidden="true" tabindex="-1"' in hidden
    assert 'style="display:none;"' in hidden
    assert f'<html lang="{language}"' in page
    assert all('role="presentation"' in table for table in re.findall("<table[^>]*>", page))
    assert all("alt=" in image for image in re.findall(r"<img[^>]*>", page))
    assert '<meta name="viewport"' in page
    assert len(page.encode()) < 100_000  # beyond it Gmail cuts a message off
