"""What was written to a customer, in the portal: for verified visitors only. No script."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.negotiator import account_store
from services.negotiator.api.entrance import Entrance, Fields, Guest, keep_language, see
from services.negotiator.api.inbox_pages import LONGEST, InboxPages
from services.negotiator.api.limits import PerMinute
from services.negotiator.api.portal import ask_first
from services.negotiator.api.postbox import Away, Holder, Postbox
from services.negotiator.rules.bills import NOTHING_KNOWN

ANSWERS_A_MINUTE = 6


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

    def __init__(
        self, entrance: Entrance, postbox: Postbox, monotonic: Callable[[], float]
    ) -> None:
        """monotonic: real seconds."""
        self._entrance = entrance
        self._postbox = postbox
        self._monotonic = monotonic
        self._tries = PerMinute(ANSWERS_A_MINUTE)

    def routes(self) -> APIRouter:
        """The router; its pages are for people and stay out of the schema."""
        router = APIRouter(prefix="/p/{token}/messages", include_in_schema=False)
        router.get("")(self.listed)
        router.get("/{message_id}")(self.message)
        # The language switch, and a reload, after a form.
        for what in ("read", "reply"):
            router.get(f"/{{message_id}}/{what}")(self.back)
        router.post("/{message_id}/read")(self.read)
        router.post("/{message_id}/reply")(self.reply)
        return router

    def listed(
        self, request: Request, token: str, before: str | None = None, notice: str | None = None
    ) -> Response:
        """The newest messages, or those before one."""
        reader = self._entrance.look(request, token, lambda guest: _reader(guest, notice))
        if isinstance(reader, Response):
            return reader
        try:
            found = self._postbox.newest(reader.who, before)
        except Away:
            return keep_language(request, reader.pages.away())
        return keep_language(request, reader.pages.listed(found, first=before is None))

    def message(
        self, request: Request, token: str, message_id: str, notice: str | None = None
    ) -> Response:
        """One message; looking at it changes nothing."""
        reader = self._entrance.look(request, token, lambda guest: _reader(guest, notice))
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
        return self._tell(
            request, token, fields, lambda who: self._postbox.read(who, message_id), ""
        )

    def reply(self, request: Request, token: str, message_id: str, fields: Fields) -> Response:
        """They answer it, in their own words."""
        words = fields.get("text", "")
        if not words or len(words) > LONGEST:
            return see(f"/p/{token}/messages/{message_id}?notice=answer_length")
        if not self._tries.take(token, self._monotonic()):
            return see(f"/p/{token}/messages/{message_id}?notice=too_often")
        return self._tell(
            request,
            token,
            fields,
            lambda who: self._postbox.reply(who, message_id, words),
            "?notice=answered",
        )

    def _tell(
        self,
        request: Request,
        token: str,
        fields: Fields,
        tell: Callable[[Holder], None],
        then: str,
    ) -> Response:
        """Tell the messenger, and back to the list; `fields`: of this visit's own form."""
        reader = self._entrance.look(request, token, _reader, fields)
        if isinstance(reader, Response):
            return reader
        try:
            tell(reader.who)
        except LookupError:
            return reader.pages.unknown()
        except Away:
            return reader.pages.away()
        return see(f"{reader.pages.here}{then}")

    def back(self, token: str, message_id: str, lang: str | None = None) -> Response:
        """From the address of the form to the message."""
        return see(f"/p/{token}/messages/{message_id}" + (f"?lang={lang}" if lang else ""))


def _reader(guest: Guest, notice: str | None = None) -> Reader | Response:
    if guest.session is None:
        return ask_first(guest)
    owner = guest.visit.customer
    ids = account_store.ids_of(guest.work.session, owner.tenant, owner.customer)
    pages = guest.pages(notice)
    formats = pages.formats(guest.visit, NOTHING_KNOWN)
    return Reader(Holder(owner.tenant, ids), InboxPages(pages, formats))
