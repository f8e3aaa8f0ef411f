"""The customer's portal: verify, see plans, agree, ask for a person. Forms, no script."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from services.negotiator.api.portal_pages import REFRESH_SECONDS, Pages
from services.negotiator.api.visitors import Binding, form_fields
from services.negotiator.handlers import acceptance, offers, people, verification, visits
from services.negotiator.handlers.visits import Visit
from services.negotiator.model import HandoffReason, Refusal
from services.negotiator.pages import HEADERS
from services.negotiator.pages.wording import choose, supported
from services.negotiator.settings import NegotiatorSettings
from services.negotiator.tables import CaseRow, SessionRow
from services.runtime.context import Context
from services.runtime.database import is_passing
from services.runtime.security import InvalidToken
from services.runtime.unit_of_work import UnitOfWork

LANGUAGE_COOKIE = "language"
Fields = Annotated[Mapping[str, str], Depends(form_fields)]

REFUSED_STATUS = {
    Refusal.UNKNOWN_OFFER: 404,
    Refusal.EXPIRED: 410,
}
ASKED_BEFORE_VERIFICATION = (HandoffReason.ASKED, HandoffReason.NO_EVIDENCE)
ASKED_INSIDE = (HandoffReason.ASKED, HandoffReason.DISPUTE, HandoffReason.HARDSHIP)


class Portal:
    """The routes under /p/{token}. The token names the message that brought the customer."""

    def __init__(self, context: Context, settings: NegotiatorSettings) -> None:
        self._context = context
        self._settings = settings
        secure = (context.settings.public_url or "").startswith("https:")
        self._binding = Binding(context.signer, "portal", settings.portal_session, secure)

    def routes(self) -> APIRouter:
        """The router; its pages are for people and stay out of the schema."""
        router = APIRouter(prefix="/p/{token}", include_in_schema=False)
        router.get("")(self.door)
        router.get("/plans")(self.plans)
        router.get("/thanks")(self.thanks)
        router.post("/verify")(self.verify)
        router.post("/plans")(self.renew)
        router.post("/accept")(self.accept)
        router.post("/person")(self.person)
        router.post("/not-me")(self.not_me)
        router.post("/leave")(self.leave)
        return router

    def invalid(self, request: Request, error: Exception) -> Response:
        """The plain page for a token that is forged or expired."""
        expired = isinstance(error, InvalidToken) and error.expired
        name, status = ("expired", 410) if expired else ("invalid", 404)
        return Pages(self._language(request, None), status=status).message(name)

    def unreachable(self, request: Request, error: Exception) -> Response:
        """The page while the database does not answer; other failures go on as they are."""
        if not is_passing(error):
            raise error
        page = Pages(self._language(request, None), status=503).message("unreachable")
        page.headers["Retry-After"] = str(REFRESH_SECONDS)
        return page

    def door(self, request: Request, token: str, notice: str | None = None) -> Response:
        """The questions, or straight on where they were answered in this browser."""
        with self._context.unit() as work:
            return self._show(work, request, token, notice, inside=False)

    def plans(self, request: Request, token: str, notice: str | None = None) -> Response:
        """What a verified customer finds; back to the questions for anyone else."""
        with self._context.unit() as work:
            return self._show(work, request, token, notice, inside=True)

    def thanks(self, request: Request, token: str) -> Response:
        """What follows now that something was asked for (`?for=`)."""
        with self._context.unit() as work:
            visit = visits.look(work, self._message_id(token, work))
            pages = Pages(self._language(request, visit), _base(token))
            return self._keep_language(request, pages.thanks(request.query_params.get("for", "")))

    def verify(self, request: Request, token: str, fields: Fields) -> Response:
        """Two answers; right ones open a session and show the plans of today."""
        return self._act(request, token, fields, self._verify)

    def renew(self, request: Request, token: str, fields: Fields) -> Response:
        """Make new offers where the former have run out."""
        return self._act(request, token, fields, self._renew)

    def accept(self, request: Request, token: str, fields: Fields) -> Response:
        """Agree to the offer `offer_id`."""
        return self._act(request, token, fields, self._accept)

    def person(self, request: Request, token: str, fields: Fields) -> Response:
        """Ask for a person, with a `reason`."""
        return self._act(request, token, fields, self._person)

    def not_me(self, request: Request, token: str, fields: Fields) -> Response:
        """Whoever reads the message is not its customer."""
        return self._act(request, token, fields, self._not_me)

    def leave(self, request: Request, token: str, fields: Fields) -> Response:
        """Close the session of this browser."""
        return self._act(request, token, fields, self._leave)

    def _verify(self, act: "Act") -> Response:
        asked = verification.questions(act.work, act.visit)
        if asked and not all(act.fields.get(kind) for kind in asked):
            return _see(f"{act.base}?notice=form")
        outcome = verification.answer(
            act.work,
            self._context.signer,
            act.visit,
            act.case,
            act.fields,
            self._settings.portal_session,
        )
        if not isinstance(outcome, SessionRow):
            wrong = outcome is verification.Outcome.WRONG
            return _see(f"{act.base}?notice=wrong" if wrong else act.base)
        offers.propose(act.work, self._context.signer, act.visit, act.case)
        answer = _see(f"{act.base}/plans")
        self._binding.set_cookie(
            answer, _cookie(act.case), {"s": outcome.session_id}, outcome.expires_at
        )
        return answer

    def _renew(self, act: "Act") -> Response:
        if act.session is None:
            return _see(f"{act.base}?notice=session")
        offers.propose(act.work, self._context.signer, act.visit, act.case)
        return _see(f"{act.base}/plans")

    def _accept(self, act: "Act") -> Response:
        if act.session is None:
            return _see(f"{act.base}?notice=session")
        refusal = acceptance.accept(
            act.work, self._context.signer, act.case, act.fields.get("offer_id", "")
        )
        if refusal is None:
            return _see(f"{act.base}/plans")
        if refusal in (Refusal.EXPIRED, Refusal.AMOUNT_CHANGED):
            offers.propose(act.work, self._context.signer, act.visit, act.case)
        form = self._binding.form_token(_bound_to(act.visit, act.session), act.work.now)
        status = REFUSED_STATUS.get(refusal, 409)
        pages = Pages(self._language(act.request, act.visit), act.base, form, refusal, status)
        return pages.inside(act.work, act.visit, act.case)

    def _person(self, act: "Act") -> Response:
        allowed = ASKED_INSIDE if act.session else ASKED_BEFORE_VERIFICATION
        reason = next((one for one in allowed if one == act.fields.get("reason")), allowed[0])
        people.request(act.work, act.case, reason)
        return _see(f"{act.base}/thanks?for={reason}")

    def _not_me(self, act: "Act") -> Response:
        verification.not_me(act.work, act.case)
        answer = _see(f"{act.base}/thanks?for={HandoffReason.WRONG_PERSON}")
        self._binding.drop_cookie(answer, _cookie(act.case))
        return answer

    def _leave(self, act: "Act") -> Response:
        if act.session is not None:
            act.session.ended = True
        answer = _see(f"{act.base}/thanks?for=left")
        self._binding.drop_cookie(answer, _cookie(act.case))
        return answer

    def _act(
        self, request: Request, token: str, fields: Fields, do: Callable[["Act"], Response]
    ) -> Response:
        """Do what a form asks for, once it is known to be this visit's own form."""
        with self._context.unit() as work:
            message_id = self._message_id(token, work)
            seen = visits.look(work, message_id)
            if seen is None:
                return Pages(self._language(request, None)).one_moment()
            session = self._session(work, request, seen)
            if not self._binding.is_own_form(fields, _bound_to(seen, session), work.now):
                notice = "form" if session else "session"
                return self._show(work, request, token, notice, inside=session is not None,
                                  status=403)  # fmt: skip
            entered = visits.enter(work, message_id)
            assert entered is not None
            visit, case = entered
            # Once more under the lock: "this isn't me" in another tab ends every session.
            work.session.expire_all()
            session = self._session(work, request, visit)
            return do(Act(work, request, _base(token), visit, case, session, fields))

    def _show(
        self,
        work: UnitOfWork,
        request: Request,
        token: str,
        notice: str | None,
        *,
        inside: bool,
        status: int = 200,
    ) -> Response:
        visit = visits.look(work, self._message_id(token, work))
        if visit is None:
            return Pages(self._language(request, None)).one_moment()
        session = self._session(work, request, visit)
        if session is not None and not inside:
            return _see(f"{_base(token)}/plans")
        if session is None and inside:
            over = visit.case is not None and _cookie(visit.case) in request.cookies
            return _see(f"{_base(token)}?notice=session" if over else _base(token))
        form = self._binding.form_token(_bound_to(visit, session), work.now)
        pages = Pages(self._language(request, visit), _base(token), form, notice, status)
        if session is None or visit.case is None:
            page = pages.door(work, visit)
        else:
            page = pages.inside(work, visit, visit.case)
        return self._keep_language(request, page)

    def _message_id(self, token: str, work: UnitOfWork) -> str:
        """The message that the link was sent with. Raises InvalidToken."""
        payload = self._context.signer.verify("portal", token, work.now)
        if not isinstance(payload.get("m"), str):
            raise InvalidToken
        return str(payload["m"])

    def _session(self, work: UnitOfWork, request: Request, visit: Visit) -> SessionRow | None:
        if visit.case is None:
            return None
        cookie = self._binding.read_cookie(request, _cookie(visit.case), work.now)
        return visits.session_of(work.session, visit, cookie.get("s", ""), work.now)

    def _language(self, request: Request, visit: Visit | None) -> str:
        """The one chosen on the page, else the message's, else the customer's, else any."""
        return choose(
            request.query_params.get("lang"),
            request.cookies.get(LANGUAGE_COOKIE),
            visit.invitation.locale if visit else None,
            visit.customer.locale if visit else None,
            accept=request.headers.get("accept-language", ""),
        )

    def _keep_language(self, request: Request, page: Response) -> Response:
        chosen = supported(request.query_params.get("lang"))
        if chosen:
            page.set_cookie(LANGUAGE_COOKIE, chosen, httponly=True, samesite="lax", path="/p")
        return page


@dataclass(frozen=True, slots=True)
class Act:
    """One posted form under the customer's lock."""

    work: UnitOfWork
    request: Request
    base: str
    visit: Visit
    case: CaseRow
    session: SessionRow | None
    fields: Mapping[str, str]


def _base(token: str) -> str:
    return f"/p/{token}"


def _cookie(case: CaseRow) -> str:
    """One cookie a case, so that two cases can be open side by side."""
    return f"portal-{case.case_id[:8]}"


def _bound_to(visit: Visit, session: SessionRow | None) -> str:
    return session.session_id if session else visit.invitation.message_id


def _see(path: str) -> Response:
    return RedirectResponse(path, 303, headers=dict(HEADERS))
