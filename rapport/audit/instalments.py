"""Messages that care for an agreement: no reminder of what is paid, no thanks for what is not."""

from collections import defaultdict
from collections.abc import Iterable

from rapport.audit.history import History
from rapport.audit.log import Fact
from rapport.audit.verdict import Outcome
from schemas.facts import (
    AgreementBroken,
    AgreementCompleted,
    AgreementKept,
    AgreementMade,
    AgreementReopened,
    MessageIntended,
)

Step = Fact[AgreementKept] | Fact[AgreementReopened] | Fact[AgreementCompleted]


class Promised:
    """What the log tells of each agreement, in order."""

    def __init__(self, history: History) -> None:
        log = history.log
        self.made = {fact.data.agreement_id: fact for fact in log.of(AgreementMade)}
        self.broken = {fact.data.agreement_id: fact for fact in log.of(AgreementBroken)}
        steps: list[Step] = [
            *log.of(AgreementKept),
            *log.of(AgreementReopened),
            *log.of(AgreementCompleted),
        ]
        self._steps: dict[str, list[Step]] = defaultdict(list)
        for fact in sorted(steps, key=lambda one: one.order):
            self._steps[fact.data.agreement_id].append(fact)

    def known(self, agreement_id: str, intended: Fact[MessageIntended]) -> Iterable[Step]:
        """What the messenger had applied of it; what gives money back counts as soon as told."""
        for fact in self._steps[agreement_id]:
            back = isinstance(fact.data, AgreementReopened) and fact.order < intended.order
            if back or fact.position.within(intended.data.applied_through):
                yield fact


def check(history: History, outcome: Outcome) -> None:
    """Hold each message that names an agreement against what was known of that."""
    promised = Promised(history)
    thanked: dict[str, Fact[MessageIntended]] = {}
    for intended in history.may_have_gone:
        about = intended.data.agreement
        if about is None:
            continue
        agreement_id, message = about.agreement_id, intended.data.message_id
        made = promised.made.get(agreement_id)
        if made is None or made.order > intended.order:
            what = f"message {message} is about agreement {agreement_id}, which was never made"
            outcome.violate("no-agreement", what, intended)
        elif about.instalment is not None:
            _reminder(promised, intended, agreement_id, about.instalment, outcome)
        else:
            _thanks(promised, intended, agreement_id, thanked, outcome)


def _reminder(
    promised: Promised,
    intended: Fact[MessageIntended],
    agreement_id: str,
    number: int,
    outcome: Outcome,
) -> None:
    paid: dict[int, Step] = {}
    for fact in promised.known(agreement_id, intended):
        if isinstance(fact.data, AgreementKept):
            paid[fact.data.instalment] = fact
        elif isinstance(fact.data, AgreementReopened) and fact.data.kept is not None:
            still = fact.data.kept
            paid = {one: kept for one, kept in paid.items() if one <= still}
    if (kept := paid.get(number)) is not None:
        what = f"message {intended.data.message_id} reminds of instalment {number}, which was paid"
        outcome.violate("instalment-paid", what, kept, intended)
    broken = promised.broken.get(agreement_id)
    if broken is not None and broken.position.within(intended.data.applied_through):
        what = f"message {intended.data.message_id} reminds of a plan that was over"
        outcome.violate("agreement-over", what, broken, intended)


def _thanks(
    promised: Promised,
    intended: Fact[MessageIntended],
    agreement_id: str,
    thanked: dict[str, Fact[MessageIntended]],
    outcome: Outcome,
) -> None:
    whole = None
    for fact in promised.known(agreement_id, intended):
        if isinstance(fact.data, AgreementCompleted | AgreementReopened):
            whole = fact if isinstance(fact.data, AgreementCompleted) else None
    if whole is None:
        what = f"message {intended.data.message_id} thanks for a plan that was not paid"
        outcome.violate("not-completed", what, intended)
    elif (before := thanked.get(whole.id)) is not None:
        what = f"message {intended.data.message_id} thanks a second time"
        outcome.violate("thanked-twice", what, before, intended)
    else:
        thanked[whole.id] = intended
