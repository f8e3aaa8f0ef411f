"""Money, dates and instants as a customer writes them."""

import re
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton

from schemas.world import minor_units

_CODE_MEETS_FIGURE = re.compile(r"(?<=[A-Z])(?=\d)")


@lru_cache(maxsize=256)
def _locale(tag: str) -> Locale:
    return Locale.parse(tag, sep="-")


@dataclass(frozen=True, slots=True)
class Formats:
    """How one customer reads figures: their locale (BCP 47) and time zone."""

    tag: str
    zone: ZoneInfo

    def money(self, amount_minor: int, currency: str) -> str:
        """The amount with its currency, with the decimals of ISO 4217: ¥1,200 and KWD 1.250.

        A code is kept apart from the figure, as CLDR's currency spacing asks.
        """
        return _money(amount_minor, currency, self.tag)

    def day(self, day: date) -> str:
        """A local date in words."""
        return _day(day, self.tag)

    def near_day(self, day: date) -> str:
        """A local date of the weeks to come in words, without its year."""
        return _near_day(day, self.tag)

    def moment(self, instant: datetime) -> str:
        """An instant at the customer's place, to the minute, with the zone's offset."""
        locale = _locale(self.tag)
        local = instant.astimezone(self.zone)
        day = format_date(local.date(), "long", locale=locale)
        clock = format_datetime(local, "HH:mm", locale=locale)
        zone = format_datetime(local, "ZZZZ", locale=locale)
        return f"{day} {clock} ({zone})"


# A page of plans shows a hundred figures, and the next one mostly the same.
@lru_cache(maxsize=16_384)
def _money(amount_minor: int, currency: str, tag: str) -> str:
    digits = minor_units(currency)
    locale = _locale(tag)
    pattern = copy(locale.currency_formats["standard"])
    pattern.frac_prec = (digits, digits)
    amount = Decimal(amount_minor).scaleb(-digits)
    text = str(pattern.apply(amount, locale, currency=currency, currency_digits=False))
    return _CODE_MEETS_FIGURE.sub("\N{NO-BREAK SPACE}", text)


@lru_cache(maxsize=8192)
def _day(day: date, tag: str) -> str:
    return str(format_date(day, "long", locale=_locale(tag)))


@lru_cache(maxsize=2048)
def _near_day(day: date, tag: str) -> str:
    return str(format_skeleton("MMMMd", day, locale=_locale(tag)))
