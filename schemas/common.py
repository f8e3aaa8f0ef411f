"""Field types that the contracts share: strict where a mistake would reach a customer.

Each type says in its refusal what the publisher must change, and never repeats the value.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Final, Literal, LiteralString, get_args

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from schemas.world import COUNTRIES, CURRENCIES, TIMEZONES, normal_locale

LARGEST_INTEGER: Final = 2**53 - 1
"""The largest integer that every JSON reader keeps exact (RFC 8259, section 6)."""


class Contract(BaseModel):
    """Base of every published model: immutable; fields it does not know are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=False)


class Typed(Contract):
    """Data of one CloudEvents type in one version."""

    TYPE: ClassVar[str]
    VERSION: ClassVar[int] = 1


class Personal:
    """Marks a field that identifies a person or was written by one.

    Such a field travels on `customer.events` only and never becomes part of a fact.
    """

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "x-personal-data": True}


class NearTime:
    """Marks a date that must lie within ten years of its event's time."""


PERSONAL: Final = Personal()
NEAR_TIME: Final = NearTime()

Channel = Literal["email", "sms", "webhook", "in_app"]
"""in_app: the customer's own messages in the portal; nothing leaves the house."""
CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)
AddressedBy = Literal["email", "sms", "webhook"]
"""Channels on which a customer has an address that a publisher can tell."""
Purpose = Literal["service", "retention", "collection", "marketing"]
Tone = Literal["neutral", "gentle", "formal", "light"]
ObligationKind = Literal["bill", "subscription", "application", "benefit"]
ActorRole = Literal["creditor", "collector"]
HoldKind = Literal[
    "dispute",
    "hardship",
    "moratorium",
    "vulnerability",
    "attorney",
    "representative",
    "bankruptcy",
    "deceased",
    "fraud",
    "minor",
    "litigation",
    "time_barred",
    "cease_contact",
]

# --- strings -------------------------------------------------------------------------------

PLAIN: Final = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
PARAGRAPHS: Final = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
CODE: Final = r"^[A-Za-z0-9][A-Za-z0-9 _.:/+-]*$"
TENANT: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
REGION: Final = r"^[A-Z]{2}-[A-Z0-9]{1,3}$"
CLOCK_TIME: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
DURATION: Final = r"^P(?=.)([0-9]+W)?([0-9]+D)?(T(?=[0-9])([0-9]+H)?([0-9]+M)?([0-9]+S)?)?$"

