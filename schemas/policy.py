"""The contract of a policy pack: the contact rules of one jurisdiction, as one YAML file.

A pack only says what is asked there. Packs combine: every pack that applies at a customer's place
must allow a contact, so the strictest wins (design section 5, promise 4). A rule that is not
verified, or only a draft, can make things stricter and never looser: it may forbid, but it can
neither permit an attribute to steer nor accept a relationship in place of consent.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Self

import holidays
from pydantic import Field, model_validator

from schemas.policy_holds import HoldRule, NoticeRule
from schemas.policy_rules import (
    Cap,
    Closed,
    Consent,
    Gap,
    Hours,
    ProhibitedWording,
    RequiredDisclosures,
    RightParty,
    Rule,
    RuleName,
    SteeringRules,
    StopWords,
    Strict,
)

Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Region = Annotated[str, Field(pattern=r"^[A-Z]{2}-[A-Z0-9]{1,3}$")]
PostalPrefix = Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9 -]{0,9}$")]


class Applies(Strict):
    """Where a pack applies: everywhere, or wherever one of the lists names the place.

    A region's pack applies too where the customer's region is unknown in its country. A city's
    pack applies only where the city is named (spelled as in `cities`, ignoring case) or the
    postal code begins like one of `postal_codes`, which are those of `postal_country`.
    """

    everywhere: bool = False
    countries: tuple[Country, ...] = ()
    regions: tuple[Region, ...] = ()
    cities: tuple[str, ...] = ()
    postal_country: Country | None = None
    postal_codes: tuple[PostalPrefix, ...] = ()

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        named = bool(self.countries or self.regions or self.cities or self.postal_codes)
        if self.everywhere == named:
            raise ValueError(
                "say either 'everywhere: true' or countries, regions, cities or postal_codes"
            )
        if bool(self.postal_codes) != (self.postal_country is not None):
            raise ValueError("'postal_codes' and 'postal_country' go together")
        return self


class HolidayCalendar(Strict):
    """Whose public holidays count: a country's, or one of its subdivisions' (ISO 3166-2 part).

    As the `holidays` library lists them.
    """

    country: Country
    subdivision: str | None = None

    @model_validator(mode="after")
    def _listed(self) -> Self:
        try:
            holidays.country_holidays(self.country, subdiv=self.subdivision)
        except NotImplementedError as error:
            raise ValueError(f"no public holidays are listed there: {error}") from None
        return self


class PolicyPack(Strict):
    """One jurisdiction's contact rules. `version` rises with every change.

    holidays: the calendar that its hours go by.
    """

    name: RuleName
    version: int = Field(ge=1)
    title: str = Field(min_length=3)
    applies: Applies
    holidays: HolidayCalendar | None = None
    hours: tuple[Hours, ...] = ()
    closed: tuple[Closed, ...] = ()
    caps: tuple[Cap, ...] = ()
    gaps: tuple[Gap, ...] = ()
    disclosures: tuple[RequiredDisclosures, ...] = ()
    consent: tuple[Consent, ...] = ()
    right_party: tuple[RightParty, ...] = ()
    stop_words: tuple[StopWords, ...] = ()
    prohibited_wording: tuple[ProhibitedWording, ...] = ()
    steering: SteeringRules = SteeringRules()
    holds: tuple[HoldRule, ...] = ()
    notices: tuple[NoticeRule, ...] = ()

    def sections(self) -> Iterator[tuple[tuple[str, ...], Sequence[Rule]]]:
        """The rules of the pack by section: where in the file they stand."""
        yield ("hours",), self.hours
        yield ("closed",), self.closed
        yield ("caps",), self.caps
        yield ("gaps",), self.gaps
        yield ("disclosures",), self.disclosures
        yield ("consent",), self.consent
        yield ("right_party",), self.right_party
        yield ("stop_words",), self.stop_words
        yield ("prohibited_wording",), self.prohibited_wording
        yield ("steering", "forbidden"), self.steering.forbidden
        yield ("steering", "permits"), self.steering.permits
        yield ("holds",), self.holds
        yield ("notices",), self.notices

    def rules(self) -> Iterator[Rule]:
        """Every rule of the pack."""
        for _, rules in self.sections():
            yield from rules

    @model_validator(mode="after")
    def _unique_rules(self) -> Self:
        names = [rule.rule for rule in self.rules()]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"rule names must be unique in a pack; twice: {', '.join(twice)}")
        return self

    @model_validator(mode="after")
    def _a_calendar_for_holidays(self) -> Self:
        if self.holidays is None and any(
            rule.holidays != "any" for rule in (*self.hours, *self.closed)
        ):
            raise ValueError("rules about holidays need 'holidays', the calendar they go by")
        return self
