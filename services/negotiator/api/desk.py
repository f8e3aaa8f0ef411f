"""The desk: what waits for a person, taken by one and resolved with an outcome."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from services.negotiator import account_store, store
from services.negotiator.api.visitors import Binding, form_fields
from services.negotiator.handlers import people
from services.negotiator.pages import HEADERS, render
from services.negotiator.settings import NegotiatorSettings
from services.runtime.context import Context
from services.runtime.security import Caller, find_caller
from services.runtime.unit_of_work import UnitOfWork

COOKIE = "desk"
SHOWN = 200
OUTCOMES = {
    "identity_confirmed": "Identity confirmed: may try the portal again",
    "terms_agreed": "Terms agreed with the customer",
    "passed_to_creditor": "Passed to the creditor",
    "hold_requested": "Creditor asked to place a hold",
    "wrong_person": "Not our customer: address to be removed",
    "unreachable": "Customer could not be reached",
    "done": "Answered, nothing more to do",
}
REASONS = {
    "asked_for_person": "Asked for a person",
    "no_evidence": "Cannot be verified online",
    "verification_locked": "Locked after wrong answers",
    "wrong_person": "Says: this isn't me",
    "dispute": "Disputes the bill",
    "hardship": "In difficulty",
    "reply": "Wrote back",
    "bereavement": "Writes that the customer has died",
    "question": "Asks something",
    "plan_refused": "Creditor refused to book the plan",
}
NOTICES = {
    "taken": "Someone else holds it by now, or has resolved it.",
    "unknown": "There is no such hand-off.",
    "form": "The page had been open too long. Please try again.",
    "outcome": "Choose an outcome first.",
    "sign_in": "This token does not open the desk.",
}
Fields = Annotated[Mapping[str, str], Depends(form_fields)]


class Desk:
    """The routes under /desk; a desk token is exchanged for a session."""

    def __init__(self, context: Context, settings: NegotiatorSettings) -> None:
        self._context = context
        self._lasts = settings.desk_session
        secure = (context.settings.public_url or "").startswith("https:")
        self._binding = Binding(context.signer, "desk", settings.desk_session, secure)

    def routes(self) -> APIRouter:
        """The router; its pages are for people and stay out of the schema."""
        router = APIRouter(prefix="/desk", include_in_schema=False)
        router.get("")(self.queue)
        router.post("/sign-in")(self.sign_in)
        router.post("/sign-out")(self.sign_out)
        router.post("/handoffs/{handoff_id}/assign")(self.assign)
        router.post("/handoffs/{handoff_id}/resolve")(self.resolve)
        return router

    def queue(self, request: Request, notice: str | None = None) -> Response:
        """The hand-offs that wait, oldest first; or the way in."""
        with self._context.unit() as work:
            return self._queue(work, request, notice)

    def sign_in(self, fields: Fields) -> Response:
        """Exchange a token with the scope `desk` for a session."""
        now = self._context.clock.now()
        if not self._binding.is_own_form(fields, "sign-in", now):
            return self._way_in("form", 403)
        caller = find_caller(dict(self._context.callers), f"Bearer {fields.get('token', '')}")
        if caller is None or "desk" not in caller.scopes:
            return self._way_in("sign_in", 403)
        answer = _see()
        self._binding.set_cookie(answer, COOKIE, {"n": caller.name}, now + self._lasts)
        return answer

    def sign_out(self, request: Request, fields: Fields) -> Response:
        """End the session of this browser."""

        def leave(work: UnitOfWork, caller: Caller) -> None:
            del work, caller

        answer = self._act(request, fields, leave)
        self._binding.drop_cookie(answer, COOKIE)
        return answer

    def assign(self, request: Request, handoff_id: str, fields: Fields) -> Response:
        """Take a hand-off; two people never hold one."""
        return self._act(
            request,
            fields,
            lambda work, who: people.assign(work, handoff_id, who.name, who.tenant),
        )

    def resolve(self, request: Request, handoff_id: str, fields: Fields) -> Response:
        """End a hand-off one holds, with an outcome of OUTCOMES."""
        outcome = fields.get("outcome", "")
        if outcome not in OUTCOMES:
            return _see("outcome")
        return self._act(
            request,
            fields,
            lambda work, who: people.resolve(work, handoff_id, who.name, outcome, who.tenant),
        )

    def _act(
        self, request: Request, fields: Fields, do: Callable[[UnitOfWork, Caller], None]
    ) -> Response:
        with self._context.unit() as work:
            caller = self._caller(request, work)
            if caller is None:
                return self._way_in(None, 403)
            if not self._binding.is_own_form(fields, caller.name, work.now):
                return _see("form")
            try:
                do(work, caller)
            except people.Taken:
                return _see("taken")
            except LookupError:
                return _see("unknown")
        return _see()

    def _queue(self, work: UnitOfWork, request: Request, notice: str | None) -> Response:
        caller = self._caller(request, work)
        if caller is None:
            return self._way_in(notice, 200)
        rows = store.unresolved_handoffs(work.session, caller.tenant, SHOWN)
        asked: dict[str, list[str]] = defaultdict(list)
        for one in account_store.questions_of(work.session, [row.handoff_id for row, _ in rows]):
            asked[one.handoff_id].append(one.text)
        return render(
            "desk.html",
            "en",
            switch=False,
            said=NOTICES.get(notice or ""),
            me=caller.name,
            form=self._binding.form_token(caller.name, work.now),
            outcomes=OUTCOMES,
            handoffs=[
                {
                    "id": row.handoff_id,
                    "reason": REASONS.get(row.reason) or _in_words(row.reason),
                    "tenant": row.tenant,
                    "customer": row.customer,
                    "obligation": row.obligation_id,
                    "case": row.case_id,
                    "language": locale or (row.needs or {}).get("language") or "not known",
                    "product": (row.needs or {}).get("product"),
                    "seniority": (row.needs or {}).get("seniority"),
                    "tier": (row.needs or {}).get("tier"),
                    "due_by": row.due_by.strftime("%Y-%m-%d %H:%M UTC") if row.due_by else None,
                    "since": row.requested_at.strftime("%Y-%m-%d %H:%M UTC"),
                    "holder": row.assigned_to,
                    "questions": asked[row.handoff_id],
                }
                for row, locale in rows
            ],
        )

    def _caller(self, request: Request, work: UnitOfWork) -> Caller | None:
        """Who is signed in, if their token still opens the desk."""
        name = self._binding.read_cookie(request, COOKIE, work.now).get("n")
        return next(
            (
                caller
                for caller in self._context.callers.values()
                if caller.name == name and "desk" in caller.scopes
            ),
            None,
        )

    def _way_in(self, notice: str | None, status: int) -> Response:
        form = self._binding.form_token("sign-in", self._context.clock.now())
        return render(
            "desk_sign_in.html", "en", status=status, switch=False,
            said=NOTICES.get(notice or ""), form=form,
        )  # fmt: skip


def _in_words(code: str) -> str:
    """A name out of a playbook, such as `adviser_calls`."""
    return code.replace("_", " ").replace("-", " ").capitalize()


def _see(notice: str | None = None) -> Response:
    path = f"/desk?notice={notice}" if notice else "/desk"
    return RedirectResponse(path, 303, headers=dict(HEADERS))
