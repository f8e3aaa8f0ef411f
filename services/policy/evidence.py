"""What a phone number and a postal code tell of a place, in words that may rest in the log.

Only countries, zones and names of packs leave here; never the number or the code.
"""

from collections.abc import Sequence
from typing import Any

import phonenumbers
from phonenumbers import timezone

from services.policy.model import Pack

EVIDENCE = ("phone_country", "phone_zones", "postal_areas")
"""What `told_of` may give."""


def told_of(given: dict[str, Any], packs: Sequence[Pack]) -> dict[str, Any]:
    """What the phone and the postal code among given fields tell; a deleted one takes it back."""
    found: dict[str, Any] = {}
    if "phone" in given:
        found["phone_country"], found["phone_zones"] = of_phone(given["phone"])
    if "postal_code" in given:
        found["postal_areas"] = areas_of(given["postal_code"], packs)
    return found


def of_phone(number: str | None) -> tuple[str | None, list[str]]:
    """The country of a number with an international prefix, and its IANA zones, sorted.

    Nothing where the number has no such prefix or tells no country. A number that may be used in
    several zones, such as a mobile phone's, names them all.
    """
    try:
        parsed = phonenumbers.parse(number or "", None)
    except phonenumbers.NumberParseException:
        return None, []
    country = phonenumbers.region_code_for_number(parsed)
    zones = set(timezone.time_zones_for_number(parsed)) - {timezone.UNKNOWN_TIMEZONE}
    # 001 stands for numbers of no country, such as those of satellites.
    return (None if country == "001" else country), sorted(zones)


def areas_of(postal_code: str | None, packs: Sequence[Pack]) -> list[str]:
    """The names of the packs in whose area such a postal code may lie, sorted.

    Whether the country is right is for the gate to say, which knows all the evidence.
    """
    code = (postal_code or "").strip().upper()
    return sorted(pack.name for pack in packs if code and code.startswith(pack.postal_codes))
