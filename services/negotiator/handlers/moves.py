"""Putting off the next payment of an agreement, within the rules; the sum stays the same."""

from dataclasses import dataclass
from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

from schemas.facts import AgreementChanged
from services.negotiator import store
from services.negotiator.handlers.deciding import rest_days
from services.negotiator.handlers.promises import Promises
from services.negotiator.handlers.translate import authority, instalments, stored_instalments
from services.negotiator.model import AgreementStatus, Refusal
from services.negotiator.rules import moves
from services.negotiator.rules.agreements import progress
from services.negotiator.settings import NegotiatorSettings
from services.negotiator.tables import AgreementRow, CaseRow, CustomerRow, OfferRow
from services.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Moving:
    """How far, and how often, payments may be put off."""

    promises: Promises
    days: int
    times: int

    @classmethod
    def of(cls, settings: NegotiatorSettings) -> "Moving":
        """As the settings say."""
        return cls(Promises.of(settings), settings.move_days, settings.moves)

    def reach(self, work: UnitOfWork, row: AgreementRow) -> tuple[date, date] | None:
        """First and last day to which the next payment may be put off; None where none may be."""
        offer = work.session.get(OfferRow, (row.tenant, row.customer, row.offer_id))
        if row.moves >= self.times or row.status != AgreementStatus.ACTIVE or offer is None:
            return None
        # The earlier of the dates that the day of the offer may have had anywhere.
        offered = offer.proposed_at.astimezone(UTC).date() - timedelta(days=1)
        last_day = offered + timedelta(days=authority(offer.authority).max_days)
        parts = instalments(row.instalments)
        reached = progress(parts, row.paid_minor, self.promises.tolerance_percent)
        return moves.reach(parts, reached, self.days, last_day)

    def move(self, work: UnitOfWork, case: CaseRow, to: str, zone: ZoneInfo) -> Refusal | None:
        """Put the next payment off to `to` (YYYY-MM-DD), or say why not. The customer is locked.

        The same once more, from a second click, changes nothing.
        """
        key = (case.tenant, case.obligation_id)
        store.lock_bills(work.session, [key])
        row = store.agreements_in_force(work.session, [key]).get(key)
        if row is None or row.case_id != case.case_id:
            return Refusal.UNKNOWN_OFFER
        try:
            day = date.fromisoformat(to) if len(to) == len("2026-03-02") else None
        except ValueError:
            day = None
        if day is None:
            return Refusal.MOVE_TOO_FAR
        parts = instalments(row.instalments)
        reached = progress(parts, row.paid_minor, self.promises.tolerance_percent)
        if reached.kept < len(parts) and parts[reached.kept].due_date == day:
            return None
        customer = work.session.get(CustomerRow, (case.tenant, case.customer))
        rest = rest_days(customer.country, customer.region) if customer else rest_days(None, None)
        today = work.now.astimezone(zone).date()
        found = moves.move(parts, reached, day, self.reach(work, row), today, rest)
        if isinstance(found, Refusal):
            return found
        row.instalments, row.moves = stored_instalments(found), row.moves + 1
        self.promises.watch(row)
        work.fact(
            AgreementChanged.TYPE,
            AgreementChanged.model_validate(
                {
                    "agreement_id": row.agreement_id,
                    "case_id": row.case_id,
                    "obligation_id": row.obligation_id,
                    "currency": row.currency,
                    "instalments": row.instalments,
                    "by": "customer",
                }
            ),
            subject=case.customer,
            tenant=case.tenant,
            key=(row.agreement_id, row.moves),
        )
        return None
