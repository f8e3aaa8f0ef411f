"""Within which limits a case's terms are judged: authority, matrix, place, what was stated."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays

from services.negotiator import store
from services.negotiator.authorities import Authorities, load
from services.negotiator.handlers.translate import authority
from services.negotiator.model import Authority, Bill
from services.negotiator.model.terms import (
    NOTHING_STATED,
    Cell,
    Circumstances,
    Matrix,
    RestDay,
    Role,
    Scored,
    Stated,
)
from services.negotiator.rules import authority as rules
from services.negotiator.rules import plans
from services.negotiator.rules.schedules import weekend
from services.negotiator.settings import NegotiatorSettings
from services.negotiator.tables import AffordabilityRow, CaseRow, CustomerRow, EnrolmentRow
from services.runtime.security import Signer
from services.runtime.unit_of_work import UnitOfWork

_LOADING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Judged:
    """All that terms about one bill are judged by, at one instant."""

    currency: str
    cap: Authority
    given: Circumstances
    zone: ZoneInfo
    role: Role
    bucket: str
    matrix: Matrix | None
    cell: Cell | None

    def reference(self, scored: Scored) -> dict[str, Any] | None:
        """What is told and kept of the judgement; None where no matrix narrowed it."""
        if self.matrix is None or self.cell is None:
            return None
        return {
            "name": self.matrix.name,
            "version": self.matrix.version,
            "cell": self.cell.name,
            "role": self.role.value,
            "bucket": self.bucket,
            "npv_minor": scored.npv_minor,
            "expected_minor": scored.expected_minor,
        }

    @property
    def saying_more_helps(self) -> bool:
        """Whether more could be agreed if the customer said what they can manage."""
        if self.cell is None or self.role is not Role.EVERYONE:
            return False
        return Role.NEED in self.cell.limits


@dataclass(frozen=True, slots=True)
class Deciding:
    """What decides on terms in this installation; shared between threads."""

    signer: Signer
    authorities: Authorities
    rounds: int

    @classmethod
    def of(cls, signer: Signer, settings: NegotiatorSettings) -> "Deciding":
        """As the settings say. Raises AuthorityFaults."""
        return cls(signer, load(settings.authorities_dir), settings.proposal_rounds)

    def judge(
        self,
        work: UnitOfWork,
        case: CaseRow,
        bill: Bill,
        zone: ZoneInfo,
        role: Role | None = None,
    ) -> Judged | None:
        """The limits for this case now; None where nothing may be offered without a person.

        `role`: whose limits; without it the customer's, by what they have said.
        """
        enrolment = store.find_enrolment(
            work.session, case.tenant, case.customer, case.enrolment_id
        )
        if enrolment is None or enrolment.authority is None or bill.currency is None:
            return None
        customer = work.session.get(CustomerRow, (case.tenant, case.customer))
        stated = stated_by(work, case, bill.currency)
        role = role or (Role.NEED if stated.need else Role.EVERYONE)
        return self._judged(work, bill, bill.currency, enrolment, customer, zone, role, stated)

    def _judged(
        self,
        work: UnitOfWork,
        bill: Bill,
        currency: str,
        enrolment: EnrolmentRow,
        customer: CustomerRow | None,
        zone: ZoneInfo,
        role: Role,
        stated: Stated,
    ) -> Judged:
        assert enrolment.authority is not None
        cap = authority(enrolment.authority)
        matrix = self.authorities.of(enrolment.tenant, bill.creditor)
        bucket = rules.bucket(bill.due_date, work.now.astimezone(zone).date())
        balance = bill.remaining_minor
        cell = (
            rules.cell_for(matrix, enrolment.segment, bucket, balance, currency) if matrix else None
        )
        bounds = rules.bounds(cap, balance, currency, matrix, cell, role)
        rest = rest_days(customer.country, customer.region) if customer else weekend
        given = plans.circumstances(bounds, work.now, zone, rest, stated)
        return Judged(currency, cap, given, zone, role, bucket, matrix, cell)


def stated_by(work: UnitOfWork, case: CaseRow, currency: str) -> Stated:
    """What the customer has said they can manage about this bill, in its currency."""
    key = (case.tenant, case.customer, case.obligation_id)
    row = work.session.get(AffordabilityRow, key)
    if row is None or row.currency != currency:
        return NOTHING_STATED
    return Stated(True, row.monthly_minor, row.payday)


@lru_cache(maxsize=512)
def rest_days(country: str | None, region: str | None) -> RestDay:
    """The weekends and public holidays of a place; Saturdays and Sundays where it is not known."""
    calendar = _calendar(country, region)
    if calendar is None:
        return weekend

    @lru_cache(maxsize=4096)
    def rests(day: date) -> bool:
        # The library learns a year when it is first asked of it: one thread at a time.
        with _LOADING:
            return not calendar.is_working_day(day)

    return rests


def _calendar(country: str | None, region: str | None) -> holidays.HolidayBase | None:
    known: Mapping[str, list[str]] = holidays.list_supported_countries()
    if country is None or country not in known:
        return None
    part = (region or "").partition("-")[2]
    return holidays.country_holidays(country, subdiv=part if part in known[country] else None)
