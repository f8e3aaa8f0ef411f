"""The values the gate works on. Plain data: no I/O, nothing is validated here.

What is made for every contact is a struct: a frozen dataclass takes several times as long.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Protocol

import msgspec

from schemas.policy_rules import CALENDAR_HOURS

_HOUR = timedelta(hours=1)


class Place(Protocol):
    """What is known of where a customer is. Any object with these attributes will do."""

    @property
    def timezone(self) -> str | None:
        """IANA name."""

    @property
    def country(self) -> str | None:
        """ISO 3166-1 alpha-2."""

    @property
    def region(self) -> str | None:
        """ISO 3166-2."""

    @property
    def city(self) -> str | None:
        """Free spelling."""

    @property
    def phone_country(self) -> str | None:
        """ISO 3166-1 alpha-2 of the phone number's prefix."""

    @property
    def phone_zones(self) -> Sequence[str]:
        """IANA names of the zones that the phone number's prefix is used in."""

    @property
    def postal_areas(self) -> Sequence[str]:
        """Names of packs in whose area the postal code may lie."""


class Zones(msgspec.Struct, frozen=True, cache_hash=True):
    """Every place where the customer may be, as far as the evidence goes.

    names: IANA zones, sorted; empty when nothing is known. evidence: which facts were used.
    countries: candidate countries, sorted; region, city: as published, or None. areas: packs in
    whose area the postal code may lie. uncertain: more
    than one zone is possible, or the only evidence is the obligation's own timezone.
    """

    names: tuple[str, ...]
    evidence: tuple[str, ...] = ()
    uncertain: bool = False
    countries: tuple[str, ...] = ()
    region: str | None = None
    city: str | None = None
    areas: tuple[str, ...] = ()


class Approach(msgspec.Struct, frozen=True):
    """A contact that is considered: what for, by which channel, in which role, about what.

    roles: those of all who act, `creditor` or `collector`; a rule for either of them counts.
    obligation_ids: empty where it is about none. holds: kinds of the customer's and the
    obligations' holds in force. answers: it answers the customer in their talk with a person.
    """

    purpose: str
    channel: str
    roles: frozenset[str] = frozenset({"creditor"})
    obligation_ids: tuple[str, ...] = ()
    holds: frozenset[str] = frozenset()
    answers: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a pack. None in purposes, channels or roles stands for all of them.

    loosens: whether it may permit something (verified, and not a mere draft).
    """

    name: str
    citation: str
    status: str
    loosens: bool
    since: date | None
    until: date | None
    purposes: frozenset[str] | None
    channels: frozenset[str] | None
    roles: frozenset[str] | None

    def covers(self, approach: Approach) -> bool:
        """Whether the rule is about such a contact."""
        return (
            (self.purposes is None or approach.purpose in self.purposes)
            and (self.channels is None or approach.channel in self.channels)
            and (self.roles is None or not self.roles.isdisjoint(approach.roles))
        )

    def in_force_on(self, day: date) -> bool:
        """Whether the rule is in force on this local date."""
        return (self.since is None or self.since <= day) and (
            self.until is None or day <= self.until
        )


@dataclass(frozen=True, slots=True)
class Hours(Rule):
    """Local wall time allowed: from `opens` (inclusive) until `closes` (exclusive), minutes.

    Both 0: no contact on its days. weekdays: those it is about, Monday 0; None for all.
    on_holidays: True, it is about public holidays only; False, about other days only; None, both.
    """

    opens: int
    closes: int
    weekdays: frozenset[int] | None = None
    on_holidays: bool | None = None

    @property
    def daily(self) -> bool:
        """Whether it is about each day alike."""
        return self.weekdays is None and self.on_holidays is None


@dataclass(frozen=True, slots=True)
class Cap(Rule):
    """At most `limit` in a rolling `window`, or in a local `calendar` day, week or month.

    window: of a calendar's unit, its longest. unit: `contact` or `attempt`. scope: `customer`,
    `obligation`, `account` or `number`. counts: by whom, `machine` or `people`. gap: it is a
    minimum distance, which is a cap of one on contacts for whatever purpose. spares_answers: it
    does not bind what answers a customer.
    """

    limit: int
    window: timedelta
    calendar: str | None = None
    unit: str = "contact"
    scope: str = "customer"
    counts: frozenset[str] = frozenset({"machine", "people"})
    gap: bool = False
    spares_answers: bool = False

    def covers(self, approach: Approach) -> bool:
        """Whether the rule is about such a contact."""
        return not (self.spares_answers and approach.answers) and Rule.covers(self, approach)

    @property
    def window_hours(self) -> int:
        """The rolling window in hours; of a calendar's unit, its longest without clock changes."""
        return CALENDAR_HOURS[self.calendar] if self.calendar else self.window // _HOUR


