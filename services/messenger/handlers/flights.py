"""How messages end: sent, failed, refused or unknown; each once, with its fact."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import cast

from schemas import facts
from schemas.commands import DispatchOrdered
from schemas.common import Channel, Typed
from schemas.topics import OUTREACH_DISPATCHES
from services.messenger import message_store, metrics, store, suppression_store
from services.messenger.handlers.translate import joined_of
from services.messenger.model import (
    ANY,
    IN_APP,
    PAGE,
    Accepted,
    DispatchState,
    Doubtful,
    Outcome,
    Part,
    Refuse,
    Rejected,
)
from services.messenger.tables import MessageRow, SuppressionRow
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
    joined: tuple[str, ...]
    lane: int
    epoch: int
    address_hash: str
    cause: Link
    channel: Channel


@dataclass(frozen=True, slots=True)
class Finished:
    """What a provider made of it."""

    flight: Flight
    outcome: Outcome
    provider: str | None


def ordered_by(row: store.Pending) -> Link:
    """The order behind a dispatch, which causes all that follows from it."""
    return Link(row.event_id, row.correlationid, row.traceparent)


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
        tuple(message.joined),
        message.lane,
        message.epoch,
        message.address_hash,
        cause_of(message),
        cast(Channel, message.channel),
    )


def refuse(work: UnitOfWork, row: store.Pending, order: DispatchOrdered, why: Refuse) -> None:
    """Tell that a dispatch, as far as it isn't left out, ends without a message.

    The customer is locked.
    """
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
            channel=order.channel,
            joined=joined_of(order),
        ),
        subject=row.customer,
        tenant=row.tenant,
        cause=ordered_by(row),
        key=(row.dispatch_id,),
    )
    metrics.DISPATCHES.labels("refused").inc()


def leave_out(work: UnitOfWork, row: store.Pending, part: Part, why: Refuse) -> None:
    """Tell that one step is taken out of a message about several. The customer is locked."""
    work.fact(
        "message.left_out",
        facts.MessageLeftOut(
            dispatch_id=row.dispatch_id,
            step_id=part.step_id,
            obligation_id=part.obligation_id,
            reason=why.reason,
            rule=why.rule,
            rule_version=why.rule_version,
            retryable=why.retryable,
            not_before=why.not_before,
        ),
        subject=row.customer,
        tenant=row.tenant,
        cause=ordered_by(row),
        key=(row.dispatch_id, part.step_id),
    )


def record(context: Context, finished: Sequence[Finished]) -> list[Finished]:
    """Record how messages ended; those that must wait, since their lane has no owner just now.

    What was handed over for a lane that another worker owns now is left to that one: it has
    declared it unknown, or will. One that takes its own lane over anew keeps its letters.
    """
    try:
        _record_together(context, finished)
        return []
    except ledger.Fenced:
        lanes = sorted({one.flight.lane for one in finished})
        if len(lanes) == 1:
            return _not_ended_yet(context, finished)
    return [
        waiting
        for lane in lanes
        for waiting in record(context, [one for one in finished if one.flight.lane == lane])
    ]


def _record_together(context: Context, finished: Sequence[Finished]) -> None:
    owned = {own.partition: own.epoch for own in context.owned_lanes(OUTREACH_DISPATCHES)}
    lanes = {(one.flight.lane, owned.get(one.flight.lane, one.flight.epoch)) for one in finished}
    with context.unit() as work:
        ledger.confirm_all(work.session, OUTREACH_DISPATCHES, dict(lanes))
        _end(work, finished)


def _not_ended_yet(context: Context, finished: Sequence[Finished]) -> list[Finished]:
    with context.unit() as work:
        waiting = message_store.still_intended(
            work.session, [one.flight.dispatch_id for one in finished]
        )
    metrics.DISPATCHES.labels("left_to_new_owner").inc(len(finished) - len(waiting))
    return [one for one in finished if one.flight.dispatch_id in waiting]


def recover(
    context: Context,
    own: Ownership,
    channels: Collection[str],
    carried: Collection[str],
    limit: int = 200,
) -> int:
    """End what was intended in the lane and is carried by nobody; how many.

    Nobody can tell what became of it, so it is unknown; but what stands on the customer's own page
    stands there since its intent. `carried`: the dispatches by these channels that this worker is
    handing over, or has handed over and not recorded yet. Raises Fenced if the lane is owned no
    more.
    """
    with context.unit() as work:
        ledger.confirm(work.session, own.topic, own.partition, own.epoch)
        rows = message_store.stale(work.session, own.partition, channels, carried, limit)
        _end(work, [_recovered(row) for row in rows])
    return len(rows)


def _recovered(message: MessageRow) -> Finished:
    if message.channel == IN_APP:
        return Finished(flight_of(message), Accepted(message.message_id), PAGE)
    return Finished(flight_of(message), Doubtful("sender_lost"), None)


def _end(work: UnitOfWork, finished: Sequence[Finished]) -> None:
    """End those messages that have not ended yet, and tell it."""
    flights = [one.flight for one in finished]
    store.hold_customers(work.session, ((one.tenant, one.customer) for one in flights))
    ends = {one.flight.message_id: _ENDS[type(one.outcome)](one) for one in finished}
    ended = message_store.end(
        work.session,
        [
            message_store.End(
                one.flight.tenant,
                one.flight.customer,
                one.flight.message_id,
                one.flight.epoch,
                ends[one.flight.message_id][0],
                getattr(one.outcome, "reason", None),
                one.provider,
            )
            for one in finished
        ],
        work.now,
    )
    now_ended = [one for one in finished if one.flight.message_id in ended]
    store.end_dispatches(
        work.session,
        (
            (one.flight.tenant, one.flight.dispatch_id, ends[one.flight.message_id][0])
            for one in now_ended
        ),
    )
    for one in now_ended:
        _tell(work, one, *ends[one.flight.message_id])


def _tell(work: UnitOfWork, finished: Finished, state: DispatchState, data: Typed) -> None:
    flight, outcome = finished.flight, finished.outcome
    if isinstance(outcome, Rejected) and outcome.dead_address:
        suppress_address(work, flight, "hard_bounce")
    work.fact(
        data.TYPE,
        data,
        subject=flight.customer,
        tenant=flight.tenant,
        cause=flight.cause,
        key=(flight.message_id,),
    )
    metrics.DISPATCHES.labels(state.value).inc()


def suppress_address(work: UnitOfWork, flight: Flight, reason: str) -> None:
    """Never write to the message's address again, whoever has it."""
    suppression_store.suppress(
        work.session,
        SuppressionRow(
            tenant=flight.tenant,
            customer=flight.customer,
            channel=flight.channel,
            purpose=ANY,
            reason=reason,
            address_hash=flight.address_hash,
            at=work.now,
        ),
    )


