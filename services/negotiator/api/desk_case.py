"""One hand-off at the desk: the customer's whole story in one view, and what a person does."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from services.negotiator import account_store, desk_store, offer_store, store
from services.negotiator.api.colleagues import Colleagues
from services.negotiator.api.desk import PRESENT, Reception, matter_of, see
from services.negotiator.api.desk_words import HANDS_BACK, NOTICES, OUTCOMES, in_words
from services.negotiator.api.visitors import form_fields
from services.negotiator.handlers import cases, desk, people
from services.negotiator.pages import render
from services.negotiator.pages.formats import Formats
from services.negotiator.rules import routing
from services.negotiator.rules.routing import Role
from services.negotiator.tables import HandoffRow
from services.runtime.security import Caller
from services.runtime.unit_of_work import UnitOfWork

Fields = Annotated[Mapping[str, str], Depends(form_fields)]
Do = Callable[[UnitOfWork, Caller], None]
_KEYS = re.compile(r"(https?://\S+?/(?:t/\w|u|preferences|p)/)\S+")
"""Links with a token, which opens what is the customer's alone."""
_FORMATS = Formats("en", ZoneInfo("UTC"))


class DeskCase:
    """The routes under /desk/handoffs/{id}."""

    def __init__(self, reception: Reception, colleagues: Colleagues) -> None:
        self._reception = reception
        self._colleagues = colleagues

    def routes(self) -> APIRouter:
        """The router; its pages are for people and stay out of the schema."""
        router = APIRouter(prefix="/desk/handoffs/{handoff_id}", include_in_schema=False)
        router.get("")(self.show)
        router.get("/messages/{message_id}")(self.copy)
        router.post("/assign")(self.assign)
        router.post("/release")(self.release)
        router.post("/note")(self.note)
        router.post("/answer")(self.answer)
        router.post("/resolve")(self.resolve)
        return router

    def show(self, request: Request, handoff_id: str, notice: str | None = None) -> Response:
        """The story; that it was looked at is recorded."""
        caller = self._reception.caller(request)
        if caller is None:
            return self._reception.way_in(notice, 200)
        with self._reception.context.unit() as work:
            try:
                row = people.lock(work, handoff_id, caller.tenant)
            except LookupError:
                return see("unknown")
            desk.look(work, row, caller.name)
            tenant, customer = row.tenant, row.customer
            shown = self._known(work, row, caller)
        story = self._colleagues.story(tenant, customer, self._reception.token_of(caller))
        return render(
            "desk_case.html", "en", switch=False, said=NOTICES.get(notice or ""), me=caller.name,
            form=self._reception.form(caller), outcomes=OUTCOMES, hands_back=HANDS_BACK,
            story=story, timeline=[_told(one) for one in story.facts], **shown,
        )  # fmt: skip

    def copy(self, request: Request, handoff_id: str, message_id: str) -> Response:
        """A message to the customer word for word; that it was read is recorded."""
        here = f"/desk/handoffs/{handoff_id}"
        caller = self._reception.caller(request)
        if caller is None:
            return self._reception.way_in(None, 200)
        found = self._colleagues.copy(message_id, self._reception.token_of(caller))
        with self._reception.context.unit() as work:
            try:
                row = people.lock(work, handoff_id, caller.tenant)
            except LookupError:
                return see("unknown")
            ids = account_store.ids_of(work.session, row.tenant, row.customer)
            if found is None or found["tenant"] != row.tenant or found["customer"] not in ids:
                return see("no_copy", here)
            desk.look_at_copy(work, row, caller.name, message_id)
        sent = datetime.fromisoformat(found["checked_at"])
        return render(
            "desk_copy.html", "en", switch=False, me=caller.name, back=here, copy=found,
            text=_KEYS.sub(r"\1…", found["text"] or ""), at=_when(sent),
        )  # fmt: skip

    def assign(self, request: Request, handoff_id: str, fields: Fields) -> Response:
        """Take a hand-off; two people never hold one."""
        return self._act(
            request,
            handoff_id,
            fields,
            lambda work, who: people.assign(work, handoff_id, who.name, who.tenant),
        )

    def release(self, request: Request, handoff_id: str, fields: Fields) -> Response:
        """Lay it down again; a supervisor takes it from anybody's hands."""

        def lay_down(work: UnitOfWork, who: Caller) -> None:
            others = self._reception.person(who).role == Role.SUPERVISOR
            people.release(work, handoff_id, who.name, who.tenant, others)

        return self._act(request, handoff_id, fields, lay_down)

    def note(self, request: Request, handoff_id: str, fields: Fields) -> Response:
        """Keep a note for colleagues."""
        text = fields.get("text", "")
        return self._act(
            request,
            handoff_id,
            fields,
            lambda work, who: desk.write(work, handoff_id, who.name, "note", text, who.tenant),
            "noted",
        )

    def answer(self, request: Request, handoff_id: str, fields: Fields) -> Response:
        """Answer the customer, who finds it in the portal."""
        text = fields.get("text", "")
        return self._act(
            request,
            handoff_id,
            fields,
            lambda work, who: desk.write(work, handoff_id, who.name, "answer", text, who.tenant),
            "answered",
        )

    def resolve(self, request: Request, handoff_id: str, fields: Fields) -> Response:
        """End a hand-off one holds, with an outcome of OUTCOMES."""
        outcome = fields.get("outcome", "")
        if outcome not in OUTCOMES:
            return see("outcome", f"/desk/handoffs/{handoff_id}")
        return self._act(
            request,
            handoff_id,
            fields,
            lambda work, who: people.resolve(work, handoff_id, who.name, outcome, who.tenant),
            back="/desk",
        )

    def _act(
        self,
        request: Request,
        handoff_id: str,
        fields: Fields,
        do: Do,
        done: str | None = None,
        back: str | None = None,
    ) -> Response:
        here = f"/desk/handoffs/{handoff_id}"
        caller = self._reception.caller(request)
        if caller is None:
            return self._reception.way_in(None, 403)
        if not self._reception.is_own_form(fields, caller):
            return see("form", here)
        if not self._reception.person(caller).acts:
            return see("role", here)
        try:
            with self._reception.context.unit() as work:
                do(work, caller)
        except people.Taken:
            return see("taken", here)
        except desk.Unusable:
            return see("text", here)
        except LookupError:
            return see("unknown")
        return see(done, back or here)

    def _known(self, work: UnitOfWork, row: HandoffRow, caller: Caller) -> dict[str, Any]:
        """What the negotiator itself knows."""
        person = self._reception.person(caller)
        bill = store.find_bill(work.session, row.tenant, row.obligation_id)
        customer = store.lock_customers(work.session, [(row.tenant, row.customer)])
        locale = customer[row.tenant, row.customer].locale
        matter = matter_of(row, locale, bill.remaining_minor if bill else 0)
        case = store.case_by_id(work.session, row.case_id)
        looking = desk_store.present(work.session, [row.handoff_id], work.real_now - PRESENT).get(
            row.handoff_id, []
        )
        return {
            "handoff": row.model_dump(),
            "reason": in_words(row.reason),
            "since": _when(row.requested_at),
            "due": _when(routing.due(matter)),
            "late": work.now >= routing.due(matter),
            "matter": matter,
            "bill": bill,
            "owed": _money(bill.remaining_minor, bill.currency) if bill else None,
            "acts": person.acts,
            "supervises": person.role == Role.SUPERVISOR,
            "looking": [name for name in looking if name != caller.name],
            "questions": [
                one.model_dump()
                for one in account_store.questions_of(work.session, [row.handoff_id])
            ],
            "words": [
                one.model_dump()
                for one in desk_store.words_of(
                    work.session, row.tenant, row.customer, row.handoff_id
                )
            ],
            "offers": _offers(work, row) if case else [],
            "case": cases.story(work.session, case) if case else None,
            "when": _when,
        }


