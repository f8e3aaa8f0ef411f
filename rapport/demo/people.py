"""The demo's customers: invented from a seed, with names and addresses that nobody can have."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import product
from random import Random
from typing import Any, Final

from rapport.demo.catalogue import GOODS, Language
from rapport.demo.tempers import Temper, draw_temper


@dataclass(frozen=True, slots=True)
class Home:
    """Where some of the customers live. share: how many of 240."""

    country: str
    region: str
    city: str
    timezone: str
    locale: str
    language: Language
    share: int


HOMES: Final = (
    Home("US", "US-NY", "New York", "America/New_York", "en-US", "en", 26),
    Home("US", "US-IL", "Chicago", "America/Chicago", "en-US", "en", 16),
    Home("US", "US-CO", "Denver", "America/Denver", "en-US", "en", 8),
    Home("US", "US-CA", "Los Angeles", "America/Los_Angeles", "en-US", "en", 20),
    Home("GB", "GB-LND", "London", "Europe/London", "en-GB", "en", 32),
    Home("CN", "CN-SH", "上海", "Asia/Shanghai", "zh-Hans-CN", "zh", 34),
    Home("CN", "CN-SC", "成都", "Asia/Shanghai", "zh-Hans-CN", "zh", 18),
    Home("JP", "JP-13", "東京", "Asia/Tokyo", "ja-JP", "ja", 32),
    Home("JP", "JP-27", "大阪", "Asia/Tokyo", "ja-JP", "ja", 18),
    Home("SG", "", "Singapore", "Asia/Singapore", "en-SG", "en", 10),
    Home("SG", "", "新加坡", "Asia/Singapore", "zh-Hans-SG", "zh", 8),
    Home("AU", "AU-NSW", "Sydney", "Australia/Sydney", "en-AU", "en", 18),
)
PEOPLE: Final = sum(home.share for home in HOMES)

# Reserved for documentation and tests (RFC 2606, RFC 6761): mail to them reaches nobody.
_DOMAINS: Final = ("example.com", "example.net", "example.org", "mail.example", "post.test")

_GIVEN: Final[dict[Language, tuple[str, ...]]] = {
    "en": (
        *("Alder", "Briar", "Clover", "Dahlia", "Elm", "Fern", "Hazel", "Iris", "Juniper"),
        *("Linden", "Maple", "Olive", "Poppy", "Rowan", "Sage", "Tansy", "Willow", "Yarrow"),
    ),
    "zh": ("小满", "谷雨", "白露", "清明", "立春", "秋分", "冬至", "惊蛰", "芒种", "霜降", "夏至"),
    "ja": ("はる", "なつ", "あき", "ふゆ", "そら", "うみ", "かぜ", "ほし", "つき", "ゆき", "もり"),
}
_FAMILY: Final[dict[Language, tuple[str, ...]]] = {
    "en": ("Sample", "Example", "Placeholder", "Specimen", "Testcase", "Fictional", "Madeup"),
    "zh": ("例", "样", "试", "虚", "某", "假"),
    "ja": ("見本", "例示", "仮名", "架空", "試験"),
}
_OCCUPATIONS: Final = ("", "", "teacher", "nurse", "engineer", "baker", "driver", "accountant")


@dataclass(frozen=True, slots=True)
class Person:
    """One invented customer.

    secrets: what the portal may ask, by kind. unknown: fields that the publisher never learned.
    """

    id: str
    name: str
    email: str
    home: Home
    birth_year: int
    occupation: str
    postal_code: str
    interests: tuple[str, ...]
    secrets: dict[str, str]
    temper: Temper
    unknown: frozenset[str] = frozenset()

    @property
    def language(self) -> Language:
        """The language this person reads."""
        return self.home.language

    def profile(self) -> dict[str, Any]:
        """The data of `customer.updated`, without what the publisher does not know."""
        known = {
            "name": self.name,
            "email": self.email,
            "locale": self.home.locale,
            "timezone": self.home.timezone,
            "country": self.home.country,
            "region": self.home.region or None,
            "city": self.home.city,
            "postal_code": self.postal_code,
            "birth_year": self.birth_year,
            "occupation": self.occupation or None,
            "interests": list(self.interests),
            "verification": dict(self.secrets) or None,
        }
        return {
            field: value
            for field, value in known.items()
            if value is not None and field not in self.unknown
        }


def invent(seed: int, today: date) -> tuple[Person, ...]:
    """All customers, the same for the same seed, neighbours mixed."""
    chance = Random(f"people:{seed}")
    names = {language: _names(language, chance) for language in GOODS}
    people = [
        _person(number, home, next(names[home.language]), today, Random(f"{seed}:{number}"))
        for number, home in enumerate((home for home in HOMES for _ in range(home.share)), start=1)
    ]
    chance.shuffle(people)
    return tuple(people)


def _person(number: int, home: Home, name: str, today: date, chance: Random) -> Person:
    birth_year = today.year - chance.randint(20, 74)
    postal_code = f"{chance.randint(10_000, 99_999)}"
    local = name.lower().replace(" ", ".") if name.isascii() else f"{home.country.lower()}-guest"
    interests = chance.sample(sorted(GOODS[home.language].titles), 2)
    return Person(
        id=f"hl-{number:04d}",
        name=name,
        email=f"{local}.{number}@{chance.choice(_DOMAINS)}",
        home=home,
        birth_year=birth_year,
        occupation=chance.choice(_OCCUPATIONS),
        postal_code=postal_code,
        interests=tuple(interests),
        secrets=_secrets(chance, birth_year, postal_code),
        temper=draw_temper(chance),
        unknown=_unknown(chance),
    )


def _secrets(chance: Random, birth_year: int, postal_code: str) -> dict[str, str]:
    lot = chance.random()
    if lot < 0.62:
        return {"last_digits": f"{chance.randint(0, 9999):04d}", "birth_year": str(birth_year)}
    if lot < 0.92:
        words = chance.sample(("amber", "lantern", "seven", "herons", "quiet", "rope"), 3)
        return {"passphrase": " ".join(words), "postal_code": postal_code}
    # Known to everyone at home: not enough to show a debt, so a person takes over.
    return {"birth_year": str(birth_year)} if lot < 0.97 else {}


def _unknown(chance: Random) -> frozenset[str]:
    lot = chance.random()
    if lot < 0.04:
        return frozenset({"timezone"})
    if lot < 0.07:
        return frozenset({"locale"})
    if lot < 0.09:
        return frozenset({"timezone", "locale", "region", "city"})
    return frozenset()


def _names(language: Language, chance: Random) -> Iterator[str]:
    space = "" if language == "zh" else " "
    pairs = list(product(_GIVEN[language], _FAMILY[language]))
    chance.shuffle(pairs)
    while True:  # namesakes exist; addresses and ids tell them apart
        for given, family in pairs:
            order = (given, family) if language == "en" else (family, given)
            yield space.join(order)
