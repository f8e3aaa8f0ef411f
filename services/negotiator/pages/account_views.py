"""What the pages show of bills, subscriptions, payments and requests."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.negotiator.model import Bill, BillState, RequestStatus, SubscriptionStatus
from services.negotiator.pages.formats import Formats
from services.negotiator.tables import PaymentRow, RequestRow, SubscriptionRow


@dataclass(frozen=True, slots=True)
class WishView:
    """Something asked of the publisher; `status` is requested, accepted or refused."""

    text: str
    status: str


@dataclass(frozen=True, slots=True)
class BillView:
    """One bill in a list, and at the head of its own page.

    note: one line on how it stands; explains: it says more than the date beside it.
    """

    path: str
    state: str
    creditor: str
    product: str | None
    amount: str
    due_date: str
    due_day: str | None
    note: str
    explains: bool
    requests: tuple[WishView, ...]


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """One subscription."""

    plan: str
    note: str
    price: str | None
    requests: tuple[WishView, ...]


@dataclass(frozen=True, slots=True)
class PaymentView:
    """One payment that was heard of."""

    date: str
    day: str
    creditor: str
    amount: str
    state: str
    good: bool


def bill(
    formats: Formats,
    words: Mapping[str, Any],
    shown: Bill,
    state: BillState,
    requests: Mapping[str, RequestRow],
    path: str,
) -> BillView:
    """The bill as its reader sees it."""
    creditor = shown.creditor or words["sender"]
    day = formats.day(shown.due_date) if shown.due_date else None
    name = state.value
    if state in (BillState.DUE, BillState.PAST_DUE):
        if state is BillState.DUE and shown.autopay:
            name = "automatic"
        if day is None:
            name = "open"
    # What another party has arranged is not for this one's eyes, nor is what is left of it.
    hides = state in (BillState.ARRANGED, BillState.PAID)
    amount = "" if hides else formats.money(shown.remaining_minor, shown.currency or "")
    return BillView(
        path=path,
        state=state.value,
        creditor=creditor,
        product=shown.product,
        amount=amount,
        due_date=shown.due_date.isoformat() if shown.due_date else "",
        due_day=day,
        note=words["bill_states"][name].format(date=day),
        explains=name not in ("due", "past_due"),
        requests=_requests(formats, words, requests, creditor),
    )


def subscription(
    formats: Formats,
    words: Mapping[str, Any],
    row: SubscriptionRow,
    requests: Mapping[str, RequestRow],
    today: date,
) -> SubscriptionView:
    """The subscription as its reader sees it."""
    texts = words["subscriptions"]
    day = formats.day(row.expires_on) if row.expires_on else None
    name = "running"
    if row.status == SubscriptionStatus.CANCELLED:
        name = "cancelled" if day else "cancelled_undated"
    elif row.status == SubscriptionStatus.EXPIRED or (row.expires_on or today) < today:
        name = "expired" if day else "expired_undated"
    elif day is not None:
        name = "renews" if row.auto_renew else "ends"
    priced = row.price_minor is not None and row.currency is not None
    return SubscriptionView(
        plan=row.plan or texts["unnamed"],
        note=texts[name].format(date=day),
        price=formats.money(row.price_minor or 0, row.currency or "") if priced else None,
        requests=_requests(formats, words, requests, words["sender"]),
    )


def payment(
    formats: Formats, words: Mapping[str, Any], row: PaymentRow, creditor: str | None
) -> PaymentView:
    """The payment as its receipt says it."""
    local = row.at.astimezone(formats.zone).date()
    return PaymentView(
        date=local.isoformat(),
        day=formats.day(local),
        creditor=creditor or words["sender"],
        amount=formats.money(row.amount_minor, row.currency),
        state=words["payments"][row.status],
        good=row.status == "received",
    )


def waiting(requests: Mapping[str, RequestRow]) -> set[str]:
    """The kinds of request that the publisher has not answered yet."""
    return {kind for kind, row in requests.items() if row.status == RequestStatus.REQUESTED}


def _requests(
    formats: Formats, words: Mapping[str, Any], requests: Mapping[str, RequestRow], creditor: str
) -> tuple[WishView, ...]:
    newest_last = sorted(requests.values(), key=lambda row: row.made_at)
    return tuple(
        WishView(_request(formats, words, row, creditor), row.status) for row in newest_last
    )


def _request(formats: Formats, words: Mapping[str, Any], row: RequestRow, creditor: str) -> str:
    name, figures = row.kind, {"creditor": creditor}
    if row.kind == "due_date":
        figures["date"] = formats.day(date.fromisoformat(row.details["due_date"]))
    elif row.kind == "payment_day":
        figures["day"] = words["days"].format(day=row.details["day"])
    elif row.kind == "autopay":
        name = "autopay_on" if row.details["on"] else "autopay_off"
    text: str = words["requests"].get(name, words["requests"]["other"])[row.status]
    return text.format(**figures)
