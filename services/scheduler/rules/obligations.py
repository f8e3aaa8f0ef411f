"""What an event says of an obligation. When in doubt, what is settled stays settled."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from services.scheduler.model import Heard, Obligation, ObligationState
from services.scheduler.rules import holds

_TERMS = frozenset(
    {
        "bill.due_soon",
        "bill.updated",
        "payment.missed",
        "subscription.expiring",
        "subscription.expired",
        "application.abandoned",
        "benefit.granted",
    }
)
_CLOSING = {
    "bill.closed": "closed",
    "subscription.renewed": "renewed",
    "subscription.cancelled": "cancelled",
    "application.completed": "completed",
    "application.withdrawn": "withdrawn",
    "benefit.withdrawn": "withdrawn",
}
_PAYMENTS = frozenset({"payment.received", "payment.failed", "payment.reversed"})
_AGREEMENTS = frozenset(
    {"agreement.made", "agreement.reopened", "agreement.broken", "agreement.completed"}
)
_REMEMBERED = 20
"""Payments of a bill whose outcome is remembered, so that late news of them changes nothing."""
_SUMS = frozenset({"amount_minor", "balance_minor"})
_NOTICE = "notice.sent"
TELLING = _TERMS | _PAYMENTS | set(_CLOSING) | _AGREEMENTS | holds.TELLING | {_NOTICE}
"""Types that say something of an obligation."""
_FIELDS = {
    "creditor": ("creditor",),
    "amount_minor": ("amount_minor", "price_minor"),
    "balance_minor": ("balance_minor",),
    "currency": ("currency",),
    "due_date": ("due_date", "expires_on", "valid_until"),
    "due_timezone": ("due_timezone",),
    "product": ("product", "plan"),
    "actor_role": ("actor_role",),
}


def learn(known: Obligation | None, heard: Heard) -> Obligation | None:
    """The obligation after `heard`; as it was (or None) where that says nothing of it."""
    if heard.about is None or heard.type not in TELLING:
        return known
    tenant, kind, identity = heard.about
    before = known or Obligation(tenant, identity, kind=kind)
    if heard.stale or _outdated(before, heard):
        return before
    if heard.type in _AGREEMENTS:
        return _by_agreement(before, heard)
    if heard.type in holds.TELLING:
        return msgspec.structs.replace(before, holds=holds.with_hold(before.holds, heard))
    if heard.type == _NOTICE:
        sent = tuple(sorted({*before.notices, str(heard.data["kind"])}))
        return msgspec.structs.replace(before, notices=sent)
    if heard.type in _TERMS:
        after = _by_terms(before, heard)
    elif heard.type in _PAYMENTS:
        after = _by_payment(before, heard)
    else:
        after = _by_closing(before, heard)
    version = max((v for v in (before.version, heard.version) if v is not None), default=None)
    return msgspec.structs.replace(
        after,
        version=version,
        parties=_parties(before, heard),
        as_of=max(filter(None, (before.as_of, heard.time))),
    )


def fill_gaps(known: Obligation | None, terms: Obligation) -> Obligation:
    """The obligation with what only a command's terms say; what events said stays."""
    if known is None:
        return terms
    missing = {
        name: value
        for name in (*_FIELDS, "version")
        if getattr(known, name) is None and (value := getattr(terms, name)) is not None
    }
    parties = tuple(sorted({*known.parties, *terms.parties}))
    return msgspec.structs.replace(known, parties=parties, **missing)


def _outdated(known: Obligation, heard: Heard) -> bool:
    """Whether the publisher's version says that something newer is known."""
    return (
        heard.version is not None and known.version is not None and (heard.version < known.version)
    )


