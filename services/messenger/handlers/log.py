"""The shared log: how far it is read, agreements, cancelled steps, and what silences customers."""

from collections.abc import Sequence
from datetime import datetime

from schemas import facts
from schemas.facts.customer import ERASER
from services.messenger import (
    erasing_store,
    message_store,
    pause_store,
    sending_store,
    store,
    suppression_store,
)
from services.messenger.handlers import erasing, wordings
from services.messenger.handlers.events import note_hold, note_joint_hold
from services.messenger.handlers.translate import obligation_of, update_obligation, words_of
from services.messenger.model import ANY, WRONG_PERSON, Change, ChangeKind
from services.messenger.rules import obligations as rules
from services.messenger.tables import CustomerRow, SendingRow, SuppressionRow
from services.runtime.messages import Incoming
from services.runtime.unit_of_work import UnitOfWork

_AGREEMENTS = {
    "agreement.made": ChangeKind.AGREED,
    "agreement.broken": ChangeKind.DISAGREED,
    "agreement.reopened": ChangeKind.REOPENED,
    "agreement.completed": ChangeKind.FULFILLED,
    "agreement.kept": ChangeKind.KEPT,
}

_ABOUT_CUSTOMERS = (
    facts.ContactPreferenceChanged,
    facts.ContactRightParty,
    facts.CustomerErased,
    facts.HandoffRequested,
    facts.HandoffResolved,
    facts.HoldLifted,
)
PAUSED = "paused"


def handle(work: UnitOfWork, batch: Sequence[Incoming]) -> None:
    """Apply what other services decided."""
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
    pause_store.hear(work.session, filter(None, map(_of_pause, batch)))
    wordings.remember(work, batch)
    _learn_of_customers(work, [m for m in batch if isinstance(m.data, _ABOUT_CUSTOMERS)])
    for lane in sorted({message.partition for message in batch}):
        own = [message for message in batch if message.partition == lane]
        announced, fresh_at = _progress(work.service, own)
        if announced or fresh_at:
            store.advance_lane(work.session, lane, announced, fresh_at)
    sending_store.hear(
        work.session,
        (
            SendingRow(
                scope=message.data.scope,
                of_tenant=message.data.of_tenant or "",
                name=message.data.name or "",
                stopped=isinstance(message.data, facts.SendingStopped),
                revision=message.data.revision,
            )
            for message in batch
            if isinstance(message.data, facts.SendingStopped | facts.SendingResumed)
        ),
    )


def _of_pause(message: Incoming) -> pause_store.Word | None:
    """What a fact says of one enrolment's pause, if it does."""
    event = message.event
    match message.data:
        case facts.OutreachPaused(enrolment_id=one, until=until):
            return pause_store.Word(event.tenant, one, event.time, True, until)
        case facts.OutreachResumed(enrolment_id=one):
            return pause_store.Word(event.tenant, one, event.time, False)
    return None


def _learn_of_agreements(work: UnitOfWork, batch: Sequence[Incoming]) -> None:
    # Agreements are made about bills only.
    keys = [(message.event.tenant, "bill", _obligation(message)) for message in batch]
    rows = store.lock_obligations(work.session, keys)
    for key, message in zip(keys, batch, strict=True):
        change = Change(_AGREEMENTS[message.event.type], message.event.time, kept=_kept(message))
        update_obligation(rows[key], rules.apply(obligation_of(rows[key]), change))


def _kept(message: Incoming) -> int | None:
    """How many instalments are paid after this, if it says so."""
    match message.data:
        case facts.AgreementKept(instalment=number):
            return number
        case facts.AgreementReopened(kept=kept):
            return kept
    return None


def _learn_of_customers(work: UnitOfWork, batch: Sequence[Incoming]) -> None:
    """Pauses, hand-offs to people, holds that operators lift, and whose an address is."""
    erased = {
        (m.event.tenant, m.key): erasing_store.ids_of(work.session, m.event.tenant, m.key)
        for m in batch
        if isinstance(m.data, facts.CustomerErased) and m.event.source == ERASER
    }
    rows = store.lock_customers(
        work.session,
        {(m.event.tenant, m.key) for m in batch}
        | {(tenant, one) for (tenant, _), ids in erased.items() for one in ids},
    )
    for message in batch:
        who = (message.event.tenant, message.key)
        row = rows[who]
        match message.data:
            case facts.CustomerErased() if who in erased:
                own = [rows[who[0], one] for one in erased[who]]
                erasing.forget(work, own, message.event.time)
            case facts.ContactPreferenceChanged(changes=changes) if "paused_until" in changes:
                _pause(work, who, changes["paused_until"])
            case facts.HandoffRequested(handoff_id=handoff_id, reason=reason, obligation_id=about):
                opened = {"reason": reason, "obligation_id": about or None}
                row.handoffs = {**row.handoffs, handoff_id: opened}
            case facts.HoldLifted(kind=kind, obligation_id=about) as lift:
                # By an operator: publishers' words come on their own topic.
                key, at = f"{kind}/{about or ''}", lift.at or message.event.time
                note_hold(row, key, words_of(row.holds.get(key)).lifted(at, by_operator=True))
                if about is not None:
                    _lift_for_all(work, (message.event.tenant, "bill", about), kind, at)
            case facts.HandoffResolved(handoff_id=handoff_id):
                row.handoffs = {key: h for key, h in row.handoffs.items() if key != handoff_id}
            case facts.ContactRightParty(confirmed=confirmed, channel=channel):
                links_end = None if confirmed else _later(row.links_end, message.event.time)
                row.links_end = _later(links_end, row.erased_at) if row.erased_at else links_end
                row.confirmed = _address_read(work, row, message.data) if confirmed else None
                if confirmed:
                    suppression_store.lift_suppressions(
                        work.session, *who, channel, ANY, WRONG_PERSON
                    )
                else:
                    suppression_store.suppress(
                        work.session, _silence(work, who, channel, WRONG_PERSON)
                    )


def _lift_for_all(work: UnitOfWork, about: store.ObligationKey, kind: str, at: datetime) -> None:
    """A hold about one obligation rests with it as well: it is lifted for all its parties."""
    row = store.lock_obligations(work.session, [about])[about]
    note_joint_hold(row, kind, words_of(row.holds.get(kind)).lifted(at, by_operator=True))


def _address_read(work: UnitOfWork, row: CustomerRow, told: facts.ContactRightParty) -> str | None:
    """The hash of the address that the customer is known to read; where nothing new is told of
    one, what was known."""
    message = message_store.find(work.session, told.message_id) if told.message_id else None
    if message is None or message.tenant != row.tenant:
        return row.confirmed
    return message.address_hash


def _later(known: datetime | None, told: datetime) -> datetime:
    return max(known or told, told)


def _pause(work: UnitOfWork, who: store.Key, until: str | None) -> None:
    """Nothing goes out until that instant; or a pause is over."""
    if until is None:
        suppression_store.lift_suppressions(work.session, *who, ANY, ANY, PAUSED)
    else:
        expires = datetime.fromisoformat(until)
        suppression_store.suppress(work.session, _silence(work, who, ANY, PAUSED, expires))


def _silence(
    work: UnitOfWork,
    who: store.Key,
    channel: str,
    reason: str,
    expires_at: datetime | None = None,
) -> SuppressionRow:
    return SuppressionRow(
        tenant=who[0],
        customer=who[1],
        channel=channel,
        purpose=ANY,
        reason=reason,
        at=work.now,
        expires_at=expires_at,
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
