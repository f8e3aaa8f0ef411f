"""What customers and mail programs do with a message: each a transaction and a fact."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal

from schemas import facts
from schemas.common import Typed
from services.messenger import interaction_store, message_store, metrics, store, suppression_store
from services.messenger.handlers.erasing import is_forgotten
from services.messenger.handlers.flights import cause_of
from services.messenger.model import ANY
from services.messenger.rules.machines import BURST_SECONDS, HONEYPOT, SCAN_SECONDS, is_machine
from services.messenger.tables import CustomerRow, MessageRow, SuppressionRow
from services.runtime.context import Context
from services.runtime.unit_of_work import UnitOfWork

PURPOSES = ("service", "collection", "retention", "marketing")
OPTED_OUT = "unsubscribed"
NOT_NOW = "not_now"

Via = Literal["one_click", "page", "reply"]


class NotKnown(LookupError):
    """No such message: erased, or never made."""


def find(context: Context, message_id: str) -> MessageRow:
    """The message, as it is now. Raises NotKnown."""
    with context.unit() as work:
        return _found(work, message_id)


def note_open(context: Context, message_id: str, user_agent: str) -> None:
    """Record that the message's picture was fetched. Raises NotKnown."""
    with context.unit() as work:
        message = locked(work, message_id)
        machine = _by_machine(work, message, user_agent)
        if interaction_store.note_interaction(work.session, message, "open", machine, work.now):
            tell(
                work,
                message,
                facts.MessageOpened(message_id=message.message_id, machine=machine),
                machine,
            )
    metrics.ANSWERS.labels("open").inc()


def note_click(context: Context, message_id: str, link: str, user_agent: str) -> MessageRow:
    """Record that a link was followed; the message. Raises NotKnown."""
    with context.unit() as work:
        message = locked(work, message_id)
        kind = f"click:{link}"
        machine = _by_machine(work, message, user_agent, kind)
        if interaction_store.note_interaction(work.session, message, kind, machine, work.now):
            tell(
                work,
                message,
                facts.MessageClicked(**steps_of(message), link=link, machine=machine),
                link,
                machine,
            )
    metrics.ANSWERS.labels("click").inc()
    return message


def note_scan(context: Context, message_id: str) -> MessageRow:
    """Record that a program followed what no reader sees; the message. Raises NotKnown.

    What was told as a person's click shortly before is taken back.
    """
    with context.unit() as work:
        message = locked(work, message_id)
        since = work.now - timedelta(seconds=SCAN_SECONDS)
        for kind in interaction_store.disown_clicks(work.session, message, since, work.now):
            link = kind.removeprefix("click:")
            told = facts.MessageClicked(**steps_of(message), link=link, machine=True, corrects=True)
            tell(work, message, told, link, "corrected")
        if interaction_store.note_scan(work.session, message, HONEYPOT, work.now):
            told = facts.MessageClicked(**steps_of(message), link=HONEYPOT, machine=True)
            tell(work, message, told, HONEYPOT, True)
    metrics.ANSWERS.labels("scan").inc()
    return message


def unsubscribe(context: Context, message_id: str, via: Via, *, all_purposes: bool) -> MessageRow:
    """Opt the customer out of e-mail for the message's purpose, or for all; at once, and once.

    Raises NotKnown.
    """
    with context.unit() as work:
        # Whoever is forgotten may still say so: it is kept without knowing who they are.
        message = _found(work, message_id)
        store.lock_customers(work.session, [(message.tenant, message.customer)])
        opt_out(work, message, ANY if all_purposes else message.purpose, via)
    metrics.ANSWERS.labels("unsubscribe").inc()
    return message


def opt_out(
    work: UnitOfWork, message: MessageRow, purpose: str, via: Via, channel: str | None = None
) -> bool:
    """Suppress a purpose and tell it, unless that was done; whether it is new. The customer is
    locked.

    channel: the message's own unless given; `*`: every one.
    """
    if not suppress(work, message, purpose, OPTED_OUT, channel=channel):
        return False
    tell(
        work,
        message,
        facts.ContactUnsubscribed.model_validate(
            {
                "channel": channel or message.channel,
                "purpose": purpose,
                "via": via,
                "message_id": message.message_id,
            }
        ),
        *((channel,) if channel else ()),
        purpose,
        work.now.isoformat(),
    )
    return True


def is_off(work: UnitOfWork, message: MessageRow) -> bool:
    """Whether the customer wants nothing at all by the message's channel."""
    return ANY in _opted_out(work, message)


def wanted_purposes(context: Context, message: MessageRow) -> set[str]:
    """What the customer has not opted out of."""
    with context.unit() as work:
        off = _opted_out(work, message)
    return set() if ANY in off else set(PURPOSES) - off