def _by_terms(known: Obligation, heard: Heard) -> Obligation:
    given = _given(heard.data)
    by_version = None not in (heard.version, known.version) and heard.version != known.version
    if known.terms_at is not None and heard.time < known.terms_at and not by_version:
        # Late news: it may tell what was never known, and replaces nothing.
        given = {name: value for name, value in given.items() if getattr(known, name) is None}
    elif _is_older(known, heard):
        # A payment came since: it told how much is asked, and nothing of the other terms.
        given = {name: value for name, value in given.items() if name not in _SUMS}
    known = msgspec.structs.replace(known, terms_at=max(filter(None, (known.terms_at, heard.time))))
    if known.state is ObligationState.OPEN:
        return msgspec.structs.replace(known, **given)
    if not _reopened_by_terms(known, heard, given.get("due_date")):
        kept = {n: v for n, v in given.items() if n not in ("amount_minor", "due_date")}
        reopens_from = _covered(known, heard, _given(heard.data).get("due_date"))
        return msgspec.structs.replace(known, reopens_from=reopens_from, **kept)
    agreed = known.agreement_id
    if known.agreed_at and known.closed_at and known.agreed_at < known.closed_at:
        agreed = None  # it was about what has ended
    return msgspec.structs.replace(_opened(known), agreement_id=agreed, **given)


def _reopened_by_terms(known: Obligation, heard: Heard, due_date: date | None) -> bool:
    """Whether new terms are about a new period or by a newer version, and not merely late."""
    if heard.version is not None and known.closed_version is not None:
        return heard.version > known.closed_version
    if known.closed_at is None or heard.time <= known.closed_at:
        return False
    if known.reopens_from is not None:
        return due_date is not None and due_date >= known.reopens_from
    return known.kind == "subscription" and due_date is not None


def _after_all_told(known: Obligation) -> date | None:
    """The day after every due date that was told before the end."""
    days = [] if known.due_date is None else [known.due_date + timedelta(days=1)]
    return max([*days, *filter(None, (known.reopens_from,))], default=None)


def _covered(known: Obligation, heard: Heard, due_date: date | None) -> date | None:
    """From which due date on it may open again: what was asked before the end ended with it."""
    since = known.reopens_from
    if due_date is None or known.closed_at is None or heard.time > known.closed_at:
        return since
    after = due_date + timedelta(days=1)
    return after if since is None or after > since else since


def _by_payment(known: Obligation, heard: Heard) -> Obligation:
    remaining = heard.data.get("remaining_minor")
    currency = known.currency or heard.data.get("currency")
    payment = str(heard.data["payment_id"])
    on_its_way = dict(known.pending_payments)
    if heard.type == "payment.received" and heard.data.get("pending"):
        if payment in known.past_payments and heard.time < known.past_payments[payment]:
            return known
        on_its_way[payment] = max(heard.time, on_its_way.get(payment, heard.time))
        return msgspec.structs.replace(known, currency=currency, pending_payments=on_its_way)
    if payment in on_its_way and on_its_way[payment] <= heard.time:
        del on_its_way[payment]
    past = {one: at for one, at in known.past_payments.items() if one != payment}
    past[payment] = max(heard.time, known.past_payments.get(payment, heard.time))
    remembered = dict(list(past.items())[-_REMEMBERED:])
    known = msgspec.structs.replace(
        known, currency=currency, pending_payments=on_its_way, past_payments=remembered
    )
    if known.state is ObligationState.CLOSED:
        return _paid_though_closed(known, heard)
    if heard.type == "payment.received" and remaining == 0:
        return _ended(known, heard, ObligationState.SETTLED, "paid", amount_minor=0)
    if remaining is None or _is_older(known, heard):
        return known
    if known.state is ObligationState.SETTLED:
        taken_back = heard.type != "payment.received" and remaining > 0
        if not taken_back or not _since_closing(known, heard):
            return known
        known = _opened(known)
    return msgspec.structs.replace(known, amount_minor=remaining)


def _paid_though_closed(known: Obligation, heard: Heard) -> Obligation:
    """What was recalled or sold stays so, whatever is still paid.

    The payment may be of a later bill that is told of after it: that one asks for what was left,
    and for nothing where all was paid.
    """
    remaining = heard.data.get("remaining_minor")
    if heard.type == "payment.received" and remaining == 0:
        closed_at = max(filter(None, (known.closed_at, heard.time)))
        versions = [v for v in (known.closed_version, heard.version) if v is not None]
        return msgspec.structs.replace(
            known, amount_minor=0, closed_at=closed_at, closed_version=max(versions, default=None)
        )
    if remaining is None or _is_older(known, heard):
        return known
    return msgspec.structs.replace(known, amount_minor=remaining)


