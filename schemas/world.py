"""Code lists of the world, computed once: currencies, countries, time zones, languages."""

import zoneinfo
from functools import lru_cache
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.core import get_global, parse_locale

_UNITS_OF_ACCOUNT: Final = frozenset({"BOV", "CHE", "CHW", "CLF", "COU", "MXV", "UYW", "VED"})

CURRENCIES: Final[frozenset[str]] = (
    frozenset(
        code
        for uses in get_global("territory_currencies").values()
        for code, _since, until, tender in uses
        if until is None and tender
    )
    | _UNITS_OF_ACCOUNT
)
"""ISO 4217 codes in use today (from CLDR), with the units of account in which debts are kept."""

# CLDR's digits say how prices are usually written (IQD without any); ISO 4217 says what the
# minor unit is (IQD: three). The contract counts in ISO 4217's, so this is ISO's own short list.
# fmt: off
_ISO_EXPONENTS: Final[dict[str, int]] = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX",
                     "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
# fmt: on


def minor_units(currency: str) -> int:
    """Decimal places of the currency's minor unit by ISO 4217: JPY 0, USD 2, KWD 3."""
    return _ISO_EXPONENTS.get(currency, 2)


# Two-letter codes that CLDR names but ISO 3166-1 does not assign. XK (Kosovo) stays: it is
# user-assigned, and what banks write.
_UNASSIGNED: Final = frozenset(
    {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}
)

_ENGLISH: Final = Locale("en")

COUNTRIES: Final[frozenset[str]] = (
    frozenset(code for code in map(str, _ENGLISH.territories) if len(code) == 2 and code.isalpha())
    - _UNASSIGNED
)
"""ISO 3166-1 alpha-2 codes."""

TIMEZONES: Final[frozenset[str]] = frozenset(
    zoneinfo.available_timezones() - {"Factory", "localtime", "posixrules"}
)
"""Names of the IANA time zone database, links included."""


@lru_cache(maxsize=4096)
def normal_locale(tag: str) -> str | None:
    """The BCP 47 tag in its usual spelling (`zh-Hans-CN`, `en-GB`), or None if it is none.

    Language, script and region must exist; variants and extensions are dropped, since no
    wording depends on them. An underscore is read as a hyphen.
    """
    parts = tag.replace("_", "-").split("-")
    core = parts[: next((n for n, part in enumerate(parts) if n and len(part) == 1), len(parts))]
    try:
        language, territory, script, *_ = parse_locale("-".join(core), sep="-")
    except (ValueError, UnknownLocaleError):
        return None
    if language not in _ENGLISH.languages:
        return None
    if script is not None and script not in _ENGLISH.scripts:
        return None
    if territory is not None and territory not in _ENGLISH.territories:
        return None
    return "-".join(part for part in (language, script, territory) if part)
