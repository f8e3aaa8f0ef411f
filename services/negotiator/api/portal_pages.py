"""Which page a visitor gets, from what is found: nothing about a debt before verification."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Any

from fastapi.responses import HTMLResponse

from services.negotiator import account_store, store
from services.negotiator.handlers import proposals, visits
from services.negotiator.handlers.accounts import BillFound
from services.negotiator.handlers.moves import Moving
from services.negotiator.handlers.payments import Paying
from services.negotiator.handlers.translate import instalments, plan
from services.negotiator.handlers.verification import questions
from services.negotiator.handlers.visits import Found, Visit
from services.negotiator.model import Bill, HandoffReason, PaymentStatus, Plan, Situation, Tries
from services.negotiator.pages import account_views, render, views
from services.negotiator.pages.formats import Formats
from services.negotiator.pages.wording import supported, words
from services.negotiator.rules import verification as rules
from services.negotiator.rules.bills import NOTHING_KNOWN
from services.negotiator.rules.terms import STARTS_WITHIN
from services.negotiator.tables import CaseRow, PaymentRow
from services.runtime.unit_of_work import UnitOfWork

# Situations that one message says, and whether it is good news.
MESSAGES = {
    Situation.COMPLETED: True,
    Situation.ARRANGED: True,
    Situation.SETTLED: True,
    Situation.DISPUTE: False,
    Situation.HELD: False,
    Situation.NO_OFFER: False,
}
THANKS = {
    HandoffReason.ASKED.value: "asked",
    HandoffReason.NO_EVIDENCE.value: "asked",
    HandoffReason.HARDSHIP.value: "hardship",
    HandoffReason.DISPUTE.value: "dispute",
    HandoffReason.QUESTION.value: "question_asked",
    HandoffReason.WRONG_PERSON.value: "wrong_person",
    HandoffReason.TERMS.value: "proposal_passed_on",
    "left": "left",
}
REFRESH_SECONDS = 3
PAID = "paid"
"""The notice with which the provider's page sends back whoever has paid there."""
SAID = ("each", "total", "count", "first", "payday")
"""Fields of an own plan that are shown once more where something was wrong."""


