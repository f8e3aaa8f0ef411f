"""Promises that are not kept: told once their grace is over, and never while someone cares."""

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from schemas.envelope import Envelope
from schemas.facts import AgreementBroken, AgreementDue
from services.negotiator import account_store, store
from services.negotiator.handlers import offers
from services.negotiator.handlers.deciding import Deciding
from services.negotiator.handlers.translate import instalments
from services.negotiator.handlers.translate import zone as first_zone
from services.negotiator.model import AgreementStatus, Bill, DueNext, HandoffReason
from services.negotiator.rules import promises
from services.negotiator.rules.agreements import progress
from services.negotiator.rules.offers import is_held
from services.negotiator.settings import NegotiatorSettings
from services.negotiator.tables import AgreementRow, CaseRow, CustomerRow, InvitationRow
from services.runtime.context import Context
from services.runtime.unit_of_work import UnitOfWork

BATCH = 100
CARED_FOR = (HandoffReason.DISPUTE, HandoffReason.HARDSHIP)


@dataclass(frozen=True, slots=True)
class Promises:
    """How long a promise is waited for, and how much of it is enough."""

    tolerance_percent: int
    grace: timedelta

    @classmethod
    def of(cls, settings: NegotiatorSettings) -> "Promises":
        """As the settings say."""
        grace = timedelta(days=settings.promise_grace_days)
        return cls(settings.promise_tolerance_percent, grace)

    def grace_of(self, row: AgreementRow) -> timedelta:
        """How long after a due date this agreement is waited for: as its creditor says, if so."""
        return self.grace if row.grace_days is None else timedelta(days=row.grace_days)

    def days_of(self, row: AgreementRow) -> int:
        """The same in days."""
        return self.grace_of(row).days

    def due_next(self, row: AgreementRow) -> DueNext | None:
        """What the agreement asks for next."""
        parts = instalments(row.instalments)
        reached = progress(parts, row.paid_minor, self.tolerance_percent)
        return promises.due_next(parts, reached, row.paid_minor)

    def watch(self, row: AgreementRow) -> None:
        """Set when the agreement is looked at next; its row is locked."""
        due = self.due_next(row) if row.status == AgreementStatus.ACTIVE else None
        row.look_at = promises.first_look(due.due_date, self.grace_of(row)) if due else None

    def judge(
        self, work: UnitOfWork, decide: Deciding, row: AgreementRow, bill: Bill, cause: Envelope
    ) -> None:
        """Tell that the promise is broken, unless it is kept, cared for, or not over there.

        A new start lies ready at once, the gentlest plan first. Customer and bill are locked.
        """
        due = self.due_next(row)
        if row.status != AgreementStatus.ACTIVE or due is None:
            row.look_at = None
            return
        case = store.case_by_id(work.session, row.case_id)
        zone = place_of(work, case, bill) if case else first_zone(bill.due_timezone)
        moment = promises.over(due.due_date, self.grace_of(row), zone)
        if work.now < moment:
            row.look_at = moment
        elif self._is_cared_for(work, row):
            row.look_at = work.now + promises.LOOKS_AGAIN
        else:
            row.look_at, row.status = None, AgreementStatus.BROKEN
            _tell_broken(work, row, due, cause)
            if case is not None and bill.is_owed:
                offers.prepare(work, decide, case, bill, zone, gentle=True)

    def _is_cared_for(self, work: UnitOfWork, row: AgreementRow) -> bool:
        """Whether a person or a hold has to do with it, or a payment is on its way."""
        session, who = work.session, (row.tenant, row.customer)
        about = row.obligation_id
        return (
            any(about in store.obligations_awaiting(session, *who, one) for one in CARED_FOR)
            or is_held(store.find_holds(session, *who), about, work.now, allowed=frozenset())
            or account_store.is_payment_pending(
                session, row.tenant, about, work.now - self.grace_of(row)
            )
        )


class Watching:
    """The timer that finds promises whose grace may be over.

    It only says so in the log. The judgement follows when that is read back: then every payment
    told before is known, however far behind this service was.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def __call__(self) -> bool:
        """Ask for one batch of judgements; True if it was full, so that more may wait."""
        with self._context.unit() as work:
            rows = store.agreements_to_look_at(work.session, work.now, BATCH)
            for row in rows:
                assert row.look_at is not None
                work.fact(
                    AgreementDue.TYPE,
                    AgreementDue(
                        agreement_id=row.agreement_id,
                        case_id=row.case_id,
                        obligation_id=row.obligation_id,
                    ),
                    subject=row.customer,
                    tenant=row.tenant,
                    key=(row.agreement_id, row.look_at.isoformat()),
                )
                # Asked again, should the answer get lost; nothing else is decided here.
                row.look_at = work.now + promises.LOOKS_AGAIN
        return len(rows) >= BATCH


def place_of(work: UnitOfWork, case: CaseRow, bill: Bill) -> ZoneInfo:
    """Whose days count: the customer's, else where the message thought them, else the bill's."""
    customer = work.session.get(CustomerRow, (case.tenant, case.customer))
    invitation = work.session.get(InvitationRow, case.message_id)
    return first_zone(
        customer.timezone if customer else None,
        invitation.timezone if invitation else None,
        bill.due_timezone,
    )


def _tell_broken(work: UnitOfWork, row: AgreementRow, due: DueNext, cause: Envelope) -> None:
    work.fact(
        AgreementBroken.TYPE,
        AgreementBroken(
            agreement_id=row.agreement_id,
            case_id=row.case_id,
            obligation_id=row.obligation_id,
            instalment=due.instalment,
            short_minor=due.short_minor,
        ),
        subject=row.customer,
        tenant=row.tenant,
        cause=cause,
        key=(row.agreement_id, cause.id),
    )
