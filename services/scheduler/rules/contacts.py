"""Contacts that count: how long, and those that the publisher's own people made."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.policy import gate
from services.policy.counting import by_people
from services.policy.model import Pack
from services.scheduler.model import Book, Heard, Reserved
from services.scheduler.rules.holds import instant


def counted_since(packs: Sequence[Pack], now: datetime) -> datetime:
    """What was made before this instant counts for no cap of these packs."""
    return now - gate.longest_window(packs) - timedelta(seconds=1)


def note_contact(book: Book, heard: Heard) -> None:
    """Count what a `contact.made` tells of; a customer who called was not contacted."""
    if heard.data["direction"] != "outbound":
        return
    contact = by_people(
        str(heard.data["channel"]),
        str(heard.data["outcome"]),
        instant(heard.data["at"]) or heard.time,
        heard.obligation_id,
    )
    name = book.derive("contact.made", heard.source, heard.id)
    book.put(Reserved(heard.tenant, heard.customer, name, contact))
