"""Money, dates and languages as the reader writes them."""

import re
from collections.abc import Collection
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Literal, NamedTuple

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_date
from babel.numbers import format_currency, get_currency_precision

from schemas.world import minor_units

DEFAULT_LOCALE = "en"
_CODE_THEN_DIGIT = re.compile(r"(?<=[A-Z])(?=\d)")
_INSIDE_DATE = re.compile(r"(?<=[^\W\d]) (?=\d)|(?<=\d) (?=[^\W\d])")
_YEAR = re.compile(r"[,\s]*y+年?[,\s]*")
# In Japanese prose an amount is read with its unit in words behind it (12,000円, 30.00米ドル).
_SPELT_OUT = frozenset({"ja"})


def wording_locale(tag: str | None, available: Collection[str]) -> str:
    """The language of the wording: zh-Hant-TW falls back to zh-Hant, zh, and then to English."""
    parts = (tag or DEFAULT_LOCALE).replace("_", "-").split("-")
    for length in range(len(parts), 0, -1):
        if (candidate := "-".join(parts[:length])) in available:
            return candidate
    return DEFAULT_LOCALE


@lru_cache(maxsize=1024)
def formatting_locale(tag: str | None, wording: str) -> str:
    """The Babel locale for dates and money inside a text in the language `wording`.

    The reader's own where it is a variety of that language in the same script (en-GB in an
    English text), else the wording's: a Taiwanese date must not stand in simplified Chinese.
    """
    own = _parse(tag)
    base = _parse(wording) or Locale(DEFAULT_LOCALE)
    if own and own.language == base.language and _script(own) == _script(base):
        return str(own)
    return str(base)


def money(minor: int, currency: str, locale: str) -> str:
    """An amount in minor units (ISO 4217) as text: 123456 USD is $1,234.56 in en-US."""
    if minor < 0:
        return _money(minor, currency, locale)
    figures = str(minor).rjust(1 + minor_units(currency), "0")
    shape = _shape(len(figures), currency, locale)
    if shape is None:
        return _money(minor, currency, locale)
    return shape.before + "".join(map(str.__add__, figures, shape.between))


class _Shape(NamedTuple):
    """What stands before the figures of an amount, and after each of them."""

    before: str
    between: tuple[str, ...]


@lru_cache(maxsize=4096)
def _shape(length: int, currency: str, locale: str) -> _Shape | None:
    """How amounts of so many figures are written; None where the figures themselves matter, too.

    To ask CLDR for each amount takes longer than all else that is said in a letter.
    """
    if get_currency_precision(currency) != minor_units(currency):
        return None
    samples = {_money(int(one * length), currency, locale).replace(one, "0") for one in "129"}
    before, *between = samples.pop().split("0")
    return _Shape(before, tuple(between)) if not samples and len(between) == length else None


@lru_cache(maxsize=8192)
def _money(minor: int, currency: str, locale: str) -> str:
    digits = minor_units(currency)
    value = Decimal(minor).scaleb(-digits)
    spelt_out = _known(locale).language in _SPELT_OUT
    usual = get_currency_precision(currency)
    if usual == digits or (usual < digits and value == value.to_integral_value()):
        style: Literal["name", "standard"] = "name" if spelt_out else "standard"
        text = format_currency(value, currency, locale=_known(locale), format_type=style)
    else:
        # CLDR would round away what the contract counts (IQD: three digits, written with none).
        pattern = _known(locale).currency_formats["standard"].pattern
        exact = re.sub(r"0\.0+", "0." + "0" * digits, pattern)
        text = format_currency(value, currency, exact, locale=locale, currency_digits=False)
    return _CODE_THEN_DIGIT.sub("\u00a0", text)


@lru_cache(maxsize=8192)
def day(when: date, today: date, locale: str) -> str:
    """A date with its weekday; with its year only where that isn't this year's."""
    chosen = _known(locale)
    pattern = chosen.date_formats["full"].pattern
    if when.year == today.year and chosen.language in ("en", "zh", "ja"):
        pattern = _YEAR.sub("", pattern)
    # "March 6" stays on one line.
    return _INSIDE_DATE.sub("\u00a0", format_date(when, pattern, locale=chosen))


@lru_cache(maxsize=256)
def _known(locale: str) -> Locale:
    return Locale.parse(locale)


def _script(locale: Locale) -> str | None:
    """The script it is written in, said or not: simplified Chinese for plain zh."""
    if locale.script:
        return locale.script
    likely: str = get_global("likely_subtags").get(locale.language, "")
    return Locale.parse(likely).script if likely else None


def _parse(tag: str | None) -> Locale | None:
    parts = (tag or "").replace("_", "-").split("-")
    for length in range(len(parts), 0, -1):
        try:
            return Locale.parse("-".join(parts[:length]), sep="-")
        except (ValueError, UnknownLocaleError):
            continue
    return None