End = tuple[DispatchState, Typed]


def _sent(finished: Finished) -> End:
    flight, outcome = finished.flight, finished.outcome
    assert isinstance(outcome, Accepted)
    data = facts.MessageSent(
        message_id=flight.message_id,
        dispatch_id=flight.dispatch_id,
        step_id=flight.step_id,
        joined=flight.joined,
        provider=finished.provider or "",
        provider_reference=outcome.reference,
    )
    return DispatchState.SENT, data


def _failed(finished: Finished) -> End:
    flight, outcome = finished.flight, finished.outcome
    assert isinstance(outcome, Rejected)
    data = facts.MessageFailed(
        message_id=flight.message_id,
        dispatch_id=flight.dispatch_id,
        step_id=flight.step_id,
        joined=flight.joined,
        reason=outcome.reason,
        status=outcome.status,
        retryable=outcome.retryable,
        channel=flight.channel,
        dead_address=outcome.dead_address,
    )
    return DispatchState.FAILED, data


def _unknown(finished: Finished) -> End:
    flight, outcome = finished.flight, finished.outcome
    assert isinstance(outcome, Doubtful)
    data = facts.MessageUnknown(
        message_id=flight.message_id,
        dispatch_id=flight.dispatch_id,
        step_id=flight.step_id,
        joined=flight.joined,
        reason=outcome.reason,
    )
    return DispatchState.UNKNOWN, data


_ENDS: dict[type[Outcome], Callable[[Finished], End]] = {
    Accepted: _sent,
    Rejected: _failed,
    Doubtful: _unknown,
}