REMEDIES: Final[dict[str, str]] = {
    PLAIN: "must not contain line breaks or other control characters",
    PARAGRAPHS: "must not contain control characters other than line breaks and tabs",
    CODE: "must be a short code of letters, digits, spaces and _ . : / + -",
    TENANT: "must be a short name of letters, digits, dot, hyphen and underscore",
    REGION: "must be an ISO 3166-2 code such as US-NY",
    CLOCK_TIME: "must be a time of day such as 09:30",
    DURATION: "must be an ISO 8601 duration such as P2D or PT12H",
}
"""What to do about a string that does not match, by pattern."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=PLAIN)]
LongText = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=PARAGRAPHS)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=CODE)]
Tenant = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=TENANT)]
LocalTime = Annotated[str, StringConstraints(pattern=CLOCK_TIME)]
Region = Annotated[str, StringConstraints(max_length=6, pattern=REGION)]

_DURATION: Final = re.compile(DURATION)


def _duration(value: str) -> str:
    if _DURATION.match(value) is None or value.endswith("\n"):
        raise PydanticCustomError("duration", REMEDIES[DURATION])
    return value


# By hand: the pattern looks ahead, which pydantic's own regular expressions cannot.
Duration = Annotated[
    str,
    StringConstraints(max_length=40),
    AfterValidator(_duration),
    WithJsonSchema({"type": "string", "format": "duration", "maxLength": 40}),
]

_EMAIL_INSIDE: Final = re.compile(r"[^\s@]@[^\s@]")
_SUSPECT: Final = re.compile(r"[^\s@]@[^\s@]|^[+(]?[\d(][\d\s().\-/]*$|\+\d{7}")
_DIGITS: Final = re.compile(r"\D")


def _luhn(digits: str) -> bool:
    doubled = (int(d) * 2 for d in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(d - 9 if d > 9 else d for d in doubled)) % 10 == 0


def looks_identifying(subject: str) -> str | None:
    """What a customer id looks like that is no pseudonym: e-mail, phone or card; else None.

    Digits alone, separators or not, count as a phone number from 9 to 15 of them and as a
    card number from 13 to 19 where the check digit (ISO/IEC 7812-1, Luhn) is right.
    """
    if _SUSPECT.search(subject) is None:
        return None
    if "@" in subject:
        return "an e-mail address"
    digits = _DIGITS.sub("", subject)
    if 13 <= len(digits) <= 19 and _luhn(digits):
        return "a payment card number"
    if "+" in subject or 9 <= len(digits) <= 15:
        return "a phone number"
    return None


def _pseudonym(value: str) -> str:
    if (likeness := looks_identifying(value)) is not None:
        raise PydanticCustomError(
            "identifying_subject",
            "looks like {likeness}: send a pseudonym of yours instead, such as c-7f3a91",
            {"likeness": likeness},
        )
    return value


def _no_address(value: str) -> str:
    if _EMAIL_INSIDE.search(value) is not None:
        raise PydanticCustomError(
            "identifier", "must not contain an e-mail address: it is kept for years"
        )
    return value


CustomerId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=128, pattern=PLAIN),
    AfterValidator(_pseudonym),
]
"""A pseudonym of the publisher's; never an e-mail address, phone or card number."""

Identifier = Annotated[
    str,
    StringConstraints(min_length=1, max_length=128, pattern=PLAIN),
    AfterValidator(_no_address),
]
"""The publisher's own id of a bill, payment, request and so on."""

# --- numbers -------------------------------------------------------------------------------

Money = Annotated[int, Field(strict=True, ge=0, le=LARGEST_INTEGER)]
"""An amount in the currency's minor unit (ISO 4217), zero or more; never a decimal."""

MoneyDue = Annotated[int, Field(strict=True, gt=0, le=LARGEST_INTEGER)]
"""An amount in the currency's minor unit (ISO 4217), more than zero; never a decimal."""

Revision = Annotated[int, Field(strict=True, ge=0, le=LARGEST_INTEGER)]
"""A version that rises; a lower one than was seen changes nothing."""

Flag = Annotated[bool, Field(strict=True)]

# --- codes of the world --------------------------------------------------------------------


def _one_of(
    known: frozenset[str], kind: LiteralString, remedy: LiteralString
) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in known:
            raise PydanticCustomError(kind, remedy)
        return value

    return check


def _locale(value: str) -> str:
    if (normal := normal_locale(value)) is None:
        raise PydanticCustomError(
            "locale", "must be a BCP 47 language tag such as en-GB, ja or zh-Hans-CN"
        )
    return normal


Currency = Annotated[
    str,
    AfterValidator(
        _one_of(CURRENCIES, "currency", "must be an ISO 4217 currency code such as USD or JPY")
    ),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$"}),
]
Country = Annotated[
    str,
    AfterValidator(
        _one_of(
            COUNTRIES, "country", "must be an ISO 3166-1 alpha-2 code in capitals such as US or JP"
        )
    ),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{2}$"}),
]
Timezone = Annotated[
    str,
    AfterValidator(
        _one_of(TIMEZONES, "timezone", "must be an IANA time zone name such as Asia/Tokyo")
    ),
    WithJsonSchema({"type": "string", "maxLength": 64}),
]
LocaleTag = Annotated[str, StringConstraints(min_length=2, max_length=64), AfterValidator(_locale)]

# --- dates and instants --------------------------------------------------------------------


_OUT_OF_TIME: Final = PydanticCustomError(
    "out_of_range", "must lie between the years 1900 and 2999; leave out an end that never comes"
)


