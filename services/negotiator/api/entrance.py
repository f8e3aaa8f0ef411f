"""Through the door of the portal: whose link it is, in which language, verified or not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response

from services.negotiator.api.portal_pages import Pages
from services.negotiator.api.visitors import Binding, form_fields
from services.negotiator.handlers import visits
from services.negotiator.handlers.visits import Visit
from services.negotiator.pages import HEADERS
from services.negotiator.pages.wording import choose, supported
from services.negotiator.settings import NegotiatorSettings
from services.negotiator.tables import CaseRow, SessionRow
from services.runtime.context import Context
from services.runtime.security import InvalidToken
from services.runtime.unit_of_work import UnitOfWork

Found = TypeVar("Found")
LANGUAGE_COOKIE = "language"
Fields = Annotated[Mapping[str, str], Depends(form_fields)]


@dataclass(frozen=True, slots=True)
class Guest:
    """Someone who came by a good link. `session` is None until they are verified."""

    work: UnitOfWork
    request: Request
    base: str
    visit: Visit
    session: SessionRow | None
    language: str
    form: str

    def pages(self, notice: str | None = None, status: int = 200) -> Pages:
        """Pages for this guest."""
        return Pages(self.language, self.base, self.form, notice, status)


@dataclass(frozen=True, slots=True)
class Act:
    """One posted form under the customer's lock."""

    guest: Guest
    case: CaseRow
    fields: Mapping[str, str]

    @property
    def work(self) -> UnitOfWork:
        """The transaction of all that is done."""
        return self.guest.work


class Entrance:
    """Reads links, cookies and forms. The token names the message that brought the customer."""

    def __init__(self, context: Context, settings: NegotiatorSettings) -> None:
        self._context = context
        secure = (context.settings.public_url or "").startswith("https:")
        self._binding = Binding(context.signer, "portal", settings.portal_session, secure)

    def show(self, request: Request, token: str, do: Callable[[Guest], Response]) -> Response:
        """Show a page; nothing is locked, and nothing may be changed."""
        with self._context.unit() as work:
            guest = self._guest(work, request, token)
            if guest is None:
                return Pages(language_of(request, None)).one_moment()
            return keep_language(request, do(guest))

    def look(
        self,
        request: Request,
        token: str,
        find: Callable[[Guest], Found],
        fields: Mapping[str, str] | None = None,
    ) -> Found | Response:
        """What `find` makes of a guest, the transaction being over; or the page to show instead.

        For what is to be asked elsewhere. fields: of a form, which must be this visit's own.
        """
        with self._context.unit() as work:
            guest = self._guest(work, request, token)
            if guest is None:
                return Pages(language_of(request, None)).one_moment()
            if fields is not None and not self._binding.is_own_form(
                fields, _bound_to(guest.visit, guest.session), work.now
            ):
                return see(f"{guest.base}?notice={'form' if guest.session else 'session'}")
            return find(guest)

    def act(
        self,
        request: Request,
        token: str,
        fields: Mapping[str, str],
        do: Callable[[Act], Response],
        again: Callable[[Guest, str], Response],
    ) -> Response:
        """Do what a form asks for, once it is known to be this visit's own form.

        `again` shows the page once more with a notice where it is not.
        """
        with self._context.unit() as work:
            guest = self._guest(work, request, token)
            if guest is None:
                return Pages(language_of(request, None)).one_moment()
            if not self._binding.is_own_form(
                fields, _bound_to(guest.visit, guest.session), work.now
            ):
                return again(guest, "form" if guest.session else "session")
            visit, case = visits.enter(work, guest.visit)
            return do(Act(self._known(work, request, guest.base, visit), case, fields))

    def outside(self, request: Request) -> str:
        """The base of addresses here, as somebody elsewhere must be told them."""
        public = self._context.settings.public_url
        return (public or str(request.base_url)).rstrip("/")

    def admit(self, response: Response, case: CaseRow, session: SessionRow) -> None:
        """Give a verified visitor the cookie of their session."""
        payload = {"s": session.session_id}
        self._binding.set_cookie(response, _cookie(case), payload, session.expires_at)

    def dismiss(self, response: Response, case: CaseRow) -> None:
        """Let the browser forget its session."""
        self._binding.drop_cookie(response, _cookie(case))

    def _guest(self, work: UnitOfWork, request: Request, token: str) -> Guest | None:
        """Who came; None where the message is not known yet. Raises InvalidToken."""
        payload = self._context.signer.verify("portal", token, work.now)
        if not isinstance(payload.get("m"), str):
            raise InvalidToken
        visit = visits.look(work, str(payload["m"]))
        return self._known(work, request, f"/p/{token}", visit) if visit else None

    def _known(self, work: UnitOfWork, request: Request, base: str, visit: Visit) -> Guest:
        session = self._session(work, request, visit)
        form = self._binding.form_token(_bound_to(visit, session), work.now)
        return Guest(work, request, base, visit, session, language_of(request, visit), form)

    def _session(self, work: UnitOfWork, request: Request, visit: Visit) -> SessionRow | None:
        if visit.case is None:
            return None
        cookie = self._binding.read_cookie(request, _cookie(visit.case), work.now)
        return visits.session_of(work.session, visit, cookie.get("s", ""), work.now)


def language_of(request: Request, visit: Visit | None) -> str:
    """The one chosen on the page, else the message's, else the customer's, else any."""
    return choose(
        request.query_params.get("lang"),
        request.cookies.get(LANGUAGE_COOKIE),
        visit.invitation.locale if visit else None,
        visit.customer.locale if visit else None,
        accept=request.headers.get("accept-language", ""),
    )


def keep_language(request: Request, page: Response) -> Response:
    """The page, with a cookie for the language if it was chosen on it."""
    chosen = supported(request.query_params.get("lang"))
    if chosen:
        page.set_cookie(LANGUAGE_COOKIE, chosen, httponly=True, samesite="lax", path="/p")
    return page


def was_inside(guest: Guest) -> bool:
    """Whether this browser had a session that is over now."""
    return guest.visit.case is not None and _cookie(guest.visit.case) in guest.request.cookies


def see(path: str) -> Response:
    """Go on to another page."""
    return RedirectResponse(path, 303, headers=dict(HEADERS))


def _cookie(case: CaseRow) -> str:
    """One cookie a case, so that two cases can be open side by side."""
    return f"portal-{case.case_id[:8]}"


def _bound_to(visit: Visit, session: SessionRow | None) -> str:
    return session.session_id if session else visit.invitation.message_id
