"""The contract of a policy pack: the contact rules of one jurisdiction, as one YAML file.

A pack only says what is asked there. Packs combine: every pack that applies at a customer's place
must allow a contact, so the strictest wins (design section 5, promise 4). A rule that is not
verified, or only a draft, can make things stricter and never looser: it may forbid, but it can
neither permit an attribute to steer nor accept a relationship in place of consent.
"""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

PurposeName = Literal["service", "retention", "collection", "marketing"]
ChannelName = Literal["email", "sms", "webhook"]
Status = Literal["house", "binding", "guideline", "draft"]
Disclosure = Literal["sender_identity", "postal_address", "one_click_opt_out", "purpose_of_message"]
RuleName = Annotated[str, Field(pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*$", max_length=80)]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Region = Annotated[str, Field(pattern=r"^[A-Z]{2}-[A-Z0-9]{1,3}$")]


class Strict(BaseModel):
    """Refuses unknown fields: a mistyped key in a rule must not silently loosen it."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class InForce(Strict):
    """The local dates on which a rule is in force, both inclusive; open where null."""

    from_: date | None = Field(default=None, alias="from")
    until: date | None = None


class Rule(Strict):
    """What every rule carries: a name unique in its pack, and the source that it rests on."""

    rule: RuleName
    citation: str = Field(min_length=3)
    status: Status
    verified: bool
    in_force: InForce = InForce()


class ScopedRule(Rule):
    """A rule for some purposes and channels; `all` stands for each of them, future ones too."""

    purposes: Literal["all"] | list[PurposeName] = "all"
    channels: Literal["all"] | list[ChannelName] = "all"


class Hours(ScopedRule):
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


class Cap(ScopedRule):
    """At most `limit` contacts in any `window_hours` hours, rolling (7 days are 168 hours).

    A contact counts from its instant until just before that instant plus the window: one made
    exactly `window_hours` ago counts no longer.
    """

    limit: int = Field(ge=0)
    window_hours: int = Field(gt=0, le=24 * 366)
    unit: Literal["contact", "attempt"] = "contact"
    scope: Literal["customer"] = "customer"


class RequiredDisclosures(ScopedRule):
    """What each message must carry."""

    items: list[Disclosure] = Field(min_length=1)


class Consent(ScopedRule):
    """The basis that contact needs.

    `opt_out`: allowed until refused. `opt_in`: a granted, unexpired consent. `relationship`: an
    existing dealing with the customer is accepted in place of consent. `yields` on an `opt_in`
    rule: a verified `relationship` rule of the customer's place may take its place.
    """

    basis: Literal["opt_out", "opt_in", "relationship"]
    yields: bool = False


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


class Applies(Strict):
    """Where a pack applies: everywhere, or wherever one of the lists names the place.

    A region's pack applies too where the customer's region is unknown in its country. A city's
    pack applies only where the city is named (spelled as in `cities`, ignoring case).
    """

    everywhere: bool = False
    countries: list[Country] = []
    regions: list[Region] = []
    cities: list[str] = []

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        named = bool(self.countries or self.regions or self.cities)
        if self.everywhere == named:
            raise ValueError("say either 'everywhere: true' or countries, regions or cities")
        return self


class PolicyPack(Strict):
    """One jurisdiction's contact rules. `version` rises with every change."""

    name: RuleName
    version: int = Field(ge=1)
    title: str = Field(min_length=3)
    applies: Applies
    hours: list[Hours] = []
    caps: list[Cap] = []
    disclosures: list[RequiredDisclosures] = []
    consent: list[Consent] = []
    steering: SteeringRules = SteeringRules()

    @model_validator(mode="after")
    def _unique_rules(self) -> Self:
        rules: list[Rule] = [*self.hours, *self.caps, *self.disclosures, *self.consent]
        rules += [*self.steering.forbidden, *self.steering.permits]
        names = [rule.rule for rule in rules]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"rule names must be unique in a pack; twice: {', '.join(twice)}")
        return self


def minutes_of(text: str) -> int:
    """Minutes since local midnight of `HH:MM` (0 to 1440); ValueError when it is no such time."""
    hours, colon, minutes = text.partition(":")
    if colon and len(hours) == len(minutes) == 2 and (hours + minutes).isdecimal():
        total = int(hours) * 60 + int(minutes)
        if int(minutes) < 60 and total <= 24 * 60:
            return total
    raise ValueError(f"{text!r} is no local time; write HH:MM between 00:00 and 24:00")
