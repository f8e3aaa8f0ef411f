"""What was written to a customer, in the portal: for verified visitors only. No script."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.negotiator import account_store
from services.negotiator.api.entrance import Entrance, Fields, Guest, keep_language, see
from services.negotiator.api.inbox_pages import InboxPages
from services.negotiator.api.portal import ask_first
from services.negotiator.api.postbox import Away, Holder, Postbox
from services.negotiator.rules.bills import NOTHING_KNOWN


@dataclass(frozen=True, slots=True)
class Reader:
    """A verified visitor, after the transaction in which they were known."""

    who: Holder
    pages: InboxPages


class Inbox:
    """The routes under /p/{token}/messages.

    The messenger is asked after this service's own transaction: while it is slow, no lock and no
    connection waits for it.
    """

    def __init__(self, entrance: Entrance, postbox: Postbox) -> None:
        self._entrance = entrance
        self._postbox = postbox

    def routes(self) -> APIRouter:
        """The router; its pages are for people and stay out of the schema."""
        router = APIRouter(prefix="/p/{token}/messages", include_in_schema=False)
        router.get("")(self.listed)
        router.get("/{message_id}")(self.message)
        # The language switch, and a reload, after the form.
        router.get("/{message_id}/read")(self.back)
        router.post("/{message_id}/read")(self.read)
        return router

    def listed(self, request: Request, token: str, before: str | None = None) -> Response:
        """The newest messages, or those before one."""
        reader = self._entrance.look(request, token, _reader)
        if isinstance(reader, Response):
            return reader
        try:
            found = self._postbox.newest(reader.who, before)
        except Away:
            return keep_language(request, reader.pages.away())
        return keep_language(request, reader.pages.listed(found, first=before is None))

    def message(self, request: Request, token: str, message_id: str) -> Response:
        """One message; looking at it changes nothing."""
        reader = self._entrance.look(request, token, _reader)
        if isinstance(reader, Response):
            return reader
        try:
            page = reader.pages.message(self._postbox.one(reader.who, message_id))
        except LookupError:
            page = reader.pages.unknown()
        except Away:
            page = reader.pages.away()
        return keep_language(request, page)

    def read(self, request: Request, token: str, message_id: str, fields: Fields) -> Response:
        """They have read it: back to the list, where it is new no more."""
        reader = self._entrance.look(request, token, _reader, fields)
        if isinstance(reader, Response):
            return reader
        try:
            self._postbox.read(reader.who, message_id)
        except LookupError:
            return reader.pages.unknown()
        except Away:
            return reader.pages.away()
        return see(reader.pages.here)

    def back(self, token: str, message_id: str, lang: str | None = None) -> Response:
        """From the address of the form to the message."""
        return see(f"/p/{token}/messages/{message_id}" + (f"?lang={lang}" if lang else ""))


def _reader(guest: Guest) -> Reader | Response:
    if guest.session is None:
        return ask_first(guest)
    owner = guest.visit.customer
    ids = account_store.ids_of(guest.work.session, owner.tenant, owner.customer)
    pages = guest.pages()
    formats = pages.formats(guest.visit, NOTHING_KNOWN)
    return Reader(Holder(owner.tenant, ids), InboxPages(pages, formats))
