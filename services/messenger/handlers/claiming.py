"""The final check: in one transaction with the intent, before any provider hears of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from traceback import format_tb

from schemas.commands import DispatchOrdered
from schemas.topics import OUTREACH_DISPATCHES
from services.messenger import message_store, short_link_store, store
from services.messenger.handlers.flights import leave_out, refuse
from services.messenger.handlers.intending import Intent, Ready, intend, message_id_of
from services.messenger.handlers.knowledge import Case, cases
from services.messenger.handlers.writing import Assignment, Unwritable, Writer, Written
from services.messenger.model import DispatchState, Refuse, Wait
from services.messenger.rules import check as rules
from services.messenger.rules.parts import left_out
from services.policy import gate
from services.policy.model import Pack
from services.runtime import ledger, logging
from services.runtime.context import Context
from services.runtime.database import is_passing
from services.runtime.ledger import Fenced, Ownership
from services.runtime.unit_of_work import UnitOfWork

log = logging.get(__name__)


@dataclass(slots=True)
class Claimed:
    """What became of a round of candidates.

    `waiting`: dispatches to look at again shortly. `doubtful`: one of them may have been intended
    all the same, since the answer to its commit is not known.
    """

    ready: list[Ready]
    waiting: list[str]
    doubtful: bool = False


class Claiming:
    """Takes pending dispatches. One round at a time."""

    def __init__(
        self, context: Context, writer: Writer, packs: Sequence[Pack], longest_lag: float
    ) -> None:
        """longest_lag: real seconds behind the log at which it waits; below
        `policy.sending.PROMISED_LAG`."""
        self._context = context
        self._writer = writer
        self._packs = packs
        self._longest_lag = longest_lag

    def is_fresh(self, fresh_at: datetime) -> bool:
        """Whether a lane whose newest heartbeat was written then is fresh enough to send."""
        return (self._context.clock.real() - fresh_at).total_seconds() <= self._longest_lag

    def claim(
        self, owned: Mapping[int, Ownership], candidates: Sequence[store.Candidate]
    ) -> Claimed:
        """Decide on each candidate; record and tell the intent, or the refusal.

        owned: the owned lanes. Raises Fenced if one of them is owned no more.
        """
        try:
            return self._claim(owned, candidates)
        except Fenced:
            raise
        except Exception as error:
            if is_passing(error):
                raise
            return self._claim_one_by_one(owned, candidates)

    def _claim_one_by_one(
        self, owned: Mapping[int, Ownership], candidates: Sequence[store.Candidate]
    ) -> Claimed:
        """One of them is at fault: alone, it takes no other with it."""
        claimed = Claimed([], [])
        for one in candidates:
            try:
                alone = self._claim_alone(owned, one)
            except Exception:
                if not claimed.ready:
                    raise
                # What is intended already must be handed over; the rest is looked at again.
                claimed.waiting.append(one.dispatch_id)
                claimed.doubtful = True
                continue
            claimed.ready.extend(alone.ready)
            claimed.waiting.extend(alone.waiting)
        return claimed

    def _claim_alone(self, owned: Mapping[int, Ownership], candidate: store.Candidate) -> Claimed:
        try:
            return self._claim(owned, [candidate])
        except Fenced:
            raise
        except Exception as error:
            if is_passing(error):
                raise
            # Only where it failed, never what it says: the text may quote what it choked on.
            log.error(
                "a dispatch cannot be decided and is put aside",
                dispatch=candidate.dispatch_id,
                error=type(error).__name__,
                trace=format_tb(error.__traceback__),
            )
            self._put_aside(owned, candidate)
            return Claimed([], [])

    def _put_aside(self, owned: Mapping[int, Ownership], candidate: store.Candidate) -> None:
        with self._context.unit() as work:
            lane = candidate.lane
            ledger.confirm(work.session, OUTREACH_DISPATCHES, lane, owned[lane].epoch)
            store.lock_customers(work.session, [(candidate.tenant, candidate.customer)])
            key = (candidate.tenant, candidate.dispatch_id)
            for row in store.pending(work.session, [key]):
                refuse(
                    work,
                    row,
                    DispatchOrdered.model_validate_json(row.data),
                    Refuse("fault", "fault"),
                )
                store.end_dispatches(work.session, [(*key, DispatchState.REFUSED)])

    def _claim(
        self, owned: Mapping[int, Ownership], candidates: Sequence[store.Candidate]
    ) -> Claimed:
        claimed = Claimed([], [])
        with self._context.unit() as work:
            lanes = {one.lane for one in candidates}
            ledger.confirm_all(
                work.session, OUTREACH_DISPATCHES, {lane: owned[lane].epoch for lane in lanes}
            )
            keys = [(one.tenant, one.customer) for one in candidates]
            addressees = store.lock_customers(work.session, keys, skip_locked=True)
            # Positions first: what is read after them can only be newer than they say.
            positions = work.positions()
            work.now = self._context.clock.now()
            rows = store.pending(
                work.session,
                [
                    (one.tenant, one.dispatch_id)
                    for one in candidates
                    if (one.tenant, one.customer) in addressees
                ],
            )
            epochs = {lane: own.epoch for lane, own in owned.items()}
            ends: list[tuple[str, str, DispatchState]] = []
            intents: list[Intent] = []
            for case in cases(
                self._context,
                work,
                rows,
                addressees,
                positions,
                epochs,
                gate.longest_window(self._packs),
            ):
                taken = self._take(work, case)
                if isinstance(taken, Wait):
                    claimed.waiting.append(case.row.dispatch_id)
                    continue
                state = DispatchState.INTENDED if taken else DispatchState.REFUSED
                ends.append((case.row.tenant, case.row.dispatch_id, state))
                if taken:
                    claimed.ready.append(taken.ready)
                    intents.append(taken)
            message_store.add(work.session, [one.row for one in intents])
            short_link_store.add(work.session, [row for one in intents for row in one.short_links])
            store.end_dispatches(work.session, ends)
            seen = {row.dispatch_id for row in rows}
        claimed.waiting.extend(one.dispatch_id for one in candidates if one.dispatch_id not in seen)
        return claimed

    def _take(self, work: UnitOfWork, case: Case) -> Intent | Wait | None:
        left = left_out(
            case.order, case.parts, case.customer, case.obligations, self._packs, work.now
        )
        whole, case = case, case.less(left)
        hold = rules.held(case.order, case.customer, self._packs, work.now)
        if hold is not None and not hold.silent:
            case = case.gentler()
        decision = rules.check(
            case.order,
            case.customer,
            case.obligations,
            self._packs,
            case.lag,
            self._longest_lag,
            work.now,
        )
        if isinstance(decision, Wait):
            return decision
        for part in whole.parts:
            if part.step_id in left:
                leave_out(work, case.row, part, left[part.step_id])
        written = decision if isinstance(decision, Refuse) else self._write(work, case)
        if isinstance(written, Refuse):
            refuse(work, case.row, case.dispatch, written)
            return None
        return intend(work, case, written, self._packs)

    def _write(self, work: UnitOfWork, case: Case) -> Written | Refuse:
        required = rules.required_disclosures(case.order, case.customer, self._packs, work.now)
        try:
            written = self._writer.write(
                Assignment(
                    message_id_of(case.row),
                    case.row.tenant,
                    case.dispatch,
                    case.addressee,
                    case.obligations,
                    work.now,
                    required,
                    rules.withheld(case.order, case.customer, self._packs, work.now),
                )
            )
        except Unwritable as error:
            return Refuse(
                str(error),
                "content",
                retryable=error.not_before is not None,
                not_before=error.not_before,
            )
        return rules.missing_disclosures(required, written.disclosures) or written