@dataclass(frozen=True, slots=True)
class Disclosures(Rule):
    """What a message must carry; where `holds` are named, only under one of them."""

    items: tuple[str, ...]
    holds: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Consent(Rule):
    """The basis a contact needs: opt_out, opt_in or relationship."""

    basis: str
    yields: bool


@dataclass(frozen=True, slots=True)
class RightParty(Rule):
    """Whether a debt may be told of in `where` (subject, body) before it is sure who reads.

    discloses_debt: `never`, `after_confirmation` or `allowed`.
    """

    discloses_debt: str
    where: frozenset[str]


@dataclass(frozen=True, slots=True)
class StopWords(Rule):
    """Words, case folded, by which alone a reply opts out. confirm: channels by which one text
    says that it was heard.
    """

    words: frozenset[str]
    confirm: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ProhibitedWording(Rule):
    """What no text may match, and why. languages: BCP 47 primary subtags; None for every one."""

    patterns: tuple[re.Pattern[str], ...]
    why: str
    languages: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Steering(Rule):
    """Attributes that may not, or may, steer treatment."""

    attributes: frozenset[str]
    yields: bool


@dataclass(frozen=True, slots=True)
class HoldRule(Rule):
    """What holds of these kinds do to a contact.

    effect: `gentler`, `person_only`, `redirect` (to: whom) or `stop`. of_person: it is about the
    person even where one obligation is named. stays: how long, where no end was given. resumes:
    what was planned goes on after it. by_operator: only an operator lifts it.
    """

    kinds: frozenset[str]
    effect: str
    to: str | None
    of_person: bool
    stays: timedelta | None
    resumes: bool
    by_operator: bool


@dataclass(frozen=True, slots=True)
class NoticeRule(Rule):
    """A statutory notice that the publisher must have sent before."""

    notice: str


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """One jurisdiction's rules, with the content they were read from and its SHA-256.

    Two packs are the same only if they are one object: they serve as keys of caches. calendar:
    whose public holidays count, country and subdivision.
    """

    name: str
    version: int
    everywhere: bool
    countries: frozenset[str]
    regions: frozenset[str]
    cities: frozenset[str]
    postal_country: str | None
    postal_codes: tuple[str, ...]
    calendar: tuple[str, str | None] | None
    hours: tuple[Hours, ...]
    caps: tuple[Cap, ...]
    disclosures: tuple[Disclosures, ...]
    consent: tuple[Consent, ...]
    right_party: tuple[RightParty, ...]
    stop_words: tuple[StopWords, ...]
    prohibited_wording: tuple[ProhibitedWording, ...]
    forbidden: tuple[Steering, ...]
    permits: tuple[Steering, ...]
    holds: tuple[HoldRule, ...] = ()
    notices: tuple[NoticeRule, ...] = ()
    sha256: str = ""
    content: Mapping[str, Any] = field(default_factory=dict)


ANY = "*"
"""A contact's purpose or channel that is not known: it counts for each."""


class Contact(msgspec.Struct, frozen=True):
    """One contact that was made, is being made, or may have been made.

    obligation_ids: what it was about; empty, not known, counts for each. reached: whether it
    reached the person, as a message does; else it was an attempt. by: `machine`, or `people` of
    the publisher's. other_party: it was made with another who is party to the obligation.
    """

    at: datetime
    purpose: str
    channel: str
    obligation_ids: tuple[str, ...] = ()
    reached: bool = True
    by: str = "machine"
    other_party: bool = False


class ConsentRecord(msgspec.Struct, frozen=True):
    """What a customer last said about a channel and purpose (`*` stands for all)."""

    channel: str
    purpose: str
    status: str
    at: datetime
    expires_at: datetime | None = None


class CapCount(msgspec.Struct, frozen=True):
    """How far a cap was used when a contact was considered (that contact not counted).

    window_hours: of a calendar's unit, its longest.
    """

    rule: str
    limit: int
    window_hours: int
    count: int
    unit: str = "contact"
    scope: str = "customer"
    calendar: str | None = None


class Verdict(msgspec.Struct, frozen=True):
    """Whether a contact may go out, and if not, by which rule and not before when.

    reason: `hours`, `cap`, `gap`, `place_unknown`, `no_policy`, `no_consent`, `opted_out`,
    `right_party`, `steering`, or None when
    allowed. rule is `pack/rule`, rule_version the pack's version. not_before: the first instant
    at which hours and caps allow it as things stand; None when waiting does not help.
    """

    allowed: bool
    reason: str | None = None
    rule: str | None = None
    rule_version: int | None = None
    not_before: datetime | None = None
