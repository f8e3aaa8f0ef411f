"""How messages end: sent, failed, refused or unknown; each once, with its fact."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from schemas import facts
from schemas.commands import DispatchOrdered
from schemas.envelope import Envelope
from schemas.topics import OUTREACH_DISPATCHES
from services.messenger import message_store, metrics, store
from services.messenger.model import (
    ANY,
    Accepted,
    DispatchState,
    Doubtful,
    Outcome,
    Refuse,
    Rejected,
)
from services.messenger.tables import DispatchRow, MessageRow, SuppressionRow
from services.runtime import ledger
from services.runtime.context import Context
from services.runtime.ledger import Ownership
from services.runtime.unit_of_work import Link, UnitOfWork


@dataclass(frozen=True, slots=True)
class Flight:
    """A message on its way: its intent is recorded by the owner of `lane` in `epoch`."""

    tenant: str
    customer: str
    message_id: str
    dispatch_id: str
    step_id: str
    lane: int
    epoch: int
    address_hash: str
    cause: Link


@dataclass(frozen=True, slots=True)
class Finished:
    """What a provider made of it."""

    flight: Flight
    outcome: Outcome
    provider: str


def cause_of(message: MessageRow) -> Link:
    """The fact of the message's intent, which causes all that follows from it."""
    return Link(**message.cause)


def flight_of(message: MessageRow) -> Flight:
    """The message on its way."""
    return Flight(
        message.tenant,
        message.customer,
        message.message_id,
        message.dispatch_id,
        message.step_id,
        message.lane,
        message.epoch,
        message.address_hash,
        cause_of(message),
    )


def refuse(
    work: UnitOfWork, row: DispatchRow, order: DispatchOrdered, why: Refuse, cause: Envelope
) -> None:
    """End a dispatch without a message. The customer is locked."""
    store.end_dispatch(work.session, row.tenant, row.dispatch_id, DispatchState.REFUSED)
    work.fact(
        "message.refused",
        facts.MessageRefused(
            dispatch_id=row.dispatch_id,
            step_id=order.step_id,
            reason=why.reason,
            rule=why.rule,
            rule_version=why.rule_version,
            retryable=why.retryable,
            not_before=why.not_before,
        ),
        subject=row.customer,
        tenant=row.tenant,
        cause=cause,
        key=(row.dispatch_id,),
    )
    metrics.DISPATCHES.labels("refused").inc()


def record(context: Context, finished: Sequence[Finished]) -> None:
    """Record how messages ended, lane by lane.

    What was handed over for a lane that another worker owns now is left to that one: it has
    declared it unknown, or will.
    """
    by_lane: dict[tuple[int, int], list[Finished]] = {}
    for one in finished:
        by_lane.setdefault((one.flight.lane, one.flight.epoch), []).append(one)
    for (lane, epoch), ended in sorted(by_lane.items(), key=lambda item: item[0]):
        try:
            with context.unit() as work:
                ledger.confirm(work.session, OUTREACH_DISPATCHES, lane, epoch)
                _lock(work, [one.flight for one in ended])
                for one in ended:
                    _end(work, one)
        except ledger.Fenced:
            metrics.DISPATCHES.labels("left_to_new_owner").inc(len(ended))


def recover(context: Context, own: Ownership, limit: int = 200) -> int:
    """Declare unknown what a former owner of the lane intended and never ended; how many.

    Raises Fenced if the lane is owned no more.
    """
    with context.unit() as work:
        ledger.confirm(work.session, own.topic, own.partition, own.epoch)
        rows = message_store.stale(work.session, own.partition, own.epoch, limit)
        stale = [flight_of(row) for row in rows]
        _lock(work, stale)
        for flight in stale:
            _end(work, Finished(flight, Doubtful("sender_lost"), ""))
    return len(stale)


def _lock(work: UnitOfWork, flights: Sequence[Flight]) -> None:
    store.lock_customers(work.session, ((one.tenant, one.customer) for one in flights))


def _end(work: UnitOfWork, finished: Finished) -> None:
    """End one message, if it has not ended yet. The customer is locked."""
    flight, outcome = finished.flight, finished.outcome
    state, reason, fact_type, data = _ENDS[type(outcome)](finished)
    ended = work.session.connection().execute(
        text(
            "UPDATE message SET state = :state, reason = :reason, provider = :provider,"
            " ended_at = :now WHERE tenant = :tenant AND customer = :customer"
            " AND message_id = :id AND state = 'intended' AND epoch = :epoch"
        ),
        {
            "state": state.value,
            "reason": reason,
            "provider": finished.provider,
            "now": work.now,
            "tenant": flight.tenant,
            "customer": flight.customer,
            "id": flight.message_id,
            "epoch": flight.epoch,
        },
    )
    if ended.rowcount != 1:
        return
    store.end_dispatch(work.session, flight.tenant, flight.dispatch_id, state)
    if isinstance(outcome, Rejected) and outcome.dead_address:
        suppress_address(work, flight, "hard_bounce")
    work.fact(
        fact_type,
        data,
        subject=flight.customer,
        tenant=flight.tenant,
        cause=flight.cause,
        key=(flight.message_id,),
    )
    metrics.DISPATCHES.labels(state.value).inc()


def suppress_address(work: UnitOfWork, flight: Flight, reason: str) -> None:
    """Never write to the message's address again, whoever has it."""
    store.suppress(
        work.session,
        SuppressionRow(
            tenant=flight.tenant,
            customer=flight.customer,
            channel="email",
            purpose=ANY,
            reason=reason,
            address_hash=flight.address_hash,
            at=work.now,
        ),
    )


End = tuple[DispatchState, str | None, str, Any]


def _sent(finished: Finished) -> End:
    flight, outcome = finished.flight, finished.outcome
    assert isinstance(outcome, Accepted)
    data = facts.MessageSent(
        message_id=flight.message_id,
        dispatch_id=flight.dispatch_id,
        step_id=flight.step_id,
        provider=finished.provider,
        provider_reference=outcome.reference,
    )
    return DispatchState.SENT, None, "message.sent", data


def _failed(finished: Finished) -> End:
    flight, outcome = finished.flight, finished.outcome
    assert isinstance(outcome, Rejected)
    data = facts.MessageFailed(
        message_id=flight.message_id,
        dispatch_id=flight.dispatch_id,
        step_id=flight.step_id,
        reason=outcome.reason,
        status=outcome.status,
        retryable=outcome.retryable,
    )
    return DispatchState.FAILED, outcome.reason, "message.failed", data


def _unknown(finished: Finished) -> End:
    flight, outcome = finished.flight, finished.outcome
    assert isinstance(outcome, Doubtful)
    data = facts.MessageUnknown(
        message_id=flight.message_id,
        dispatch_id=flight.dispatch_id,
        step_id=flight.step_id,
        reason=outcome.reason,
    )
    return DispatchState.UNKNOWN, outcome.reason, "message.unknown", data


_ENDS: dict[type[Outcome], Callable[[Finished], End]] = {
    Accepted: _sent,
    Rejected: _failed,
    Doubtful: _unknown,
}
