"""Customer events: who the addressee is, what they said, what they still owe."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from schemas import customer_events as contract
from schemas.common import normal_email, normal_phone
from schemas.customer_events import vouched
from services.messenger import message_store, store, suppression_store
from services.messenger.handlers.erasing import is_forgotten
from services.messenger.handlers.translate import (
    obligation_of,
    stored,
    update_obligation,
    words_of,
)
from services.messenger.model import ANY, WRONG_PERSON, Change, ChangeKind
from services.messenger.rules import obligations as rules
from services.messenger.tables import CustomerRow, ObligationRow
from services.policy.holds import Words
from services.runtime.messages import Incoming
from services.runtime.unit_of_work import UnitOfWork

_PLACE_FIELDS = ("timezone", "country", "region", "city")
_PLAIN_FIELDS = ("name", "locale", *_PLACE_FIELDS)


Hold = contract.CustomerHoldPlaced | contract.CustomerHoldLifted


class About(NamedTuple):
    """How an event type speaks of an obligation: its id, what happens, and what is asked now."""

    identity: str
    kind: ChangeKind
    asked: str | None = None


ABOUT: Mapping[str, About] = {
    "bill.due_soon": About("bill_id", ChangeKind.OPENED, "amount_minor"),
    "bill.updated": About("bill_id", ChangeKind.UPDATED, "amount_minor"),
    "bill.closed": About("bill_id", ChangeKind.CLOSED),
    "payment.missed": About("bill_id", ChangeKind.OPENED, "amount_minor"),
    "payment.received": About("bill_id", ChangeKind.PAID, "remaining_minor"),
    "payment.failed": About("bill_id", ChangeKind.UNPAID, "remaining_minor"),
    "payment.reversed": About("bill_id", ChangeKind.UNPAID, "remaining_minor"),
    "subscription.expiring": About("subscription_id", ChangeKind.OPENED, "price_minor"),
    "subscription.expired": About("subscription_id", ChangeKind.OPENED, "price_minor"),
    "subscription.renewed": About("subscription_id", ChangeKind.CLOSED),
    "subscription.cancelled": About("subscription_id", ChangeKind.CLOSED),
    "application.abandoned": About("application_id", ChangeKind.OPENED),
    "application.completed": About("application_id", ChangeKind.CLOSED),
    "application.withdrawn": About("application_id", ChangeKind.CLOSED),
    "benefit.granted": About("benefit_id", ChangeKind.OPENED),
    "benefit.withdrawn": About("benefit_id", ChangeKind.CLOSED),
}


class CustomerEvents:
    """Handles `customer.events`."""

    def __init__(self, inbox_days: int) -> None:
        self._oldest = timedelta(days=inbox_days)

    def handle(self, work: UnitOfWork, batch: Sequence[Incoming]) -> None:
        """Apply each event to its customer or obligation, in order."""
        # The segmenter refuses what is older than any inbox; what it refused has no effect here.
        accepted = [
            message
            for message in batch
            if message.event.replay or work.now - message.event.time <= self._oldest
        ]
        self._learn_of_customers(work, [m for m in accepted if isinstance(m.data, PERSONS)])
        self._learn_of_obligations(work, [m for m in accepted if _obligation_key(m) is not None])
        message_store.note_people(work.session, [row for m in accepted for row in _made(m)])

    def _learn_of_customers(self, work: UnitOfWork, batch: Sequence[Incoming]) -> None:
        rows = store.lock_customers(work.session, ((m.event.tenant, m.key) for m in batch))
        for message in batch:
            who = (message.event.tenant, message.key)
            told = message.data
            if isinstance(told, contract.CustomerMerged) and _leads_back(work, who, told.into):
                continue
            if isinstance(told, contract.CustomerUpdated) and is_forgotten(
                rows[who], message.event.time
            ):
                continue
            apply(rows[who], message)
            for channel in _readdressed(told):
                # What was said of the old address stays with that address.
                suppression_store.lift_suppressions(
                    work.session, *who, channel, ANY, WRONG_PERSON, of_addresses=False
                )

    def _learn_of_obligations(self, work: UnitOfWork, batch: Sequence[Incoming]) -> None:
        told = [(key, message) for message in batch if (key := _obligation_key(message))]
        rows = store.lock_obligations(work.session, (key for key, _ in told))
        for key, message in told:
            _tell(rows[key], message)


def _tell(row: ObligationRow, message: Incoming) -> None:
    """Bring an obligation up to date with one event about it."""
    match message.data:
        case contract.NoticeSent(kind=kind):
            row.notices = sorted({*row.notices, kind})
        case contract.CustomerHoldPlaced() | contract.CustomerHoldLifted() as hold:
            note_joint_hold(row, hold.kind, _words(row.holds.get(hold.kind), hold, message))
        case _:
            update_obligation(row, rules.apply(obligation_of(row), change_of(message)))


def note_joint_hold(row: ObligationRow, kind: str, words: Words) -> None:
    """Keep the last words on a hold about one obligation: it binds all its parties."""
    row.holds = {**row.holds, kind: stored(words)}


def _leads_back(work: UnitOfWork, who: store.Key, into: str) -> bool:
    """Whether the customer stands for `into` already: two ids never both give way."""
    return store.stays_for(work.session, who[0], into) == who[1]


def _words(known: dict[str, Any] | None, hold: Hold, message: Incoming) -> Words:
    words = words_of(known)
    if isinstance(hold, contract.CustomerHoldPlaced):
        return words.placed(message.event.time, hold.until)
    return words.lifted(message.event.time, by_operator=False)


def _made(message: Incoming) -> list[dict[str, Any]]:
    """The contact that the publisher's people made, as a row; a customer who called was none."""
    made, event = message.data, message.event
    if not isinstance(made, contract.ContactMade) or made.direction != "outbound":
        return []
    return [
        {
            "tenant": event.tenant,
            "customer": message.key,
            "source": event.source,
            "event_id": event.id,
            "at": made.at,
            "channel": made.channel,
            "outcome": made.outcome,
            "obligation_id": made.obligation_id,
        }
    ]


