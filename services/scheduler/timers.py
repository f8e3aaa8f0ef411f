"""What the scheduler does of itself: claims due steps, and tells which packs are in force."""

from collections import Counter
from collections.abc import Sequence
from traceback import format_tb
from typing import get_args

from sqlmodel import Session

from schemas.facts import PolicyInForce, PolicyRefused, SendingScope
from services.policy.model import Pack
from services.policy.packs import PolicyFaults
from services.policy.standing import PacksInForce
from services.runtime import logging
from services.runtime.context import Context
from services.runtime.database import is_passing
from services.scheduler import metrics, sending_store
from services.scheduler.evidence import Evidence, Finding, Sure
from services.scheduler.handlers import Handlers
from services.scheduler.model import Key

log = logging.get(__name__)


class Claiming:
    """The timer that claims due steps; safe beside any number of others, in any process.

    It claims for every lane: what it decides is published by the lane's owner.

    announce: tells which packs are in force, before the first decision rests on them. evidence:
    how sure it is that no payment is missing; None: always, as where events are read elsewhere.
    """

    def __init__(
        self,
        context: Context,
        handlers: Handlers,
        announce: "Announcing",
        batch: int,
        evidence: Evidence | None = None,
    ) -> None:
        self._evidence = evidence
        self._context = context
        self._handlers = handlers
        self._announce = announce
        self._batch = batch

    def __call__(self) -> bool:
        """Claim one batch; True if it was full, so that more may wait."""
        self._announce()
        found = self._look()
        if found.sure is Sure.NOTHING_YET:
            return False
        due: Sequence[tuple[Key, str]] = ()
        try:
            with self._context.unit() as work:
                taken = self._handlers.take(work, self._batch)
                due = taken.due.steps
                if due:
                    self._handlers.claim(work, taken, found)
        except Exception as error:
            if is_passing(error):
                raise
            # One of them is at fault: alone, it takes no other with it.
            for customer, step_id in due:
                self._claim_alone(customer, step_id, found)
        return len(due) >= self._batch

    def _look(self) -> Finding:
        if self._evidence is None:
            return Finding(Sure.ALL)
        with self._context.unit() as work:
            return self._evidence(work)

    def _claim_alone(self, customer: Key, step_id: str, found: Finding) -> None:
        try:
            with self._context.unit() as work:
                self._handlers.claim_alone(work, customer, step_id, found)
        except Exception as error:
            if is_passing(error):
                raise
            # Only where it failed, never what it says: the text may quote what it choked on.
            log.error(
                "a due step cannot be decided and is put aside",
                step=step_id,
                error=type(error).__name__,
                trace=format_tb(error.__traceback__),
            )
            with self._context.unit() as work:
                self._handlers.put_aside(work, customer, step_id)


class Announcing:
    """Tells the log which policy packs are in force here, at first and whenever they change."""

    def __init__(self, context: Context, packs: Sequence[Pack]) -> None:
        self._context = context
        self._packs = packs
        self._told: tuple[Pack, ...] = ()

    def __call__(self) -> None:
        """Write `policy.in_force` for each pack; the same pack is the same fact everywhere."""
        packs = tuple(self._packs)
        if packs == self._told:
            return
        with self._context.unit() as work:
            for pack in packs:
                work.fact(
                    "policy.in_force",
                    PolicyInForce(
                        name=pack.name,
                        version=pack.version,
                        sha256=pack.sha256,
                        content=dict(pack.content),
                    ),
                    subject=f"policy:{pack.name}",
                    key=(pack.name, pack.sha256),
                )
        self._told = packs


class LookingAgain:
    """Reads the policy folder again; tells the log, once a change, what was refused."""

    def __init__(self, context: Context, packs: PacksInForce) -> None:
        self._context = context
        self._packs = packs

    def __call__(self) -> None:
        """Look once."""
        try:
            self._packs.look_again()
        except PolicyFaults as refused:
            faults = [f"{one.file.name}:{one.line}: {one.message}" for one in refused.faults]
            log.error("the policy folder is refused; what is in force stays", faults=faults)
            with self._context.unit() as work:
                work.fact(
                    PolicyRefused.TYPE,
                    PolicyRefused(faults=tuple(fault[:1000] for fault in faults)),
                    subject="policy",
                    key=(*faults, work.now.isoformat()),
                )


class CountingStops:
    """Keeps the metric of what operators have stopped."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def __call__(self) -> None:
        """Count once."""
        with Session(self._context.engine) as session:
            found = Counter(row.scope for row in sending_store.overview(session, None))
        for scope in get_args(SendingScope):
            metrics.SENDING_STOPPED.labels(scope).set(found[scope])
