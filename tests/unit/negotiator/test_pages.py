"""Wording is complete in every language; figures are written as their reader writes them."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.negotiator.model import Evidence, Refusal, Situation
from services.negotiator.pages import HEADERS, render
from services.negotiator.pages.formats import Formats
from services.negotiator.pages.wording import LANGUAGES, choose, words


def _leaves(texts: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, frozenset[str]]]:
    for name, text in texts.items():
        if isinstance(text, Mapping):
            yield from _leaves(text, f"{path}{name}.")
        else:
            yield path + name, frozenset(re.findall(r"{(\w+)}", text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_texts_with_the_same_figures(language: str) -> None:
    english, other = dict(_leaves(words("en"))), dict(_leaves(words(language)))
    assert other.keys() == english.keys()
    for name, figures in other.items():
        assert figures == english[name], name


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_is_a_text_for_everything_that_can_happen(language: str) -> None:
    texts = words(language)
    own_pages = {"plans", "renew", "agreement"}
    assert all(situation.value in texts for situation in Situation)
    assert own_pages <= texts.keys()
    assert {kind.value for kind in Evidence} == texts["questions"].keys()
    shown_as_page = {Refusal.SETTLED, Refusal.HELD}
    assert {one.value for one in set(Refusal) - shown_as_page} <= texts["notices"].keys()


@pytest.mark.parametrize(
    ("tag", "amount", "currency", "written"),
    [
        ("en-US", 123_456, "USD", "$1,234.56"),
        ("en-GB", 5, "GBP", "£0.05"),
        ("ja-JP", 1_200, "JPY", "￥1,200"),
        ("zh-Hans-CN", 480_000, "CNY", "¥4,800.00"),
        ("en", 1_250, "KWD", "KWD 1.250"),
        ("en", 1_250, "IQD", "IQD 1.250"),
    ],
)
def test_money_has_the_decimals_of_iso_4217(
    tag: str, amount: int, currency: str, written: str
) -> None:
    shown = Formats(tag, ZoneInfo("UTC")).money(amount, currency)
    assert shown.replace("\N{NO-BREAK SPACE}", " ") == written


def test_instants_are_told_at_the_customers_place() -> None:
    at = datetime(2026, 3, 5, 20, 0, tzinfo=UTC)
    assert Formats("ja", ZoneInfo("Asia/Tokyo")).moment(at) == "2026年3月6日 05:00 (GMT+09:00)"
    assert Formats("en-GB", ZoneInfo("UTC")).day(date(2026, 3, 5)) == "5 March 2026"


@pytest.mark.parametrize(
    ("tags", "accept", "language"),
    [
        ((None, None), "", "en"),
        (("ja", "zh"), "", "ja"),
        (("fr", "zh-Hans-CN"), "", "zh"),
        ((None,), "de, ja;q=0.8", "ja"),
        (("xx",), "de", "en"),
    ],
)
def test_the_first_language_that_is_spoken_is_taken(
    tags: tuple[str | None, ...], accept: str, language: str
) -> None:
    assert choose(*tags, accept=accept) == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_input_has_a_label_and_the_page_a_language(language: str) -> None:
    kinds = [kind.value for kind in Evidence]
    body = render(
        "verify.html", language, base="/p/t", form="f", questions=kinds, wrong=True, tries_left=3
    ).body
    page = bytes(body).decode()
    assert f'<html lang="{language}">' in page
    for kind in kinds:
        assert f'<label for="{kind}">' in page
        assert f'aria-describedby="{kind}-hint wrong"' in page
    assert page.count("<h1>") == 1


def test_what_is_shown_is_escaped() -> None:
    page = render("message.html", "en", title="<script>x</script>", lead="&")
    assert b"<script>" not in bytes(page.body)


def test_pages_run_no_script_and_stay_in_no_frame() -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
