"""The customer's portal: verify, see plans, agree, ask for a person. Forms, no script."""

from collections.abc import Callable, Mapping

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.negotiator import store
from services.negotiator.api.entrance import (
    Act,
    Entrance,
    Fields,
    Guest,
    language_of,
    see,
    was_inside,
)
from services.negotiator.api.limits import MINUTE, PerMinute
from services.negotiator.api.portal_pages import REFRESH_SECONDS, Pages
from services.negotiator.handlers import (
    acceptance,
    offers,
    people,
    proposals,
    sketches,
    verification,
    visits,
)
from services.negotiator.handlers.deciding import Deciding
from services.negotiator.handlers.moves import Moving
from services.negotiator.handlers.payments import Paying
from services.negotiator.handlers.promises import Promises
from services.negotiator.model import HandoffReason, PaymentRefusal, Plan, Refusal, Situation
from services.negotiator.model.terms import WishRefusal
from services.negotiator.rules.bills import NOTHING_KNOWN
from services.negotiator.settings import NegotiatorSettings
from services.negotiator.tables import SessionRow
from services.runtime.context import Context
from services.runtime.database import is_passing
from services.runtime.security import InvalidToken

REFUSED_STATUS: Mapping[Refusal | WishRefusal | PaymentRefusal, int] = {
    Refusal.UNKNOWN_OFFER: 404,
    Refusal.EXPIRED: 410,
    Refusal.MOVE_TOO_FAR: 422,
    **dict.fromkeys(WishRefusal, 422),
}
ASKED_BEFORE_VERIFICATION = (HandoffReason.ASKED, HandoffReason.NO_EVIDENCE)
ASKED_INSIDE = (HandoffReason.ASKED, HandoffReason.DISPUTE, HandoffReason.HARDSHIP)