def _local_date(value: Any) -> Any:
    if type(value) is str:
        # Its own check, since fromisoformat would also take 20260302 and 2026-W10-1.
        if len(value) == 10 and value[4] == "-" == value[7] and value.isascii():
            try:
                day = date.fromisoformat(value)
            except ValueError:
                pass
            else:
                if not 1900 <= day.year <= 2999:
                    raise _OUT_OF_TIME
                return day
    elif isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise PydanticCustomError(
        "local_date", "must be an existing local date written YYYY-MM-DD, without a time"
    )


_NOT_AN_INSTANT: Final = PydanticCustomError(
    "instant", "must be an RFC 3339 instant with its offset, such as 2026-03-02T09:00:00+09:00"
)


def _instant(value: Any) -> Any:
    if type(value) is str:
        # Pydantic would also take Unix seconds and bare dates.
        if len(value) < 20 or value[4] != "-" or value[10] not in "Tt ":
            raise _NOT_AN_INSTANT
        # So far within what datetime holds that any offset and any sum with days stays there.
        if not "1900" <= value[:4] <= "2999":
            raise _OUT_OF_TIME
    elif not isinstance(value, datetime):
        raise _NOT_AN_INSTANT
    return value


def _last_instant(value: Any) -> Any:
    """A date becomes the instant at which it has ended everywhere on Earth (UTC-12)."""
    if type(value) is str and len(value) == 10:
        return f"{_local_date(value)}T23:59:59-12:00"
    return _instant(value)


LocalDate = Annotated[
    date, BeforeValidator(_local_date), WithJsonSchema({"type": "string", "format": "date"})
]
"""A calendar date at the customer's place, `YYYY-MM-DD`."""

DueDate = Annotated[LocalDate, NEAR_TIME]
"""A local date within ten years of its event's time."""

Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""An RFC 3339 instant with offset."""

Until = Annotated[
    AwareDatetime,
    BeforeValidator(_last_instant),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "date-time"},
                {"type": "string", "format": "date"},
            ]
        }
    ),
]
"""The instant until which something holds; a bare date means to its end, wherever that is."""

# --- ways to reach a person ----------------------------------------------------------------

_EMAIL: Final = re.compile(
    r"[^\s@\"(),:;<>\[\]\\.]+(\.[^\s@\"(),:;<>\[\]\\.]+)*"
    r"@[^\W_]([\w-]{0,61}[^\W_])?(\.[^\W_]([\w-]{0,61}[^\W_])?)*"
)
_PHONE: Final = re.compile(r"\+?[0-9(][0-9 ().\-/]{4,30}")


def _email(value: str) -> str:
    if _EMAIL.fullmatch(value) is None or value.index("@") > 64:
        raise PydanticCustomError(
            "email", "must be one plain e-mail address such as ana@example.com"
        )
    return value


def normal_email(text: str) -> str:
    """The form under which one mailbox is known for keyed hashes and suppressions.

    Case is folded, also in the part before the @, where few mail hosts tell it apart; the domain
    is in ASCII (IDNA 2003, RFC 3490), or as given where it has no such form.
    """
    local, at, domain = text.rpartition("@")
    with suppress(UnicodeError):
        domain = domain.encode("idna").decode("ascii")
    return f"{local}{at}{domain}".casefold()


def normal_phone(text: str) -> str:
    """The form under which one number is known: digits after a plus, or as given without one."""
    return "+" + _DIGITS.sub("", text) if text.startswith("+") else text


def _phone(value: str) -> str:
    if _PHONE.fullmatch(value) is None or not 6 <= len(_DIGITS.sub("", value)) <= 15:
        raise PydanticCustomError("phone", "must be a phone number by E.164 such as +81312345678")
    return value


EmailAddress = Annotated[
    str,
    StringConstraints(min_length=3, max_length=254, pattern=PLAIN),
    AfterValidator(_email),
    WithJsonSchema({"type": "string", "format": "email", "maxLength": 254}),
]
PhoneNumber = Annotated[
    str,
    StringConstraints(min_length=6, max_length=32, pattern=PLAIN),
    AfterValidator(_phone),
]