def _offers(work: UnitOfWork, row: HandoffRow) -> list[dict[str, Any]]:
    """The offers made so far, newest first, in words."""
    return [
        {
            "id": one.offer_id,
            "actor": one.actor,
            "status": one.status,
            "kind": one.kind,
            "total": _money(one.total_minor, one.currency),
            "discount": _money(one.discount_minor, one.currency) if one.discount_minor else None,
            "parts": len(one.instalments),
            "at": _when(one.proposed_at),
        }
        for one in reversed(offer_store.offers_of(work.session, row.case_id))
    ]


def _told(fact: Mapping[str, Any]) -> dict[str, Any]:
    """A fact of the timeline: when, what, and why where it says so."""
    data = fact.get("data", {})
    detail = [
        str(data[name])
        for name in ("event_type", "step", "template", "reason", "rule", "outcome", "link", "by")
        if data.get(name)
    ]
    at = datetime.fromisoformat(str(fact["at"]))
    sent = data.get("message_id") if fact["type"] == "message.intended" else None
    return {"at": _when(at), "type": fact["type"], "detail": " · ".join(detail), "message": sent}


def _money(amount_minor: int, currency: str | None) -> str:
    return _FORMATS.money(amount_minor, currency) if currency else str(amount_minor)


def _when(at: datetime) -> str:
    return at.strftime("%d %b %Y %H:%M UTC")
