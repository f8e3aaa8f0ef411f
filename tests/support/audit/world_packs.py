"""Packs, an authority and zones of the good world, written by hand: the audit shares none."""

from typing import Any

_HOUSE: dict[str, Any] = {"citation": "House rule", "status": "house", "verified": True}
_HOLDS: list[dict[str, Any]] = [
    {"kinds": ["vulnerability"], "effect": "gentler", "scope": "customer"},
    {"kinds": ["moratorium"], "effect": "stop", "days": 60},
    {"kinds": ["dispute", "litigation"], "effect": "stop"},
    {"kinds": ["fraud"], "effect": "person_only", "scope": "customer"},
    {
        "kinds": ["deceased"],
        "effect": "stop",
        "scope": "customer",
        "after": "end",
        "lifted_by": "operator",
    },
]
PACKS: dict[str, dict[str, Any]] = {
    "house": {
        "name": "house",
        "version": 1,
        "title": "House rules",
        "applies": {"everywhere": True},
        "hours": [
            {
                "rule": "hours",
                "citation": "House rule",
                "status": "house",
                "verified": True,
                "from": "08:00",
                "until": "21:00",
            }
        ],
        "caps": [
            {
                "rule": "week",
                "citation": "House rule",
                "status": "house",
                "verified": True,
                "limit": 3,
                "window_hours": 168,
            }
        ],
        "disclosures": [
            {
                "rule": "content",
                "citation": "House rule",
                "status": "house",
                "verified": True,
                "items": ["sender_identity", "one_click_opt_out"],
            }
        ],
        "consent": [
            {
                "rule": "consent",
                "citation": "House rule",
                "status": "house",
                "verified": True,
                "purposes": ["retention", "marketing"],
                "basis": "opt_in",
                "yields": True,
            }
        ],
        "holds": [{"rule": f"hold.{n}", **_HOUSE, **rule} for n, rule in enumerate(_HOLDS)],
    },
    "india": {
        "name": "india",
        "version": 3,
        "title": "India",
        "applies": {"countries": ["IN"]},
        "hours": [
            {
                "rule": "hours",
                "citation": "Circular of 12 August 2022",
                "status": "binding",
                "verified": True,
                "purposes": ["collection"],
                "from": "08:00",
                "until": "19:00",
            }
        ],
        "holds": [
            {
                "rule": "hold.attorney",
                "citation": "Circular",
                "status": "binding",
                "verified": False,
                "kinds": ["attorney"],
                "effect": "redirect",
                "to": "attorney",
                "purposes": ["collection"],
            }
        ],
        "notices": [
            {
                "rule": "notice.first",
                "citation": "Circular",
                "status": "binding",
                "verified": False,
                "purposes": ["collection"],
                "notice": "first_letter",
            }
        ],
    },
    "japan": {
        "name": "japan",
        "version": 1,
        "title": "Japan",
        "applies": {"countries": ["JP"]},
        "consent": [
            {
                "rule": "relationship",
                "citation": "Act on Specified Electronic Mail",
                "status": "binding",
                "verified": True,
                "purposes": ["retention", "marketing"],
                "basis": "relationship",
            }
        ],
    },
}
AUTHORITY = {
    "name": "recover",
    "version": 2,
    "max_discount_bp": 1000,
    "max_instalments": 3,
    "min_instalment_minor": 1000,
    "max_days": 60,
    "offer_valid_hours": 48,
    "funded_by": "creditor",
}
US_ZONES = [
    "America/Adak", "America/Anchorage", "America/Boise", "America/Chicago", "America/Denver",
    "America/Detroit", "America/Indiana/Indianapolis", "America/Indiana/Knox",
    "America/Indiana/Marengo", "America/Indiana/Petersburg", "America/Indiana/Tell_City",
    "America/Indiana/Vevay", "America/Indiana/Vincennes", "America/Indiana/Winamac",
    "America/Juneau", "America/Kentucky/Louisville", "America/Kentucky/Monticello",
    "America/Los_Angeles", "America/Menominee", "America/Metlakatla", "America/New_York",
    "America/Nome", "America/North_Dakota/Beulah", "America/North_Dakota/Center",
    "America/North_Dakota/New_Salem", "America/Phoenix", "America/Sitka", "America/Yakutat",
    "Pacific/Honolulu",
]  # fmt: skip
