"""The values the gate works on. Plain data: no I/O, no validation library."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol


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


@dataclass(frozen=True, slots=True)
class Zones:
    """Every place where the customer may be, as far as the evidence goes.

    names: IANA zones, sorted; empty when nothing is known. evidence: which facts were used.
    countries: candidate countries, sorted; region, city: as published, or None. uncertain: more
    than one zone is possible, or the only evidence is the obligation's own timezone.
    """

    names: tuple[str, ...]
    evidence: tuple[str, ...] = ()
    uncertain: bool = False
    countries: tuple[str, ...] = ()
    region: str | None = None
    city: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a pack. None in purposes or channels stands for all of them.

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

    def covers(self, purpose: str, channel: str) -> bool:
        """Whether the rule is about this purpose and channel."""
        return (self.purposes is None or purpose in self.purposes) and (
            self.channels is None or channel in self.channels
        )

    def in_force_on(self, day: date) -> bool:
        """Whether the rule is in force on this local date."""
        return (self.since is None or self.since <= day) and (
            self.until is None or day <= self.until
        )


@dataclass(frozen=True, slots=True)
class Hours(Rule):
    """Local wall time allowed: from `opens` (inclusive) until `closes` (exclusive), minutes."""

    opens: int
    closes: int


@dataclass(frozen=True, slots=True)
class Cap(Rule):
    """At most `limit` contacts in any rolling `window_hours`."""

    limit: int
    window_hours: int


@dataclass(frozen=True, slots=True)
class Disclosures(Rule):
    """What a message must carry."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Consent(Rule):
    """The basis a contact needs: opt_out, opt_in or relationship."""

    basis: str
    yields: bool


@dataclass(frozen=True, slots=True)
class Steering(Rule):
    """Attributes that may not, or may, steer treatment."""

    attributes: frozenset[str]
    yields: bool


@dataclass(frozen=True, slots=True)
class Pack:
    """One jurisdiction's rules, with the content they were read from and its SHA-256."""

    name: str
    version: int
    everywhere: bool
    countries: frozenset[str]
    regions: frozenset[str]
    cities: frozenset[str]
    hours: tuple[Hours, ...]
    caps: tuple[Cap, ...]
    disclosures: tuple[Disclosures, ...]
    consent: tuple[Consent, ...]
    forbidden: tuple[Steering, ...]
    permits: tuple[Steering, ...]
    sha256: str = ""
    content: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact that was made, is being made, or may have been made."""

    at: datetime
    purpose: str
    channel: str


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """What a customer last said about a channel and purpose (`*` stands for all)."""

    channel: str
    purpose: str
    status: str
    at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CapCount:
    """How far a cap was used when a contact was considered (that contact not counted)."""

    rule: str
    limit: int
    window_hours: int
    count: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a contact may go out, and if not, by which rule and not before when.

    reason: `hours`, `cap`, `place_unknown`, `no_policy`, `no_consent`, `opted_out`, or None when
    allowed. rule is `pack/rule`, rule_version the pack's version. not_before: the first instant
    at which hours and caps allow it as things stand; None when waiting does not help.
    """

    allowed: bool
    reason: str | None = None
    rule: str | None = None
    rule_version: int | None = None
    not_before: datetime | None = None
