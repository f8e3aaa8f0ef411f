"""A customer's question to a person, in their own words: kept for the desk, never on the log."""

from services.negotiator import account_store
from services.negotiator.handlers import people
from services.negotiator.model import HandoffReason, QuestionRefusal
from services.negotiator.tables import CaseRow, QuestionRow
from services.runtime.ids import derive
from services.runtime.security import Signer
from services.runtime.unit_of_work import UnitOfWork

LONGEST = 1000
MOST_WAITING = 10


def ask(work: UnitOfWork, signer: Signer, case: CaseRow, text: str) -> QuestionRefusal | None:
    """Give a question to a person, or say why not. The case's customer is locked.

    The same words once more, from a second click or tab, change nothing while nobody answered.
    """
    if not text.strip():
        return QuestionRefusal.EMPTY
    if len(text) > LONGEST:
        return QuestionRefusal.TOO_LONG
    handoff = people.request(work, case, HandoffReason.QUESTION)
    waiting = account_store.questions_of(work.session, [handoff.handoff_id])
    question_id = derive(handoff.handoff_id, signer.keyed_hash(f"question:{text}"))
    if any(row.question_id == question_id for row in waiting):
        return None
    if len(waiting) >= MOST_WAITING:
        return QuestionRefusal.TOO_MANY
    work.session.add(
        QuestionRow(
            tenant=case.tenant,
            customer=case.customer,
            question_id=question_id,
            handoff_id=handoff.handoff_id,
            text=text,
            asked_at=work.now,
        )
    )
    work.session.flush()
    return None