@dataclass(frozen=True, slots=True)
class Pages:
    """Pages in one language for one link; forms post below `base` and carry `form`."""

    language: str
    base: str = ""
    form: str = ""
    notice: str | None = None
    status: int = 200

    @property
    def words(self) -> Mapping[str, Any]:
        """All texts of the language."""
        return words(self.language)

    def render(self, template: str, **values: Any) -> HTMLResponse:
        """The page of a template."""
        return render(
            template,
            self.language,
            status=self.status,
            notice=self.notice,
            **({"base": self.base, "form": self.form} | values),
        )

    def message(self, name: str, **values: Any) -> HTMLResponse:
        """A page with one message, by its name in the wording."""
        texts = self.words[name]
        shown = {"title": texts["title"], "lead": texts["lead"]}
        return self.render("message.html", **(shown | values))

    def one_moment(self) -> HTMLResponse:
        """The link is good, and the message it came with is not known here yet."""
        page = self.message("moment", refresh=REFRESH_SECONDS)
        page.status_code = 202
        page.headers["Retry-After"] = str(REFRESH_SECONDS)
        return page

    def thanks(self, reason: str) -> HTMLResponse:
        """What is said after something was asked for."""
        name = THANKS.get(reason, "asked")
        back = None if name in ("wrong_person", "left") else self.base
        return self.message(name, good=name != "left", back=back)

    def door(self, work: UnitOfWork, visit: Visit) -> HTMLResponse:
        """The page before verification: two questions, or why there are none."""
        case = visit.case
        reasons = store.unresolved_reasons(work.session, case.case_id) if case else set()
        if visit.is_shut:
            # Of who is forgotten nothing is known, and nothing is said.
            forgotten = visit.customer.erased_at is not None
            return self.message("expired" if forgotten else "wrong_person")
        tries = Tries(visit.customer.wrong_tries, visit.customer.locked_until)
        if tries.locked_until is not None and rules.is_locked(tries, work.now):
            until = self.formats(visit, NOTHING_KNOWN).moment(tries.locked_until)
            return self.message("locked", lead=self.words["locked"]["lead"].format(time=until))
        asked = questions(work, visit)
        if asked is None:
            if HandoffReason.NO_EVIDENCE in reasons:
                return self.message("asked")
            text = self.words["no_evidence"]["submit"]
            person = views.Action(f"{self.base}/person", text, reason=HandoffReason.NO_EVIDENCE)
            return self.message("no_evidence", actions=[person])
        return self.render(
            "verify.html",
            questions=[kind.value for kind in asked],
            wrong=self.notice == "wrong" and tries.wrong > 0,
            tries_left=rules.MAX_TRIES - tries.wrong,
        )

    def inside(
        self,
        work: UnitOfWork,
        visit: Visit,
        case: CaseRow,
        moving: Moving,
        taking: Paying | None = None,
        said: Mapping[str, str] = MappingProxyType({}),
        sketch: Plan | None = None,
    ) -> HTMLResponse:
        """The page of a verified visitor; `said`: what the form held that is shown once more.

        sketch: the payments that a plan of their own would mean.
        """
        found = visits.find(work.session, case, work.now)
        if found.situation in MESSAGES:
            done = replace(self, notice=None) if self.notice == PAID else self
            return done._situation(found.situation)
        formats, bill = self.formats(visit, found.bill), found.bill
        if found.situation is Situation.AGREEMENT:
            assert found.agreement is not None
            payments = account_store.payments_about(
                work.session, case.tenant, [case.customer], case.obligation_id
            )
            pay = self.pay(work, taking, (case.tenant, case.obligation_id), found, formats)
            return self._after_paying(pay["pay"], payments).render(
                "agreement.html",
                agreement=self._agreed(found, formats),
                move=self._move(moving.reach(work, found.agreement), formats, said),
                payments=[
                    account_views.payment(formats, self.words, one, bill.creditor)
                    for one in payments
                ],
                **pay,
            )
        owed = views.debt(
            formats,
            creditor=bill.creditor or self.words["sender"],
            product=bill.product,
            amount_minor=bill.remaining_minor,
            currency=bill.currency or "",
            due_date=bill.due_date,
            today=work.now.astimezone(formats.zone).date(),
        )
        if found.situation is Situation.RENEW:
            return self.render("renew.html", owed=owed, after_broken=found.after_broken)
        return self.render(
            "plans.html",
            owed=owed,
            after_broken=found.after_broken,
            plans=[
                views.plan(formats, self.words, row.offer_id, plan(row), row.currency)
                for row in found.offers
            ],
            until=formats.moment(min(row.expires_at for row in found.offers)),
            proposing=self._proposing(work, case, found, formats, said),
            sketch=views.sketch(formats, sketch, bill.currency or "") if sketch else None,
        )

    def pay(
        self,
        work: UnitOfWork,
        taking: Paying | None,
        key: tuple[str, str],
        found: Found | BillFound,
        formats: Formats,
    ) -> dict[str, Any]:
        """What may be paid about a bill (tenant, id), for the page that offers it."""
        if taking is None:
            return {"pay": None}
        may = taking.payable(work, *key, found.bill, found.agreement)
        origin = taking.provider.origin
        shown = views.pay(formats, self.words, origin, may.amounts, may.on_its_way, may.currency)
        return {"pay": shown, "forms_to": origin if shown and shown.buttons else None}

    def _after_paying(self, pay: views.PayView | None, payments: Sequence[PaymentRow]) -> "Pages":
        """What is said on coming back: that it is on its way stands below, if it is so still."""
        if self.notice != PAID:
            return self
        if pay is not None and pay.waiting:
            return replace(self, notice=None)
        arrived = bool(payments) and payments[0].status == PaymentStatus.RECEIVED
        return replace(self, notice="pay_received") if arrived else self

    def _situation(self, situation: Situation) -> HTMLResponse:
        actions = [views.Action(f"{self.base}/leave", self.words["leave"], "quiet")]
        if situation is Situation.NO_OFFER:
            texts, path = self.words["help"], f"{self.base}/person"
            actions = [
                views.Action(path, texts["person"], reason=HandoffReason.ASKED),
                views.Action(path, texts["hardship"], "quiet", HandoffReason.HARDSHIP),
                views.Action(path, texts["dispute"], "quiet", HandoffReason.DISPUTE),
                *actions,
            ]
        good = MESSAGES[situation]
        return self.message(situation.value, good=good, actions=actions, inside=True)

    def _agreed(self, found: Found, formats: Formats) -> views.AgreementView:
        row = found.agreement
        assert row is not None
        parts = instalments(row.instalments)
        left = row.total_minor - row.paid_minor
        return views.AgreementView(
            creditor=found.bill.creditor or self.words["sender"],
            booking=row.booking,
            schedule=views.schedule(formats, parts, row.currency, row.kept),
            total=formats.money(row.total_minor, row.currency),
            left=formats.money(left, row.currency) if left > 0 and len(parts) > 1 else None,
        )

    def _move(
        self, reach: tuple[date, date] | None, formats: Formats, said: Mapping[str, str]
    ) -> views.MoveView | None:
        if reach is None:
            return None
        first, last = reach
        return views.MoveView(
            first=first.isoformat(),
            last=last.isoformat(),
            first_day=formats.day(first),
            last_day=formats.day(last),
            opened="to" in said,
        )

    def _proposing(
        self,
        work: UnitOfWork,
        case: CaseRow,
        found: Found,
        formats: Formats,
        said: Mapping[str, str],
    ) -> views.ProposingView | None:
        """The form of an own plan, unless a person is at work on one already."""
        if HandoffReason.TERMS in found.reasons:
            return None
        bill = found.bill
        today = work.now.astimezone(formats.zone).date()
        return views.ProposingView(
            asked=bill.remaining_minor,
            currency=bill.currency or "",
            first=today.isoformat(),
            last=(today + STARTS_WITHIN).isoformat(),
            said={name: said.get(name, "") for name in SAID}
            | {"every": said.get("every", "month")},
            opened=any(said.get(name) for name in SAID),
            may_state=proposals.may_state(work, case),
        )

    def formats(self, visit: Visit, bill: Bill) -> Formats:
        """The customer's own locale where the page speaks its language, else the language's."""
        tags = (visit.customer.locale, visit.invitation.locale)
        own = next((tag for tag in tags if supported(tag) == self.language), None)
        return Formats(own or self.language, visits.place(visit, bill))
