"""The rules that a policy pack is made of, one model a kind. `schemas.policy` puts them together.

Every rule says what it is called, where it comes from, how binding that is and whether it was
verified, when it is in force, and for whom, what and how it is asked: roles, purposes, channels.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from schemas.common import HoldKind

PurposeName = Literal["service", "retention", "collection", "marketing"]
ChannelName = Literal["email", "sms", "webhook", "in_app", "phone", "fax", "letter", "visit"]
RoleName = Literal["creditor", "collector"]
Status = Literal["house", "binding", "guideline", "draft"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
RuleName = Annotated[str, Field(pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*$", max_length=80)]
CALENDAR_HOURS: Mapping[str, int] = {"day": 24, "week": 168, "month": 744}
"""Hours of a calendar's unit, of the longest month."""
_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Strict(BaseModel):
    """Refuses unknown fields: a mistyped key in a rule must not silently loosen it."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class InForce(Strict):
    """When a rule is in force, by local date.

    from: its first day; `unknown`, the sources give none: it binds, and permits nothing; `pack`,
    of house rules, since this version of the pack is in force; null only in packs that were
    logged without saying: as `unknown`. until: its last day; null, none is known. source: where
    the dates are from, if not from the citation. verified: whether that was read, or two sources
    agree; null, as the rule itself is. A date that is not verified delays and ends nothing.
    """

    from_: date | Literal["unknown", "pack"] | None = Field(default=None, alias="from")
    until: date | None = None
    source: str | None = Field(default=None, min_length=3)
    verified: bool | None = None

    @field_validator("from_", mode="before")
    @classmethod
    def _a_date_or_a_decision(cls, value: object) -> object:
        if isinstance(value, str) and value not in ("unknown", "pack"):
            try:
                return date.fromisoformat(value)
            except ValueError:
                raise ValueError(
                    f"{value!r} is no date; write YYYY-MM-DD, or unknown where no source gives one"
                ) from None
        return value

    @model_validator(mode="after")
    def _about_dates(self) -> Self:
        dated = isinstance(self.from_, date) or self.until is not None
        if not dated and (self.source is not None or self.verified is not None):
            raise ValueError("'source' and 'verified' are about dates, and here are none")
        return self


class Rule(Strict):
    """What every rule carries: a name unique in its pack, its source, and whom it is about.

    status: `house` (what this product asks of itself), `binding`, `guideline` or `draft`.
    verified: whether the source was read, or two agree; one that is not, or is a draft, can only
    forbid. `all` stands for each purpose, channel or role, future ones too.
    """

    rule: RuleName
    citation: str = Field(min_length=3)
    status: Status
    verified: bool
    in_force: InForce = InForce()
    roles: Literal["all"] | list[RoleName] = "all"
    purposes: Literal["all"] | list[PurposeName] = "all"
    channels: Literal["all"] | list[ChannelName] = "all"

    @field_validator("roles", "purposes", "channels")
    @classmethod
    def _about_something(cls, value: object) -> object:
        if value == []:
            raise ValueError("an empty list: name some, or say 'all'")
        return value

    @model_validator(mode="after")
    def _law_has_a_date_of_its_own(self) -> Self:
        if self.in_force.from_ == "pack" and self.status != "house":
            raise ValueError("'in_force: {from: pack}' is for house rules; write a date or unknown")
        return self


class SomeDays(Rule):
    """A rule about some local days; on others it asks nothing.

    days: of the week. holidays: `only` for the public holidays of the pack's calendar, `not` for
    other days, `any` for both.
    """

    days: Literal["all"] | Annotated[list[Weekday], Field(min_length=1)] = "all"
    holidays: Literal["any", "only", "not"] = "any"


class Hours(SomeDays):
    """Contact is allowed from `from` (inclusive) until `until` (exclusive), local wall time.

    `24:00` means the end of the day. A window does not wrap round midnight.
    """

    from_: str = Field(alias="from")
    until: str

    @field_validator("from_", "until", mode="before")
    @classmethod
    def _quoted(cls, value: object) -> object:
        if isinstance(value, int):
            raise ValueError('write the time in quotes, such as "08:00"')
        return value

    @field_validator("from_", "until")
    @classmethod
    def _time(cls, value: str) -> str:
        minutes_of(value)
        return value

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if minutes_of(self.from_) >= minutes_of(self.until):
            raise ValueError("'from' must be earlier than 'until' on the same day")
        return self


class Closed(SomeDays):
    """No contact on these local days."""


class Counted(Rule):
    """What a cap or a minimum distance counts, and by what.

    unit: `attempt` counts whatever was tried, `contact` only what reached the person; a message
    that was sent, or may have been, is both. scope: `customer`; `obligation`, with all who are
    party to it; `account`, which as the contract names no account is all of a customer's
    obligations and those with others who are party to the one at hand; `number`, one address or
    number, which is all on that channel. counts: contacts made by this machine, by the
    publisher's own people, or both. A contact of which something is not known counts.
    """

    unit: Literal["contact", "attempt"] = "contact"
    scope: Literal["customer", "obligation", "account", "number"] = "customer"
    counts: Annotated[list[Literal["machine", "people"]], Field(min_length=1)] = [
        "machine",
        "people",
    ]


class Cap(Counted):
    """At most `limit` within `window_hours`: rolling, or the local `calendar` day, week or month.

    Rolling: a contact counts from its instant until just before that instant plus the window (7
    days are 168 hours): one made exactly `window_hours` ago counts no longer. Calendar: a week
    begins on Monday; window_hours is 24, 168 or 744, for those who only want to compare.
    """

    limit: int = Field(ge=0)
    window_hours: int = Field(gt=0, le=24 * 366)
    calendar: Literal["day", "week", "month"] | None = None

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if self.calendar is not None and self.window_hours != CALENDAR_HOURS[self.calendar]:
            hours = CALENDAR_HOURS[self.calendar]
            raise ValueError(f"a calendar {self.calendar} has window_hours: {hours}")
        return self


class Gap(Counted):
    """Between any two contacts at least `hours` hours: this one, and one for whatever purpose.

    purposes say which contacts keep the distance; it is kept from all of these channels.
    spares_answers: what answers customers in their talk with a person need not keep it; it is kept
    from such an answer as from any contact.
    """

    hours: int = Field(gt=0, le=24 * 366)
    spares_answers: bool = False


class RequiredDisclosures(Rule):
    """What each message must carry, as codes; the messenger's layouts keep the wording.

    holds: asked only while one of these holds is in force; empty: always.
    """

    items: list[str] = Field(min_length=1)
    holds: list[HoldKind] = []

    @field_validator("items")
    @classmethod
    def _codes(cls, items: list[str]) -> list[str]:
        for item in items:
            if not _CODE.fullmatch(item):
                raise ValueError(f"{item!r} is no code; write one such as postal_address")
        return items


class Consent(Rule):
    """The basis that contact needs.

    `opt_out`: allowed until refused. `opt_in`: a granted, unexpired consent. `relationship`: an
    existing dealing with the customer is accepted in place of consent. `yields` on an `opt_in`
    rule: a verified `relationship` rule of the customer's place may take its place.
    """

    basis: Literal["opt_out", "opt_in", "relationship"]
    yields: bool = False


class RightParty(Rule):
    """Whether a debt may be told of before it is sure who reads.

    where: the `subject` (which others may see), the `body`, or both.
    """

    discloses_debt: Literal["never", "after_confirmation", "allowed"]
    where: Annotated[list[Literal["subject", "body"]], Field(min_length=1)] = ["subject"]


class StopWords(Rule):
    """Words by which, alone in a reply, a customer opts out; case does not matter.

    confirm: channels by which one text, and nothing more, says that a stop was heard.
    """

    words: list[Annotated[str, Field(min_length=1, max_length=40)]] = Field(min_length=1)
    confirm: list[ChannelName] = []


class ProhibitedWording(Rule):
    """Patterns (regular expressions, case ignored) that no text of a message may match.

    why: what is prohibited, in a word for the author. languages: BCP 47 primary subtags; empty:
    every language.
    """

    patterns: list[str] = Field(min_length=1)
    why: str = Field(min_length=3)
    languages: list[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]] = []

    @field_validator("patterns")
    @classmethod
    def _compile(cls, patterns: list[str]) -> list[str]:
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
        return patterns


class Steering(Rule):
    """Customer attributes that may, or may not, steer treatment.

    `yields` on a forbidding rule: a verified permit of the customer's place may take its place.
    """

    attributes: list[Literal["age", "gender"]] = Field(min_length=1)
    yields: bool = False


class SteeringRules(Strict):
    """Forbidden and permitted steering attributes."""

    forbidden: list[Steering] = []
    permits: list[Steering] = []


def minutes_of(text: str) -> int:
    """Minutes since local midnight of `HH:MM` (0 to 1440); ValueError when it is no such time."""
    hours, colon, minutes = text.partition(":")
    if colon and len(hours) == len(minutes) == 2 and (hours + minutes).isdecimal():
        total = int(hours) * 60 + int(minutes)
        if int(minutes) < 60 and total <= 24 * 60:
            return total
    raise ValueError(f"{text!r} is no local time; write HH:MM between 00:00 and 24:00")