class Portal:
    """The routes under /p/{token} about the door, and about the terms of one bill."""

    def __init__(
        self,
        context: Context,
        settings: NegotiatorSettings,
        entrance: Entrance,
        taking: Paying | None = None,
    ) -> None:
        """taking: payments on the page; None: there are none."""
        self._signer = context.signer
        self._context = context
        self._taking = taking
        self.decide = Deciding.of(context.signer, settings)
        self._promises = Promises.of(settings)
        self._moving = Moving.of(settings)
        self._tries = PerMinute(settings.proposals_a_minute)
        self._session_lasts = settings.portal_session
        self._entrance = entrance

    def routes(self) -> APIRouter:
        """The router; its pages are for people and stay out of the schema."""
        router = APIRouter(prefix="/p/{token}", include_in_schema=False)
        router.get("")(self.door)
        router.get("/plans")(self.plans)
        router.get("/thanks")(self.thanks)
        router.post("/verify")(self.verify)
        router.post("/plans")(self.renew)
        router.post("/accept")(self.accept)
        router.post("/propose")(self.propose)
        router.post("/afford")(self.afford)
        router.post("/move")(self.move)
        # The language switch, and a reload, on a page that answered a form.
        if self._taking is not None:
            router.post("/pay")(self.pay)
        for what in ("accept", "propose", "afford", "move", "pay"):
            router.get(f"/{what}")(self.back)
        router.post("/person")(self.person)
        router.post("/not-me")(self.not_me)
        router.post("/leave")(self.leave)
        return router

    def invalid(self, request: Request, error: Exception) -> Response:
        """The plain page for a token that is forged or expired."""
        expired = isinstance(error, InvalidToken) and error.expired
        name, status = ("expired", 410) if expired else ("invalid", 404)
        return Pages(language_of(request, None), status=status).message(name)

    def unreachable(self, request: Request, error: Exception) -> Response:
        """The page while the database does not answer; other failures go on as they are."""
        if not is_passing(error):
            raise error
        page = Pages(language_of(request, None), status=503).message("unreachable")
        page.headers["Retry-After"] = str(REFRESH_SECONDS)
        return page

    def door(self, request: Request, token: str, notice: str | None = None) -> Response:
        """The questions, or straight on where they were answered in this browser."""

        def show(guest: Guest) -> Response:
            if guest.session is not None:
                return see(_landing(guest))
            return guest.pages(notice).door(guest.work, guest.visit)

        return self._entrance.show(request, token, show)

    def plans(self, request: Request, token: str, notice: str | None = None) -> Response:
        """What a verified customer finds about the message's bill; the questions for others."""

        def show(guest: Guest) -> Response:
            if guest.session is None or guest.visit.case is None:
                return ask_first(guest)
            return guest.pages(notice).inside(
                guest.work, guest.visit, guest.visit.case, self._moving, self._taking
            )

        return self._entrance.show(request, token, show)

    def thanks(self, request: Request, token: str) -> Response:
        """What follows now that something was asked for (`?for=`)."""
        reason = request.query_params.get("for", "")
        return self._entrance.show(request, token, lambda guest: guest.pages().thanks(reason))

    def verify(self, request: Request, token: str, fields: Fields) -> Response:
        """Two answers; right ones open a session and show the plans of today."""
        return self._act(request, token, fields, self._verify)

    def renew(self, request: Request, token: str, fields: Fields) -> Response:
        """Make new offers where the former have run out."""
        return self._act(request, token, fields, self._renew)

    def accept(self, request: Request, token: str, fields: Fields) -> Response:
        """Agree to the offer `offer_id`."""
        return self._act(request, token, fields, self._accept)

    def propose(self, request: Request, token: str, fields: Fields) -> Response:
        """Answer the customer's own proposal: agreed, countered, or with a person."""
        return self._act(request, token, fields, self._propose)

    def afford(self, request: Request, token: str, fields: Fields) -> Response:
        """Keep what the customer can manage in a month, and show what that allows."""
        return self._act(request, token, fields, self._afford)

    def move(self, request: Request, token: str, fields: Fields) -> Response:
        """Put the next payment of the plan off to the day `to`."""
        return self._act(request, token, fields, self._move)

    def pay(self, request: Request, token: str, fields: Fields) -> Response:
        """To the provider's page, to pay the next instalment or all that is left."""
        return self._act(request, token, fields, self._pay)

    def back(self, token: str, lang: str | None = None) -> Response:
        """From the address of a form to the page it stood on."""
        return see(f"/p/{token}/plans" + (f"?lang={lang}" if lang else ""))

    def person(self, request: Request, token: str, fields: Fields) -> Response:
        """Ask for a person, with a `reason`."""
        return self._act(request, token, fields, self._person)

    def not_me(self, request: Request, token: str, fields: Fields) -> Response:
        """Whoever reads the message is not its customer."""
        return self._act(request, token, fields, self._not_me)

    def leave(self, request: Request, token: str, fields: Fields) -> Response:
        """Close the session of this browser."""
        return self._act(request, token, fields, self._leave)

    def _verify(self, act: Act) -> Response:
        guest = act.guest
        asked = verification.questions(act.work, guest.visit)
        if asked and not all(act.fields.get(kind) for kind in asked):
            return see(f"{guest.base}?notice=form")
        outcome = verification.answer(
            act.work, self._signer, guest.visit, act.case, act.fields, self._session_lasts
        )
        if not isinstance(outcome, SessionRow):
            wrong = outcome is verification.Outcome.WRONG
            return see(f"{guest.base}?notice=wrong" if wrong else guest.base)
        offers.propose(act.work, self.decide, guest.visit, act.case)
        answer = see(_landing(guest))
        self._entrance.admit(answer, act.case, outcome)
        return answer

    def _renew(self, act: Act) -> Response:
        if act.guest.session is None:
            return see(f"{act.guest.base}?notice=session")
        offers.propose(act.work, self.decide, act.guest.visit, act.case)
        return see(f"{act.guest.base}/plans")

    def _accept(self, act: Act) -> Response:
        guest = act.guest
        if guest.session is None:
            return see(f"{guest.base}?notice=session")
        offer_id = act.fields.get("offer_id", "")
        refusal = acceptance.accept(act.work, self._signer, self._promises, act.case, offer_id)
        if refusal is None:
            return see(f"{guest.base}/plans")
        if refusal in (Refusal.EXPIRED, Refusal.AMOUNT_CHANGED):
            offers.propose(act.work, self.decide, guest.visit, act.case)
        return self._refused(act, refusal)

    def _propose(self, act: Act) -> Response:
        guest = act.guest
        if (stopped := self._stopped(act)) is not None:
            return stopped
        if "look" in act.fields:
            return self._sketch(act)
        found = proposals.propose(
            act.work, self.decide, self._promises, guest.visit, act.case, act.fields
        )
        if isinstance(found, proposals.Outcome):
            if found is proposals.Outcome.HANDED_OVER:
                return see(f"{guest.base}/thanks?for={HandoffReason.TERMS}")
            countered = found is proposals.Outcome.COUNTERED
            return see(f"{guest.base}/plans" + ("?notice=countered" if countered else ""))
        if found is Refusal.AMOUNT_CHANGED:
            offers.propose(act.work, self.decide, guest.visit, act.case)
        return self._refused(act, found)

    def _sketch(self, act: Act) -> Response:
        """The page once more, with the dates that the typed plan means; nothing is proposed."""
        visit, case = act.guest.visit, act.case
        plan = sketches.sketch(act.work, self.decide, visit, case, act.fields)
        if not isinstance(plan, Plan):
            return self._refused(act, plan)
        return act.guest.pages().inside(
            act.work, visit, case, self._moving, self._taking, act.fields, plan
        )

    def _afford(self, act: Act) -> Response:
        if (stopped := self._stopped(act)) is not None:
            return stopped
        refusal = proposals.state(act.work, self.decide, act.guest.visit, act.case, act.fields)
        if refusal is not None:
            return self._refused(act, refusal)
        return see(f"{act.guest.base}/plans?notice=stated")

    def _move(self, act: Act) -> Response:
        if (stopped := self._stopped(act)) is not None:
            return stopped
        visit = act.guest.visit
        bill = store.find_bill(act.work.session, act.case.tenant, act.case.obligation_id)
        zone = visits.place(visit, bill or NOTHING_KNOWN)
        refusal = self._moving.move(act.work, act.case, act.fields.get("to", ""), zone)
        if refusal is not None:
            return self._refused(act, refusal)
        return see(f"{act.guest.base}/plans?notice=moved")

    def _pay(self, act: Act) -> Response:
        if (stopped := self._stopped(act)) is not None:
            return stopped
        assert self._taking is not None
        guest, case = act.guest, act.case
        found = visits.find(act.work.session, case, act.work.now)
        if found.situation is not Situation.AGREEMENT:
            return self._refused(act, PaymentRefusal.NOT_NOW)
        led = self._taking.begin(
            act.work,
            (case.tenant, case.customer),
            case.obligation_id,
            found.agreement,
            act.fields,
            guest.language,
            f"{self._entrance.outside(guest.request)}{guest.base}/plans",
        )
        return self._refused(act, led) if isinstance(led, PaymentRefusal) else see(led)

    def _stopped(self, act: Act) -> Response | None:
        """Why nothing is tried: not verified, or too often in a minute."""
        if act.guest.session is None:
            return see(f"{act.guest.base}?notice=session")
        if self._tries.take(act.case.case_id, self._context.clock.monotonic()):
            return None
        page = act.guest.pages("too_often", 429).inside(
            act.work, act.guest.visit, act.case, self._moving, self._taking, act.fields
        )
        page.headers["Retry-After"] = str(int(MINUTE))
        return page

    def _refused(self, act: Act, why: Refusal | WishRefusal | PaymentRefusal) -> Response:
        """The page once more with what was wrong; nothing was changed."""
        pages = act.guest.pages(why, REFUSED_STATUS.get(why, 409))
        return pages.inside(
            act.work, act.guest.visit, act.case, self._moving, self._taking, act.fields
        )

    def _person(self, act: Act) -> Response:
        allowed = ASKED_INSIDE if act.guest.session else ASKED_BEFORE_VERIFICATION
        reason = next((one for one in allowed if one == act.fields.get("reason")), allowed[0])
        people.request(act.work, act.case, reason)
        return see(f"{act.guest.base}/thanks?for={reason}")

    def _not_me(self, act: Act) -> Response:
        verification.not_me(act.work, act.guest.visit, act.case)
        answer = see(f"{act.guest.base}/thanks?for={HandoffReason.WRONG_PERSON}")
        self._entrance.dismiss(answer, act.case)
        return answer

    def _leave(self, act: Act) -> Response:
        if act.guest.session is not None:
            act.guest.session.ended = True
        answer = see(f"{act.guest.base}/thanks?for=left")
        self._entrance.dismiss(answer, act.case)
        return answer

    def _act(
        self, request: Request, token: str, fields: Fields, do: Callable[[Act], Response]
    ) -> Response:
        return self._entrance.act(request, token, fields, do, self._again)

    def _again(self, guest: Guest, notice: str) -> Response:
        """The page where the guest is, when a form was not this visit's own."""
        pages = guest.pages(notice, 403)
        if guest.session is None or guest.visit.case is None:
            return pages.door(guest.work, guest.visit)
        return pages.inside(guest.work, guest.visit, guest.visit.case, self._moving, self._taking)


def ask_first(guest: Guest) -> Response:
    """To the questions, and why, where this browser had answered them before."""
    return see(f"{guest.base}?notice=session" if was_inside(guest) else guest.base)


def _landing(guest: Guest) -> str:
    """Where a verified customer goes first: the terms of a debt, or all their bills."""
    about_terms = visits.is_about_terms(guest.work.session, guest.visit)
    return f"{guest.base}/{'plans' if about_terms else 'bills'}"
