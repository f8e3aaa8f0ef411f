"""All of a customer's bills and subscriptions, and what they may ask about them. No script."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.negotiator.api.account_pages import PAYABLE, AccountPages
from services.negotiator.api.entrance import Act, Entrance, Fields, Guest, see
from services.negotiator.api.portal import ask_first
from services.negotiator.handlers import accounts, people, questions, requests, visits
from services.negotiator.handlers.accounts import Account, BillFound
from services.negotiator.handlers.payments import Paying
from services.negotiator.model import (
    HandoffReason,
    PaymentRefusal,
    QuestionRefusal,
    RequestKind,
    RequestRefusal,
)
from services.negotiator.settings import NegotiatorSettings
from services.runtime.context import Context

STATUS: Mapping[RequestRefusal | QuestionRefusal | PaymentRefusal, int] = {
    **dict.fromkeys(PaymentRefusal, 409),
    RequestRefusal.UNREADABLE: 422,
    RequestRefusal.OUT_OF_RANGE: 422,
    RequestRefusal.NOT_NOW: 409,
    RequestRefusal.WAITING: 409,
    RequestRefusal.TOO_MANY: 429,
    QuestionRefusal.EMPTY: 422,
    QuestionRefusal.TOO_LONG: 422,
    QuestionRefusal.TOO_MANY: 429,
}
REASONS = (HandoffReason.ASKED, HandoffReason.DISPUTE, HandoffReason.HARDSHIP)
KINDS = {"date": RequestKind.DUE_DATE, "day": RequestKind.PAYMENT_DAY, "auto": RequestKind.AUTOPAY}


@dataclass(frozen=True, slots=True)
class About:
    """The bill that a form is about, among all that is its customer's."""

    account: Account
    bill: BillFound


