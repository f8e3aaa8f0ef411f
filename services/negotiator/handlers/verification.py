"""The two answers at the door of the portal."""

from collections.abc import Mapping
from datetime import timedelta
from enum import Enum, auto

from services.negotiator import store
from services.negotiator.handlers import identity, people
from services.negotiator.handlers.answers import matches
from services.negotiator.handlers.visits import Visit
from services.negotiator.model import Evidence, HandoffReason, Tries
from services.negotiator.rules import verification as rules
from services.negotiator.tables import AttemptRow, CaseRow, CustomerRow, SessionRow
from services.runtime.ids import fresh
from services.runtime.security import Signer
from services.runtime.unit_of_work import UnitOfWork


class Outcome(Enum):
    """What came of two answers, where no session did."""

    WRONG = auto()
    LOCKED = auto()
    NO_EVIDENCE = auto()
    BLOCKED = auto()


def answer(
    work: UnitOfWork,
    signer: Signer,
    visit: Visit,
    case: CaseRow,
    answers: Mapping[str, str],
    lasts: timedelta,
) -> SessionRow | Outcome:
    """Compare the answers; a session that lasts `lasts` if both are right, else why not.

    The customer is locked, so that answers sent side by side count one after the other.
    """
    customer = visit.customer
    if visit.is_shut:
        return Outcome.BLOCKED
    tries = Tries(customer.wrong_tries, customer.locked_until)
    if rules.is_locked(tries, work.now):
        return Outcome.LOCKED
    evidence = store.find_evidence(work.session, customer.tenant, customer.customer)
    asked = rules.questions(evidence)
    if asked is None:
        people.request(work, case, HandoffReason.NO_EVIDENCE)
        return Outcome.NO_EVIDENCE
    right = rules.all_right(matches(signer, evidence, asked, answers), asked)
    work.session.add(
        AttemptRow(
            tenant=case.tenant,
            customer=case.customer,
            case_id=case.case_id,
            at=work.now,
            right=right,
        )
    )
    after = rules.after_answer(tries, right, work.now)
    customer.wrong_tries, customer.locked_until = after.wrong, after.locked_until
    if right:
        return _admit(work, customer, case, lasts)
    if rules.is_locked(after, work.now):
        people.request(work, case, HandoffReason.LOCKED)
        return Outcome.LOCKED
    return Outcome.WRONG


def questions(work: UnitOfWork, visit: Visit) -> tuple[Evidence, Evidence] | None:
    """What this visitor is asked; None where no two facts suffice."""
    row = visit.customer
    return rules.questions(store.find_evidence(work.session, row.tenant, row.customer))


def not_me(work: UnitOfWork, visit: Visit, case: CaseRow) -> None:
    """The visitor is someone else: close every visit, show nothing, let a person look."""
    handoff = people.request(work, case, HandoffReason.WRONG_PERSON)
    identity.deny(work, visit.customer, "portal", handoff.handoff_id)


def _admit(work: UnitOfWork, customer: CustomerRow, case: CaseRow, lasts: timedelta) -> SessionRow:
    session = SessionRow(
        session_id=fresh(),
        tenant=case.tenant,
        customer=case.customer,
        case_id=case.case_id,
        created_at=work.now,
        expires_at=work.now + lasts,
    )
    work.session.add(session)
    identity.admitted(work, customer, session.session_id, case.message_id)
    return session
