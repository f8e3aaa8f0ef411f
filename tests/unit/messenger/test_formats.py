"""Money and dates as the reader writes them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.messenger import formats
from services.messenger.formats import day, formatting_locale, money, wording_locale

TODAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "text"),
    [
        (123456, "USD", "en_US", "$1,234.56"),
        (123456, "USD", "en_GB", "US$1,234.56"),
        (12000, "JPY", "ja", "12,000円"),
        (12000, "JPY", "en", "¥12,000"),
        (12000, "CNY", "zh", "¥120.00"),
        (1234, "KWD", "en", "KWD\u00a01.234"),
        (1500, "IQD", "en", "IQD\u00a01.500"),
        (2000, "IQD", "en", "IQD\u00a02"),
        (0, "EUR", "en", "€0.00"),
        (2**53 - 1, "USD", "en", "$90,071,992,547,409.91"),
    ],
)
def test_money_is_exact_to_the_minor_unit(
    minor: int, currency: str, locale: str, text: str
) -> None:
    assert money(minor, currency, locale) == text


@given(
    st.one_of(st.integers(0, 10**7), st.integers(-(10**4), 2**53)),
    st.sampled_from(["USD", "EUR", "JPY", "KWD", "IQD", "INR", "CHF", "CNY", "XAU", "BRL", "HUF"]),
    st.sampled_from(["en", "zh", "ja", "de", "fr", "de_CH", "en_IN", "hi", "es", "pl", "ar", "pt"]),
)
def test_what_is_remembered_of_amounts_writes_them_as_cldr_does(
    minor: int, currency: str, locale: str
) -> None:
    assert money(minor, currency, locale) == formats._money(minor, currency, locale)


@pytest.mark.parametrize(
    ("locale", "this_year", "next_year"),
    [
        ("en_US", "Friday, March\u00a06", "Saturday, March\u00a06, 2027"),
        ("en_GB", "Friday, 6\u00a0March", "Saturday, 6\u00a0March\u00a02027"),
        ("zh", "3月6日星期五", "2027年3月6日星期六"),
        ("ja", "3月6日金曜日", "2027年3月6日土曜日"),
    ],
)
def test_a_day_has_its_year_only_where_it_is_another(
    locale: str, this_year: str, next_year: str
) -> None:
    assert day(date(2026, 3, 6), TODAY, locale) == this_year
    assert day(date(2027, 3, 6), TODAY, locale) == next_year


@pytest.mark.parametrize(
    ("tag", "wording", "formats"),
    [
        ("en-GB", "en", "en_GB"),
        ("zh-Hant-TW", "zh", "zh"),
        ("zh-TW", "zh", "zh"),
        ("zh-Hans-SG", "zh", "zh_Hans_SG"),
        ("fr-FR", "en", "en"),
        ("en-XY", "en", "en"),
        (None, "ja", "ja"),
        ("??", "ja", "ja"),
    ],
)
def test_formats_never_mix_scripts_or_languages(
    tag: str | None, wording: str, formats: str
) -> None:
    assert formatting_locale(tag, wording) == formats


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("zh-Hant-TW", "zh"),
        ("zh-Hant", "zh"),
        ("ja-JP", "ja"),
        ("de", "en"),
        ("", "en"),
        (None, "en"),
        ("en-US", "en"),
    ],
)
def test_wording_falls_back_to_the_nearest_language(tag: str | None, language: str) -> None:
    assert wording_locale(tag, {"en", "zh", "ja"}) == language
