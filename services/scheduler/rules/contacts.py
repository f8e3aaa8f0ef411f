"""Contacts that the publisher's own people made."""

from services.policy.counting import by_people
from services.scheduler.model import Book, Heard, Reserved
from services.scheduler.rules.holds import instant


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
