"""The pages about all of a customer's bills, from what is found."""

from dataclasses import dataclass

from fastapi.responses import HTMLResponse

from services.negotiator.api.portal_pages import Pages
from services.negotiator.handlers.accounts import Account, BillFound
from services.negotiator.handlers.payments import Paying
from services.negotiator.handlers.translate import instalments
from services.negotiator.handlers.visits import Visit
from services.negotiator.model import BillState
from services.negotiator.pages import account_views as views
from services.negotiator.pages.formats import Formats
from services.negotiator.pages.views import schedule
from services.negotiator.rules import requests as rules
from services.negotiator.rules.bills import NOTHING_KNOWN
from services.runtime.unit_of_work import UnitOfWork

PAYABLE = (BillState.DUE, BillState.PAST_DUE, BillState.AGREED)


@dataclass(frozen=True, slots=True)
class AccountPages:
    """`days`: how many days later a bill may be asked to fall due. taking: payments on the page."""

    pages: Pages
    visit: Visit
    days: int
    work: UnitOfWork
    taking: Paying | None = None

    def overview(self, account: Account) -> HTMLResponse:
        """What is open first, then subscriptions, then what was paid."""
        shown = [self._summary(bill) for bill in account.bills]
        return self.pages.render(
            "account.html",
            answers=[(one.text, self._formats.moment(one.at)) for one in account.answers],
            owed=[bill for bill in shown if bill.state != BillState.PAID],
            subscriptions=[
                views.subscription(
                    self._formats, self.pages.words, one.row, one.requests, account.today
                )
                for one in account.subscriptions
            ],
            payments=[
                views.payment(self._formats, self.pages.words, payment, bill.bill.creditor)
                for bill in account.bills
                for payment in bill.payments
            ],
        )

    def bill(self, account: Account, found: BillFound, opened: str | None = None) -> HTMLResponse:
        """One bill; `opened` is the form that was wrong."""
        first, last = rules.later_dates(found.bill.due_date, account.today, self.days)
        own, formats = found.agreement, self._formats
        return self.pages.render(
            "bill.html",
            bill=self._summary(found),
            path=f"{self.pages.base}/bills/{found.ref}",
            may_ask=rules.may_ask(found.state),
            waiting=views.waiting(found.requests),
            automatic=found.bill.autopay is True,
            first=first.isoformat(),
            last=last.isoformat(),
            first_day=formats.day(first),
            last_day=formats.day(last),
            days=list(rules.PAYMENT_DAYS),
            opened=opened,
            wrong=self.pages.status == 422,
            parts=schedule(formats, instalments(own.instalments), own.currency, own.kept)
            if own
            else (),
            total=formats.money(own.total_minor, own.currency) if own else "",
            payments=[
                views.payment(formats, self.pages.words, one, found.bill.creditor)
                for one in found.payments
            ],
            **self.pages.pay(
                self.work,
                self.taking if found.state in PAYABLE else None,
                (account.tenant, found.obligation_id),
                found,
                formats,
            ),
        )

    def unknown(self) -> HTMLResponse:
        """There is no such bill of this customer's, whoever else's it may be."""
        return self.pages.message("unknown_bill", back=f"{self.pages.base}/bills")

    def _summary(self, found: BillFound) -> views.BillView:
        return views.bill(
            self._formats,
            self.pages.words,
            found.bill,
            found.state,
            found.requests,
            f"{self.pages.base}/bills/{found.ref}",
        )

    @property
    def _formats(self) -> Formats:
        return self.pages.formats(self.visit, NOTHING_KNOWN)
