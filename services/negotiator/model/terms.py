"""What authority, economics and proposals are about. Money is in the currency's minor unit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.negotiator.model import Plan

WHOLE = 10_000
"""Basis points of the whole."""

RestDay = Callable[[date], bool]
"""Whether nobody does business on that day."""


class Role(StrEnum):
    """Who decides, each going at least as far as the one before."""

    EVERYONE = "everyone"
    NEED = "need"
    AGENT = "agent"
    SUPERVISOR = "supervisor"


class Every(StrEnum):
    """How often a plan is paid."""

    ONCE = "once"
    WEEK = "week"
    FORTNIGHT = "fortnight"
    MONTH = "month"


class Breach(StrEnum):
    """How terms go beyond what may be agreed."""

    DISCOUNT = "discount"
    INSTALMENTS = "instalments"
    LEAST_INSTALMENT = "least_instalment"
    TOO_LONG = "too_long"
    STARTS_LATE = "starts_late"
    PRESENT_VALUE = "present_value"


class WishRefusal(StrEnum):
    """Why what was sent is no proposal; nothing changes then."""

    UNREADABLE = "unreadable_wish"
    AMOUNT = "wish_amount"
    DATE = "wish_date"
    COUNT = "wish_count"
    CURRENCY = "wish_currency"


class DeskRefusal(StrEnum):
    """Why a person's offer does not go out."""

    BEYOND_AUTHORITY = "beyond_authority"
    OWN_OFFER = "own_offer"


@dataclass(frozen=True, slots=True)
class Limits:
    """How far one who decides may go. `min_instalment_minor` by currency."""

    max_discount_bp: int
    max_instalments: int
    max_days: int
    min_instalment_minor: Mapping[str, int]
    min_npv_bp: int


@dataclass(frozen=True, slots=True)
class Economics:
    """Who pays for a concession, and what money is worth later; see `schemas.authority`."""

    funded_by: str
    commission_bp: int
    give_up_bp: int
    floor_bp: int
    yearly_rate_bp: int
    lost_bp_a_month: int


@dataclass(frozen=True, slots=True)
class Cell:
    """The limits of some debts; None in `segments` or `buckets`: all, in a bound: none."""

    name: str
    segments: frozenset[str] | None
    buckets: frozenset[str] | None
    at_least: Mapping[str, int] | None
    below: Mapping[str, int] | None
    grace_days: int
    limits: Mapping[Role, Limits]


@dataclass(frozen=True, slots=True)
class Matrix:
    """A creditor's authority by segment, bucket and balance."""

    name: str
    version: int
    economics: Economics
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What terms about one balance must keep to, all of it in that balance's currency.

    `grace_days`: None where no matrix says it. `max_days` counts from the customer's day, and so
    do the days of the present value at `yearly_rate_bp`.
    """

    balance_minor: int
    max_discount_minor: int
    max_instalments: int
    min_instalment_minor: int
    max_days: int
    min_npv_minor: int
    yearly_rate_bp: int
    lost_bp_a_month: int
    grace_days: int | None


@dataclass(frozen=True, slots=True)
class Stated:
    """What a customer has said about what they can manage: it moves a concession, nothing else.

    `monthly_minor`: what is left for this in a month. `payday`: day of the month.
    """

    need: bool = False
    monthly_minor: int | None = None
    payday: int | None = None


NOTHING_STATED = Stated()


@dataclass(frozen=True, slots=True)
class Circumstances:
    """All that decides on terms: the same ones give the same offers.

    `today` is the customer's day, `last_day` the last one on which a payment may be due.
    """

    bounds: Bounds
    today: date
    last_day: date
    rest: RestDay
    stated: Stated = NOTHING_STATED


@dataclass(frozen=True, slots=True)
class Wish:
    """What a customer proposes, each part of it if they said so."""

    every: Every
    each_minor: int | None = None
    count: int | None = None
    total_minor: int | None = None
    first: date | None = None
    payday: int | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """A plan and what it is worth: present value, and what of it is expected to come in."""

    plan: Plan
    npv_minor: int
    expected_minor: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """The proposal is within what may be agreed."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class Countered:
    """The nearest plans that may be agreed, nearest first.

    `may_ask`: saying what one can manage may change the answer.
    """

    wished: Plan
    breaches: tuple[Breach, ...]
    plans: tuple[Plan, ...]
    may_ask: bool


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A person answers; the talk with the machine is over."""

    wished: Plan
    breaches: tuple[Breach, ...]


Answer = Accepted | Countered | HandedOver
