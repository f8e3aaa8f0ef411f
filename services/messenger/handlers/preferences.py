"""How customers want to be written to: how often, when, in which language, by which way."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from services.messenger import message_store, suppression_store
from services.messenger.handlers import answers
from services.messenger.model import ANY
from services.messenger.tables import CustomerRow, MessageRow
from services.policy.preferences import HOURS, MOST_A_WEEK
from services.runtime.context import Context
from services.runtime.unit_of_work import UnitOfWork

LANGUAGES = ("en", "zh", "ja")
WAYS = ("email", "sms")
ANOTHER_WAY = "by_another_way"
"""Reason of a suppression: the customer wants to be reached by another channel."""

Way = Literal["any", "email", "sms"]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a form says; None: it does not speak of it. `any` takes a wish back."""

    max_a_week: str | None = None
    hours: str | None = None
    language: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known here of a customer, as it is told to them."""

    name: str | None
    email: str | None
    phone: str | None
    language: str | None
    place: str | None
    sent: tuple[tuple[datetime, str], ...]
    answers: int
    with_a_person: bool


def wishes_of(context: Context, message: MessageRow) -> Mapping[str, Any]:
    """What the message's customer has asked for, by name."""
    with context.unit() as work:
        row = work.session.get(CustomerRow, (message.tenant, message.customer))
        return dict(row.wishes) if row else {}


def wish(context: Context, message_id: str, wishes: Wishes) -> Mapping[str, Any]:
    """Keep what the customer asks for, from now on: all their wishes. Raises NotKnown."""
    with context.unit() as work:
        message, customer = answers.with_customer(work, message_id)
        changes = {
            name: value
            for name, value in _read(wishes).items()
            if value != customer.wishes.get(name)
        }
        if not changes:
            return dict(customer.wishes)
        after = {**customer.wishes, **changes}
        customer.wishes = {name: value for name, value in after.items() if value is not None}
        if changes.get("language"):
            customer.locale = changes["language"]
        told = {name: value for name, value in changes.items() if name != "by"}
        if "by" in changes:
            told |= _by(work, message, changes["by"])
        if told:
            answers.tell_changes(work, message, told)
        return dict(customer.wishes)


def known(context: Context, message: MessageRow) -> Known:
    """What is known of the message's customer."""
    with context.unit() as work:
        row = work.session.get(CustomerRow, (message.tenant, message.customer))
        who = (message.tenant, message.customer)
        sent = tuple(message_store.last_sent(work.session, *who, limit=5))
        written = len(message_store.replies(work.session, *who, limit=200))
        if row is None:
            return Known(None, None, None, None, None, sent, written, False)
        place = ", ".join(filter(None, (row.city, row.region, row.country, row.timezone)))
        return Known(
            name=row.name,
            email=masked(row.email) if row.email else None,
            phone=f"{row.phone[:3]}•••{row.phone[-2:]}" if row.phone else None,
            language=row.locale,
            place=place or None,
            sent=sent,
            answers=written,
            with_a_person=bool(row.handoffs),
        )


def masked(email: str) -> str:
    """An address that its owner knows again and nobody else learns: `h•••@example.com`."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def _read(wishes: Wishes) -> dict[str, Any]:
    """The wishes that are spoken of; what nobody may ask for is none."""
    said: dict[str, Any] = {}
    if wishes.max_a_week is not None:
        seldom = {str(number): number for number in MOST_A_WEEK}
        said["max_a_week"] = seldom.get(wishes.max_a_week)
    if wishes.hours is not None:
        said["hours"] = wishes.hours if wishes.hours in HOURS else None
    if wishes.language is not None:
        said["language"] = wishes.language if wishes.language in LANGUAGES else None
    if wishes.by is not None:
        said["by"] = wishes.by if wishes.by in WAYS else None
    return said


def _by(work: UnitOfWork, message: MessageRow, way: str | None) -> dict[str, str]:
    """Shut the ways that are not wanted, and open those that were: what there is to tell."""
    told: dict[str, str] = {}
    who = (message.tenant, message.customer)
    for channel in WAYS:
        if way not in (None, channel):
            answers.suppress(work, message, ANY, ANOTHER_WAY, channel=channel)
            told[f"{channel}/*"] = "off"
        elif suppression_store.lift_suppressions(work.session, *who, channel, ANY, ANOTHER_WAY):
            told[f"{channel}/*"] = "on"
    return told
