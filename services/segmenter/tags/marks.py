"""Which marks an event or a fact leaves in a customer's history."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from services.segmenter.tags.history import DISOWNED, Family, History, Mark, add

Data = Mapping[str, Any]
Left = tuple[Family, str, str, str]
"""Family, kind, about, value."""

TRAITS = ("timezone", "country", "region", "city", "locale", "tier", "interests")
"""The traits that are no personal data, so that the log has them, too."""

# What says that money is short; the other holds say nothing of it.
_SHORT_OF_MONEY = ("hardship", "bankruptcy")


def learn_event(history: History, type: str, id: str, time: datetime, data: Data) -> bool:
    """Add what a customer event leaves; whether that changed anything. `data`: JSON values.

    A publisher's version lower than one that this customer's history knows changes nothing. It
    goes by this history alone: what events of other customers told of the same obligation comes
    on other partitions, in no order that could be had again.
    """
    version = data.get("version")
    if version is not None and any(
        mark.about == data.get("bill_id") and mark.version > version
        for mark in history.get("owes", ())
    ):
        return False
    return _learn(EVENTS, history, type, id, time, data)


def learn_fact(history: History, type: str, id: str, time: datetime, data: Data) -> bool:
    """Add what a fact leaves; whether that changed anything. `data`: JSON values."""
    return _learn(FACTS, history, type, id, time, data)


def leaves(type: str, data: Data) -> bool:
    """Whether a fact leaves any mark at all."""
    return type in FACTS and any(True for _ in FACTS[type](data))


def _learn(
    readers: Mapping[str, Callable[[Data], Iterator[Left]]],
    history: History,
    type: str,
    id: str,
    time: datetime,
    data: Data,
) -> bool:
    reader = readers.get(type)
    if reader is None:
        return False
    at, version = int(time.timestamp() * 1000), data.get("version") or 0
    changed = False
    for family, kind, about, value in reader(data):
        changed |= add(history, family, Mark(at, version, id, kind, about, value))
    return changed


# --- customer events -------------------------------------------------------------------------


def _updated(data: Data) -> Iterator[Left]:
    for name in TRAITS:
        if name in data:
            yield "traits", name, "", data[name] or "" if name != "interests" else ""


def _consent(data: Data) -> Iterator[Left]:
    on = data["status"] == "granted"
    yield "life", "contact", f"{data['channel']}/{data['purpose']}", "on" if on else "off"


def _held(data: Data) -> Iterator[Left]:
    if data["kind"] in _SHORT_OF_MONEY:
        about = f"{data['kind']}/{data.get('obligation_id') or ''}"
        yield "life", "hold", about, data.get("until") or "open"


def _lifted(data: Data) -> Iterator[Left]:
    if data["kind"] in _SHORT_OF_MONEY:
        yield "life", "hold", f"{data['kind']}/{data.get('obligation_id') or ''}", "lifted"


def _asked(data: Data) -> Iterator[Left]:
    yield "owes", "asked", data["bill_id"], data["due_date"]


def _missed(data: Data) -> Iterator[Left]:
    yield "owes", "missed", data["bill_id"], data["due_date"]


def _received(data: Data) -> Iterator[Left]:
    if not data.get("pending"):
        yield "owes", "received", data["bill_id"], "part" if data["remaining_minor"] else "all"


def _plain(family: Family, kind: str, about: str) -> Callable[[Data], Iterator[Left]]:
    """A reader of one mark about the field `about` ("" for the customer as such)."""

    def read(data: Data) -> Iterator[Left]:
        yield family, kind, data[about] if about else "", ""

    return read


def _closed(data: Data) -> Iterator[Left]:
    yield "owes", "closed", data["bill_id"], data["why"]


def _ending(data: Data) -> Iterator[Left]:
    yield "life", "ending", data["subscription_id"], "auto" if data.get("auto_renew") else ""


def _talked(data: Data) -> Iterator[Left]:
    if data["direction"] == "inbound":
        yield "did", "talked", data["channel"], ""


EVENTS: Mapping[str, Callable[[Data], Iterator[Left]]] = {
    "customer.updated": _updated,
    "customer.consent_changed": _consent,
    "customer.hold_placed": _held,
    "customer.hold_lifted": _lifted,
    "customer.dormant": _plain("life", "dormant", ""),
    "customer.active": _plain("life", "active", ""),
    "bill.due_soon": _asked,
    "bill.updated": _asked,
    "bill.closed": _closed,
    "payment.missed": _missed,
    "payment.received": _received,
    "payment.failed": _plain("owes", "failed", "bill_id"),
    "payment.reversed": _plain("owes", "reversed", "bill_id"),
    "subscription.expiring": _ending,
    "subscription.expired": _plain("life", "ended", "subscription_id"),
    "subscription.renewed": _plain("life", "renewed", "subscription_id"),
    "subscription.cancelled": _plain("life", "cancelled", "subscription_id"),
    "application.abandoned": _plain("life", "abandoned", "application_id"),
    "application.completed": _plain("life", "completed", "application_id"),
    "application.withdrawn": _plain("life", "withdrawn", "application_id"),
    "contact.made": _talked,
}

# --- facts -----------------------------------------------------------------------------------


def _intended(data: Data) -> Iterator[Left]:
    yield "sent", "sent", data["message_id"], f"{data['channel']}/{data['locale']}"


def _not_sent(data: Data) -> Iterator[Left]:
    if data.get("message_id"):
        yield "sent", "failed", data["message_id"], ""


def _opened(data: Data) -> Iterator[Left]:
    if not data["machine"]:
        yield "did", "opened", data["message_id"], ""


def _clicked(data: Data) -> Iterator[Left]:
    about = f"{data['message_id']} {data['link']}"
    if not data["machine"]:
        yield "did", "clicked", about, data["link"]
    elif data.get("corrects"):
        # In place of the click that was taken for a person's.
        yield "did", "clicked", about, DISOWNED


_WANTS_NOTHING = frozenset({"stop", "cease_contact", "wrong_person"})


def _replied(data: Data) -> Iterator[Left]:
    if data["intent"] not in _WANTS_NOTHING:
        yield "did", "replied", data["message_id"], data["intent"]


def _chose(data: Data) -> Iterator[Left]:
    yield "did", "chose", data["message_id"], data["choice"]


def _requested(data: Data) -> Iterator[Left]:
    yield "did", "requested", data["request_id"], data["kind"]


def _feedback(data: Data) -> Iterator[Left]:
    yield "did", "feedback", data["message_id"], "yes" if data["helpful"] else "no"


def _unsubscribed(data: Data) -> Iterator[Left]:
    yield "life", "contact", f"{data['channel']}/{data['purpose']}", "off"


def _preferred(data: Data) -> Iterator[Left]:
    for name, value in data["changes"].items():
        if "/" in name and value in ("on", "off"):
            yield "life", "contact", name, value


def _proposed(data: Data) -> Iterator[Left]:
    if data["by"] == "customer":
        yield "did", "proposed", data["obligation_id"], ""


def _instalment(kind: str) -> Callable[[Data], Iterator[Left]]:
    def read(data: Data) -> Iterator[Left]:
        yield "owes", kind, f"{data['agreement_id']} {data['instalment']}", ""

    return read


FACTS: Mapping[str, Callable[[Data], Iterator[Left]]] = {
    "hold.lifted": _lifted,
    "message.intended": _intended,
    "message.failed": _not_sent,
    "message.bounced": _not_sent,
    "message.complained": _plain("life", "complained", "message_id"),
    "message.opened": _opened,
    "message.clicked": _clicked,
    "message.replied": _replied,
    "choice.made": _chose,
    "feedback.given": _feedback,
    "contact.unsubscribed": _unsubscribed,
    "contact.preference_changed": _preferred,
    "offer.proposed": _proposed,
    "offer.accepted": _plain("did", "accepted", "obligation_id"),
    "offer.declined": _plain("did", "declined", "obligation_id"),
    "request.made": _requested,
    "agreement.made": _plain("owes", "agreed", "agreement_id"),
    "agreement.kept": _instalment("kept"),
    "agreement.broken": _instalment("broken"),
}
"""The facts that are read; all others on the log are passed over unread."""