class Bills:
    """The routes under /p/{token}/bills; all of them are for verified customers only."""

    def __init__(
        self,
        context: Context,
        settings: NegotiatorSettings,
        entrance: Entrance,
        taking: Paying | None = None,
    ) -> None:
        """taking: payments on the page; None: there are none."""
        self._signer = context.signer
        self._taking = taking
        self._days = settings.later_date_days
        self._entrance = entrance

    def routes(self) -> APIRouter:
        """The router; its pages are for people and stay out of the schema."""
        router = APIRouter(prefix="/p/{token}/bills", include_in_schema=False)
        router.get("")(self.overview)
        router.get("/{ref}")(self.bill)
        # The language switch, and a reload, on a page that answered a form.
        router.get("/{ref}/{what}")(self.back)
        router.post("/{ref}/ask")(self.ask)
        if self._taking is not None:
            router.post("/{ref}/pay")(self.pay)
        router.post("/{ref}/person")(self.person)
        router.post("/{ref}/question")(self.question)
        return router

    def overview(self, request: Request, token: str, notice: str | None = None) -> Response:
        """All bills, subscriptions and payments."""

        def show(guest: Guest) -> Response:
            if guest.session is None:
                return ask_first(guest)
            return self._pages(guest, notice).overview(self._account(guest))

        return self._entrance.show(request, token, show)

    def bill(self, request: Request, token: str, ref: str, notice: str | None = None) -> Response:
        """One bill, what was asked about it, and what may be asked."""

        def show(guest: Guest) -> Response:
            if guest.session is None:
                return ask_first(guest)
            account = self._account(guest)
            found = account.bill(ref)
            if found is None:
                return self._pages(guest, None, 404).unknown()
            return self._pages(guest, notice).bill(account, found)

        return self._entrance.show(request, token, show)

    def back(self, token: str, ref: str, what: str, lang: str | None = None) -> Response:
        """From the address of a form to the bill's page."""
        del what
        return see(f"/p/{token}/bills/{ref}" + (f"?lang={lang}" if lang else ""))

    def ask(self, request: Request, token: str, ref: str, fields: Fields) -> Response:
        """Ask the publisher for another date, an own payment day, automatic payment."""

        def do(act: Act, about: About) -> Response:
            kind = KINDS.get(fields.get("kind", ""))
            if kind is None:
                return self._refuse(act.guest, about, RequestRefusal.UNREADABLE)
            value = fields.get("value", "")
            refused = requests.ask(act.work, about.account, about.bill, kind, value, self._days)
            if refused is not None:
                return self._refuse(act.guest, about, refused, kind)
            return see(f"{act.guest.base}/bills/{ref}?notice=requested")

        return self._act(request, token, ref, fields, do)

    def pay(self, request: Request, token: str, ref: str, fields: Fields) -> Response:
        """To the provider's page, to pay this bill, or what is agreed about it."""

        def do(act: Act, about: About) -> Response:
            assert self._taking is not None
            bill, base = about.bill, self._entrance.outside(request)
            led: str | PaymentRefusal = PaymentRefusal.NOT_NOW
            if bill.state in PAYABLE:
                led = self._taking.begin(
                    act.work,
                    (about.account.tenant, about.account.customer),
                    bill.obligation_id,
                    bill.agreement,
                    act.fields,
                    act.guest.language,
                    f"{base}{act.guest.base}/bills/{ref}",
                )
            if isinstance(led, PaymentRefusal):
                return self._refuse(act.guest, about, led)
            return see(led)

        return self._act(request, token, ref, fields, do)

    def person(self, request: Request, token: str, ref: str, fields: Fields) -> Response:
        """Ask for a person about this bill, with a `reason`."""

        def do(act: Act, about: About) -> Response:
            reason = next((one for one in REASONS if one == fields.get("reason")), REASONS[0])
            case = visits.case_about(act.work, act.guest.visit, about.bill.obligation_id)
            people.request(act.work, case, reason)
            return see(f"{act.guest.base}/thanks?for={reason}")

        return self._act(request, token, ref, fields, do)

    def question(self, request: Request, token: str, ref: str, fields: Fields) -> Response:
        """Ask a person something about this bill in one's own words."""

        def do(act: Act, about: About) -> Response:
            case = visits.case_about(act.work, act.guest.visit, about.bill.obligation_id)
            refused = questions.ask(act.work, self._signer, case, fields.get("text", ""))
            if refused is not None:
                return self._refuse(act.guest, about, refused)
            return see(f"{act.guest.base}/thanks?for={HandoffReason.QUESTION}")

        return self._act(request, token, ref, fields, do)

    def _act(
        self,
        request: Request,
        token: str,
        ref: str,
        fields: Fields,
        do: Callable[[Act, About], Response],
    ) -> Response:
        def about_bill(act: Act) -> Response:
            if act.guest.session is None:
                return see(f"{act.guest.base}?notice=session")
            account = self._account(act.guest)
            found = account.bill(ref)
            if found is None:
                return self._pages(act.guest, None, 404).unknown()
            return do(act, About(account, found))

        def again(guest: Guest, notice: str) -> Response:
            if guest.session is None:
                return guest.pages(notice, 403).door(guest.work, guest.visit)
            account = self._account(guest)
            found = account.bill(ref)
            pages = self._pages(guest, notice, 403)
            return pages.bill(account, found) if found else pages.overview(account)

        return self._entrance.act(request, token, fields, about_bill, again)

    def _refuse(
        self,
        guest: Guest,
        about: About,
        why: RequestRefusal | QuestionRefusal | PaymentRefusal,
        kind: RequestKind | None = None,
    ) -> Response:
        """The bill's page once more, with what was wrong; nothing was changed."""
        question = isinstance(why, QuestionRefusal)
        name = f"question_{why.value}" if question else why.value
        opened = kind.value if kind else "question" if question else None
        return self._pages(guest, name, STATUS[why]).bill(about.account, about.bill, opened)

    def _account(self, guest: Guest) -> Account:
        return accounts.find(guest.work.session, self._signer, guest.visit, guest.work.now)

    def _pages(self, guest: Guest, notice: str | None, status: int = 200) -> AccountPages:
        pages = guest.pages(notice, status)
        return AccountPages(pages, guest.visit, self._days, guest.work, self._taking)