def _by_closing(known: Obligation, heard: Heard) -> Obligation:
    why = str(heard.data.get("why") or _CLOSING[heard.type])
    if why == "paid":
        return _ended(known, heard, ObligationState.SETTLED, why, amount_minor=0)
    ended = _ended(known, heard, ObligationState.CLOSED, why)
    new_end = _day(heard.data.get("expires_on"))
    if heard.type == "subscription.renewed" and new_end is not None:
        return msgspec.structs.replace(ended, reopens_from=new_end)
    return ended


def _by_agreement(known: Obligation, heard: Heard) -> Obligation:
    if known.agreed_at is not None and heard.time < known.agreed_at:
        return known
    if heard.type in ("agreement.made", "agreement.reopened"):
        taken_back = heard.type == "agreement.reopened"
        opens = taken_back and known.state is ObligationState.SETTLED
        running = _opened(known) if opens else known
        agreement_id = str(heard.data["agreement_id"])
        return msgspec.structs.replace(running, agreement_id=agreement_id, agreed_at=heard.time)
    if heard.type == "agreement.broken":
        if known.agreement_id not in (None, heard.data["agreement_id"]):
            return known
        return msgspec.structs.replace(known, agreement_id=None)
    if known.state is ObligationState.CLOSED:
        return msgspec.structs.replace(known, agreement_id=None)
    settled = _ended(known, heard, ObligationState.SETTLED, "agreement_completed")
    return msgspec.structs.replace(settled, agreement_id=None)


def _ended(
    known: Obligation, heard: Heard, state: ObligationState, why: str, **more: Any
) -> Obligation:
    if known.closed_at is not None and known.closed_at > heard.time:
        if state is ObligationState.CLOSED and known.state is ObligationState.SETTLED:
            # It was recalled before it was paid: money that comes back does not open it again.
            more |= {"state": state, "reason": why}
        return msgspec.structs.replace(known, **more)
    return msgspec.structs.replace(
        known,
        state=state,
        reason=why,
        closed_at=heard.time,
        closed_version=heard.version,
        closed_by=heard.id,
        reopens_from=_after_all_told(known),
        pending_payments=_since(known.pending_payments, heard.time),
        **more,
    )


def _since(payments: Mapping[str, datetime], end: datetime) -> dict[str, datetime]:
    return {one: at for one, at in payments.items() if at > end}


def _opened(known: Obligation) -> Obligation:
    return msgspec.structs.replace(
        known,
        state=ObligationState.OPEN,
        reason=None,
        closed_at=None,
        closed_version=None,
        closed_by=None,
        reopens_from=None,
    )


def _since_closing(known: Obligation, heard: Heard) -> bool:
    if heard.version is not None and known.closed_version is not None:
        return heard.version >= known.closed_version
    return known.closed_at is None or heard.time >= known.closed_at


def _is_older(known: Obligation, heard: Heard) -> bool:
    """Whether newer terms are known: by version where both have one, else by time."""
    if heard.version is not None and known.version is not None:
        return heard.version < known.version
    return known.as_of is not None and heard.time < known.as_of


def _given(data: Mapping[str, Any]) -> dict[str, Any]:
    """The terms that an event's data gives, by our names."""
    found: dict[str, Any] = {}
    for name, sources in _FIELDS.items():
        value = next((data[source] for source in sources if data.get(source) is not None), None)
        if value is not None:
            found[name] = _day(value) if name == "due_date" else value
    return found


def _parties(known: Obligation, heard: Heard) -> tuple[str, ...]:
    named = {str(party["customer_id"]) for party in heard.data.get("parties") or ()}
    return tuple(sorted({*known.parties, *named, heard.customer}))


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value
