"""The two answers at the door of the portal."""

from collections.abc import Mapping
from datetime import timedelta
from enum import Enum, auto

from schemas.facts import ContactRightParty
from services.negotiator import store
from services.negotiator.handlers import people
from services.negotiator.handlers.answers import matches
from services.negotiator.handlers.visits import Visit
from services.negotiator.model import Evidence, HandoffReason, Tries
from services.negotiator.rules import verification as rules
from services.negotiator.tables import AttemptRow, CaseRow, SessionRow
from services.runtime.ids import derive, fresh
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
    if HandoffReason.WRONG_PERSON in store.unresolved_reasons(work.session, case.case_id):
        return Outcome.BLOCKED
    customer = visit.customer
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
        return _admit(work, case, lasts)
    if rules.is_locked(after, work.now):
        people.request(work, case, HandoffReason.LOCKED)
        return Outcome.LOCKED
    return Outcome.WRONG


def questions(work: UnitOfWork, visit: Visit) -> tuple[Evidence, Evidence] | None:
    """What this visitor is asked; None where no two facts suffice."""
    row = visit.customer
    return rules.questions(store.find_evidence(work.session, row.tenant, row.customer))


def not_me(work: UnitOfWork, case: CaseRow) -> None:
    """The visitor is someone else: close every visit, show nothing, let a person look."""
    store.end_sessions(work.session, case.case_id)
    handoff = people.request(work, case, HandoffReason.WRONG_PERSON)
    _tell_right_party(work, case, False, handoff.handoff_id)


def _admit(work: UnitOfWork, case: CaseRow, lasts: timedelta) -> SessionRow:
    session = SessionRow(
        session_id=fresh(),
        tenant=case.tenant,
        customer=case.customer,
        case_id=case.case_id,
        created_at=work.now,
        expires_at=work.now + lasts,
    )
    work.session.add(session)
    _tell_right_party(work, case, True, session.session_id)
    return session


def _tell_right_party(work: UnitOfWork, case: CaseRow, confirmed: bool, because: str) -> None:
    work.fact(
        ContactRightParty.TYPE,
        ContactRightParty(confirmed=confirmed, channel="email", via="portal"),
        subject=case.customer,
        tenant=case.tenant,
        key=(derive(case.case_id, because),),
    )
