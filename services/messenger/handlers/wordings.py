"""What the log tells of wordings: which were chosen, and what became of their messages.

Only facts are looked at, the messenger's own among them, so that all of it can be made anew from
the log. What it adds up to is worked out beside the stream (`weighing`).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from schemas import facts
from services.messenger import wording_store
from services.messenger.wording_store import Outcome
from services.runtime.messages import Incoming
from services.runtime.unit_of_work import UnitOfWork

_RENEWED_OR_COMPLETED: Final = frozenset({"subscription.renewed", "application.completed"})


def remember(work: UnitOfWork, batch: Sequence[Incoming]) -> None:
    """Note choices, outcomes, clicks by people, harm, and what was withdrawn or brought back."""
    chosen = [
        (m.event.tenant, m.data)
        for m in batch
        if isinstance(m.data, facts.MessageIntended) and m.data.wording
    ]
    wording_store.add_trials(
        work.session,
        [_trial(tenant, data) for tenant, data in chosen],
        [
            {"tenant": tenant, "obligation_id": about, "message_id": data.message_id}
            for tenant, data in chosen
            for about in data.obligation_ids
        ],
    )
    wording_store.add_outcomes(work.session, _outcomes(batch))
    wording_store.undo(work.session, _undone(batch))
    wording_store.follow(work.session, _followed(batch))
    wording_store.mark_harmed(work.session, _harmed(batch))
    for message in batch:
        if isinstance(message.data, facts.VariantWithdrawn | facts.VariantRestored):
            row = state(message.event.tenant, message.data, message.event.time)
            wording_store.put_state(work.session, row)


def state(
    tenant: str, data: facts.VariantWithdrawn | facts.VariantRestored, at: datetime
) -> dict[str, Any]:
    """The row that a fact about a variant makes."""
    return {
        "tenant": tenant,
        "playbook": data.playbook,
        "template": data.template,
        "tone": data.tone,
        "wording": data.wording,
        "variant": data.variant,
        "withdrawn": isinstance(data, facts.VariantWithdrawn),
        "sent": data.sent,
        "harmed": data.harmed,
        "by": data.by,
        "at": at,
    }


def _trial(tenant: str, data: facts.MessageIntended) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "message_id": data.message_id,
        "playbook": data.playbook,
        "template": data.template,
        # The order's tone may be one that the template lacks: the variant says what was used.
        "tone": data.variant.split("/")[1],
        "segment": data.segment,
        "wording": data.wording,
        "variant": data.variant,
        "at": data.checked_at,
    }


def _outcomes(batch: Sequence[Incoming]) -> Iterator[Outcome]:
    for message in batch:
        match message.data:
            case facts.EventApplied() as told if told.obligation_id and _is_good_end(told):
                payment = str(told.data.get("payment_id") or "")
                yield Outcome(message.event.tenant, told.obligation_id, told.event_time, payment)
            case facts.AgreementMade(obligation_id=about):
                yield Outcome(message.event.tenant, about, message.event.time)


def _undone(batch: Sequence[Incoming]) -> Iterator[Outcome]:
    """Payments that were taken back: no wording earned them."""
    for message in batch:
        match message.data:
            case facts.EventApplied(event_type="payment.reversed") as told if told.obligation_id:
                payment = str(told.data["payment_id"])
                yield Outcome(message.event.tenant, told.obligation_id, told.event_time, payment)


def _is_good_end(told: facts.EventApplied) -> bool:
    """A payment, a renewal, a completion; an agreement is a fact of its own."""
    match told.event_type:
        case "payment.received":
            return not told.data.get("pending")
        case "bill.closed":
            return told.data.get("why") == "paid"
        case kind:
            return kind in _RENEWED_OR_COMPLETED


def _followed(batch: Sequence[Incoming]) -> dict[tuple[str, str, str], bool]:
    """By (tenant, message, link): whether a person followed it, by the newest word on it."""
    found: dict[tuple[str, str, str], bool] = {}
    for message in batch:
        match message.data:
            case facts.MessageClicked(machine=machine, corrects=corrects) as told:
                if corrects or not machine:
                    found[message.event.tenant, told.message_id, told.link] = not machine
    return found


def _harmed(batch: Sequence[Incoming]) -> Iterator[tuple[str, str]]:
    for message in batch:
        match message.data:
            case facts.MessageComplained(message_id=identity):
                yield message.event.tenant, identity
            case facts.ContactUnsubscribed(message_id=str(identity)):
                yield message.event.tenant, identity