PERSONS = (
    contract.CustomerUpdated,
    contract.CustomerConsentChanged,
    contract.CustomerHoldPlaced,
    contract.CustomerHoldLifted,
    contract.CustomerMerged,
    contract.RequestAnswered,
)


def apply(row: CustomerRow, message: Incoming) -> None:
    """Bring the addressee up to date with one event about the person."""
    match message.data:
        case contract.CustomerUpdated() as update:
            _update(row, update)
        case contract.CustomerConsentChanged() as consent:
            _note_consent(row, consent, message)
        case contract.CustomerHoldPlaced() | contract.CustomerHoldLifted() as hold:
            key = _hold_key(hold)
            note_hold(row, key, _words(row.holds.get(key), hold, message))
        case contract.CustomerMerged() as merged:
            row.merged_into, row.merged_at = merged.into, message.event.time
        case contract.RequestAnswered(request_id=request_id, answer="refused"):
            # The publisher finds no payment: what waited for it goes on.
            row.holds = {k: one for k, one in row.holds.items() if one.get("request") != request_id}


def _update(row: CustomerRow, update: contract.CustomerUpdated) -> None:
    for name in _PLAIN_FIELDS:
        if name == "locale" and "language" in row.wishes:
            # What the customer chose is not the publisher's to change.
            continue
        if name in update.model_fields_set:
            setattr(row, name, getattr(update, name))
    row.placed = row.placed or not update.model_fields_set.isdisjoint(_PLACE_FIELDS)
    if update.contact_points is not None:
        points = update.contact_points
        row.vouched = next(map(normal_email, vouched(points, "email")), None)
        row.vouched_phone = next(map(normal_phone, vouched(points, "sms")), None)
    if "email" in update.model_fields_set:
        row.email = update.email
    elif update.contact_points is not None and row.email is None:
        row.email = _own(update, "email")
    if "phone" in update.model_fields_set:
        row.phone = update.phone and normal_phone(update.phone)
    elif update.contact_points is not None and row.phone is None:
        row.phone = (own := _own(update, "sms")) and normal_phone(own)
    if update.contact_points is not None:
        row.webhook = _own(update, "webhook")


def _own(update: contract.CustomerUpdated, channel: str) -> str | None:
    """The first way to reach the customer, and nobody else, by the channel."""
    return next(
        (
            point.value
            for point in update.contact_points or ()
            if point.channel == channel and not (point.work or point.shared)
        ),
        None,
    )


def _readdressed(data: object) -> Iterator[str]:
    """The channels by which the customer has another address now."""
    if isinstance(data, contract.CustomerUpdated):
        given = data.model_fields_set
        if "email" in given:
            yield "email"
        if "phone" in given:
            yield "sms"


def _note_consent(
    row: CustomerRow, consent: contract.CustomerConsentChanged, message: Incoming
) -> None:
    key = f"{consent.channel}/{consent.purpose}"
    said: dict[str, Any] = {
        "status": consent.status,
        "at": _utc(consent.captured_at or message.event.time),
        "expires_at": consent.expires_at.isoformat() if consent.expires_at else None,
    }
    known = row.consents.get(key)
    # Told out of order, the later word counts; at the same instant the refusal does.
    if known is None or (said["at"], said["status"] != "granted") >= (
        known["at"],
        known["status"] != "granted",
    ):
        row.consents = {**row.consents, key: said}


def note_hold(row: CustomerRow, key: str, words: Words) -> None:
    """Keep the last words on a hold, however they came in order."""
    row.holds = {**row.holds, key: stored(words)}


def _utc(instant: datetime) -> str:
    """An instant as text whose order is that of time."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def _hold_key(hold: Hold) -> str:
    return f"{hold.kind}/{hold.obligation_id or ''}"


_ABOUT_BILLS = (contract.NoticeSent, contract.CustomerHoldPlaced, contract.CustomerHoldLifted)
"""What does not say of which kind the obligation is: only bills have several parties."""


def _obligation_key(message: Incoming) -> store.ObligationKey | None:
    """The obligation that an event is about, if it is about one."""
    if isinstance(message.data, _ABOUT_BILLS):
        about = message.data.obligation_id
        return (message.event.tenant, "bill", about) if about is not None else None
    if message.event.type not in ABOUT:
        return None
    field = ABOUT[message.event.type].identity
    return message.event.tenant, field.removesuffix("_id"), getattr(message.data, field)


_DUE = ("due_date", "expires_on", "valid_until")
"""Fields that say until when something is asked, or lasts."""


def change_of(message: Incoming) -> Change:
    """What an event of `ABOUT` does to its obligation."""
    about = ABOUT[message.event.type]
    kind = about.kind
    if kind is ChangeKind.PAID and getattr(message.data, "pending", False):
        kind = ChangeKind.PAYING
    return Change(
        kind=kind,
        at=message.event.time,
        version=getattr(message.data, "version", None),
        remaining_minor=getattr(message.data, about.asked) if about.asked else None,
        payment=getattr(message.data, "payment_id", ""),
        due=next(filter(None, (getattr(message.data, name, None) for name in _DUE)), None),
    )
