"""Money and dates as the reader writes them."""

from datetime import date

import pytest

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
