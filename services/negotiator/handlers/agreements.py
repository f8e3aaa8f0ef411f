"""Agreements after they are made: kept, completed, reopened, booked. Bill and row are locked."""

from schemas.envelope import Envelope
from schemas.facts import AgreementCompleted, AgreementKept, AgreementReopened
from services.negotiator import store
from services.negotiator.handlers import people
from services.negotiator.handlers.promises import Promises
from services.negotiator.handlers.translate import instalments
from services.negotiator.model import (
    AgreementStatus,
    Bill,
    HandoffReason,
    Instalment,
    ObligationStatus,
    Progress,
    RequestStatus,
)
from services.negotiator.rules import bills
from services.negotiator.rules.agreements import progress
from services.negotiator.tables import AgreementRow
from services.runtime.unit_of_work import UnitOfWork


def follow(
    work: UnitOfWork,
    promises: Promises,
    row: AgreementRow,
    event_type: str,
    old: Bill,
    new: Bill,
    cause: Envelope,
) -> None:
    """Tell what a change of the bill means for its agreement.

    What was paid is what the publisher says remains less: so one payment told twice counts once.
    """
    if new.status is ObligationStatus.CLOSED:
        row.status, row.look_at = AgreementStatus.ENDED, None
        return
    if event_type in bills.PAYMENTS:
        row.paid_minor += old.remaining_minor - new.remaining_minor
    parts = instalments(row.instalments)
    reached = progress(parts, row.paid_minor, promises.tolerance_percent)
    _tell_kept(work, row, parts, reached, cause)
    taken_back, row.kept = reached.kept < row.kept, reached.kept
    completed = reached.completed or new.status is ObligationStatus.SETTLED
    if completed and row.status == AgreementStatus.ACTIVE:
        row.status = AgreementStatus.COMPLETED
        _tell(work, row, AgreementCompleted, cause)
    elif not completed and (taken_back or row.status == AgreementStatus.COMPLETED):
        row.status = AgreementStatus.ACTIVE
        _tell(work, row, AgreementReopened, cause, kept=reached.kept)
    promises.watch(row)
    if taken_back and row.look_at is not None:
        # Nobody is late with what was paid in time: the grace begins anew.
        row.look_at = max(row.look_at, work.now + promises.grace_of(row))


def booked(work: UnitOfWork, row: AgreementRow, answer: str, cause: Envelope) -> None:
    """The publisher answered the request to book the plan; a refusal goes to a person."""
    row.booking = RequestStatus(answer)
    case = store.case_by_id(work.session, row.case_id)
    if answer == RequestStatus.REFUSED and case is not None:
        people.request(work, case, HandoffReason.PLAN_REFUSED, cause)


def _tell_kept(
    work: UnitOfWork,
    row: AgreementRow,
    parts: tuple[Instalment, ...],
    reached: Progress,
    cause: Envelope,
) -> None:
    for number in range(row.kept, reached.kept):
        due_before = sum(part.amount_minor for part in parts[:number])
        work.fact(
            AgreementKept.TYPE,
            AgreementKept(
                agreement_id=row.agreement_id,
                case_id=row.case_id,
                obligation_id=row.obligation_id,
                instalment=number + 1,
                amount_minor=min(parts[number].amount_minor, row.paid_minor - due_before),
            ),
            subject=row.customer,
            tenant=row.tenant,
            cause=cause,
            key=(row.agreement_id, number + 1, cause.id),
        )


def _tell(
    work: UnitOfWork,
    row: AgreementRow,
    kind: type[AgreementCompleted] | type[AgreementReopened],
    cause: Envelope,
    **more: int,
) -> None:
    named = {name: getattr(row, name) for name in ("agreement_id", "case_id", "obligation_id")}
    work.fact(
        kind.TYPE,
        kind.model_validate({**named, **more}),
        subject=row.customer,
        tenant=row.tenant,
        cause=cause,
        key=(row.agreement_id, cause.id),
    )