def choose(context: Context, message_id: str, wanted: Iterable[str]) -> None:
    """Set which purposes the customer wants e-mail for. Raises NotKnown."""
    keep = set(wanted) & set(PURPOSES)
    with context.unit() as work:
        message = locked(work, message_id)
        off = _opted_out(work, message)
        if ANY in off and keep:
            # Everything was off: what stays off must be said one by one from now on.
            _lift(work, message, ANY)
            for purpose in PURPOSES:
                if purpose not in keep:
                    opt_out(work, message, purpose, "page")
            tell_changes(work, message, {f"{message.channel}/{one}": "on" for one in keep})
            off = off - {ANY}
        for purpose in sorted(off & keep):
            _lift(work, message, purpose)
            tell_changes(work, message, {f"{message.channel}/{purpose}": "on"})
        for purpose in sorted(set(PURPOSES) - keep - off if ANY not in off else ()):
            opt_out(work, message, purpose, "page")


def rest(context: Context, message_id: str, days: int) -> datetime:
    """Stay silent for some days of business time; until when. Raises NotKnown."""
    with context.unit() as work:
        message = locked(work, message_id)
        until = work.now + timedelta(days=days)
        suppress(work, message, ANY, NOT_NOW, until)
        tell_changes(work, message, {"not_before": until.isoformat()})
    return until


def _opted_out(work: UnitOfWork, message: MessageRow) -> set[str]:
    who = (message.tenant, message.customer)
    former = store.former(work.session, [who]).get(who, ())
    named = [who, *((one.tenant, one.customer) for one in former)]
    found = suppression_store.suppressions(work.session, [(*one, "") for one in named])
    about = (message.channel, ANY)
    return {
        one.purpose
        for each in found.values()
        for one in each
        if one.reason == OPTED_OUT and one.channel in about
    }


def suppress(
    work: UnitOfWork,
    message: MessageRow,
    purpose: str,
    reason: str,
    until: datetime | None = None,
    channel: str | None = None,
    address_hash: str = "",
) -> bool:
    """Suppress the message's customer, or this address of theirs; True if it is new."""
    row = SuppressionRow(
        tenant=message.tenant,
        customer=message.customer,
        channel=channel or message.channel,
        purpose=purpose,
        reason=reason,
        address_hash=address_hash,
        at=work.now,
        expires_at=until,
    )
    return suppression_store.suppress(work.session, row)


def _lift(work: UnitOfWork, message: MessageRow, purpose: str) -> None:
    for channel in (message.channel, ANY):
        suppression_store.lift_suppressions(
            work.session, message.tenant, message.customer, channel, purpose, OPTED_OUT
        )


def tell_changes(work: UnitOfWork, message: MessageRow, changes: dict[str, Any]) -> None:
    """Tell what the customer chose. The customer is locked."""
    tell(
        work,
        message,
        facts.ContactPreferenceChanged(changes=changes),
        work.now.isoformat(),
        *sorted(changes),
    )


def _by_machine(
    work: UnitOfWork, message: MessageRow, user_agent: str, click: str | None = None
) -> bool:
    # Business seconds, which at normal speed are real ones: a simulated person's haste counts
    # at the speed of their own life.
    burst = timedelta(seconds=BURST_SECONDS)
    scan = timedelta(seconds=SCAN_SECONDS)
    return is_machine(
        user_agent,
        (work.now - message.checked_at).total_seconds(),
        in_burst=click is not None
        and interaction_store.clicked_besides(work.session, message, click, work.now - burst),
        in_scan=interaction_store.scanned(work.session, message, HONEYPOT, work.now - scan),
    )


def _found(work: UnitOfWork, message_id: str) -> MessageRow:
    message = message_store.find(work.session, message_id)
    if message is None:
        raise NotKnown(message_id)
    # It is only read here, also after the transaction.
    work.session.expunge(message)
    return message


def locked(work: UnitOfWork, message_id: str) -> MessageRow:
    """The message, with its customer locked. Raises NotKnown."""
    return with_customer(work, message_id)[0]


def with_customer(work: UnitOfWork, message_id: str) -> tuple[MessageRow, CustomerRow]:
    """The message and its customer, who is locked. Raises NotKnown, also of who is forgotten."""
    message = _found(work, message_id)
    who = (message.tenant, message.customer)
    row = store.lock_customers(work.session, [who])[who]
    if is_forgotten(row, message.checked_at):
        raise NotKnown(message_id)
    return message, row


def leads_nowhere(context: Context, message: MessageRow) -> bool:
    """Whether someone else reads the message, so that its links must open nothing."""
    with context.unit() as work:
        row = work.session.get(CustomerRow, (message.tenant, message.customer))
        ended = row.links_end if row else None
    return ended is not None and message.checked_at <= ended


def steps_of(message: MessageRow) -> dict[str, Any]:
    """Which message a fact is about, and which steps it carried."""
    return {
        "message_id": message.message_id,
        "step_id": message.step_id,
        "joined": tuple(message.joined),
    }


def tell(work: UnitOfWork, message: MessageRow, data: Typed, *key: str | int) -> None:
    """Write a fact about the message's customer; `key` tells it from others of its kind."""
    work.fact(
        data.TYPE,
        data,
        subject=message.customer,
        tenant=message.tenant,
        cause=cause_of(message),
        key=(message.message_id, *key),
    )
