"""The shared log: how far it is read, what agreements say, which steps were cancelled."""

from collections.abc import Sequence
from datetime import datetime

from schemas import facts
from services.messenger import store
from services.messenger.handlers.translate import obligation_of, update_obligation
from services.messenger.model import ANY, Change, ChangeKind
from services.messenger.rules import obligations as rules
from services.messenger.tables import SuppressionRow
from services.runtime.messages import Incoming
from services.runtime.unit_of_work import UnitOfWork

_AGREEMENTS = {
    "agreement.made": ChangeKind.AGREED,
    "agreement.broken": ChangeKind.DISAGREED,
    "agreement.reopened": ChangeKind.REOPENED,
    "agreement.completed": ChangeKind.FULFILLED,
}

PAUSED = "paused"


def handle(work: UnitOfWork, batch: Sequence[Incoming]) -> None:
    """Apply what other services decided; `batch` is of one lane."""
    _learn_of_agreements(work, [m for m in batch if m.event.type in _AGREEMENTS])
    store.cancel_steps(
        work.session,
        (
            (message.event.tenant, message.key, step)
            for message in batch
            if isinstance(message.data, facts.OutreachCancelled)
            for step in message.data.step_ids
        ),
    )
    _learn_of_pauses(work, batch)
    announced, fresh_at = _progress(work.service, batch)
    if announced or fresh_at:
        store.advance_lane(work.session, batch[0].partition, announced, fresh_at)


def _learn_of_agreements(work: UnitOfWork, batch: Sequence[Incoming]) -> None:
    # Agreements are made about bills only.
    keys = [(message.event.tenant, "bill", _obligation(message)) for message in batch]
    rows = store.lock_obligations(work.session, keys)
    for key, message in zip(keys, batch, strict=True):
        change = Change(_AGREEMENTS[message.event.type], message.event.time)
        update_obligation(rows[key], rules.apply(obligation_of(rows[key]), change))


def _learn_of_pauses(work: UnitOfWork, batch: Sequence[Incoming]) -> None:
    """An operator's word that nothing goes out until an instant, or that a pause is over."""
    pauses = [
        (message, message.data.changes["paused_until"])
        for message in batch
        if isinstance(message.data, facts.ContactPreferenceChanged)
        and "paused_until" in message.data.changes
    ]
    store.lock_customers(work.session, ((m.event.tenant, m.key) for m, _ in pauses))
    for message, until in pauses:
        who = (message.event.tenant, message.key)
        if until is None:
            store.lift_suppressions(work.session, *who, ANY, ANY, PAUSED)
        else:
            store.suppress(
                work.session,
                SuppressionRow(
                    tenant=message.event.tenant,
                    customer=message.key,
                    channel=ANY,
                    purpose=ANY,
                    reason=PAUSED,
                    at=work.now,
                    expires_at=datetime.fromisoformat(until),
                ),
            )


def _obligation(message: Incoming) -> str:
    return str(getattr(message.data, "obligation_id"))  # noqa: B009 - four models share it


def _progress(service: str, batch: Sequence[Incoming]) -> tuple[dict[str, int], datetime | None]:
    """What the log has told of customer events, and when its newest heartbeat was written."""
    announced: dict[str, int] = {}
    fresh_at: datetime | None = None
    for message in batch:
        match message.data:
            case facts.EventApplied(position=position):
                name = f"{position.topic}/{position.partition}"
                announced[name] = max(announced.get(name, -1), position.offset)
            case facts.LogHeartbeat(service=writer, lane=lane, sent_at=sent_at):
                if writer == service and lane == message.partition:
                    fresh_at = max(fresh_at, sent_at) if fresh_at else sent_at
    return announced, fresh_at
