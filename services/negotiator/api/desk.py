"""The desk's way in, and its queue: what waits for a person, in the order it should be seen to."""

<<<<<<< HEAD
from collections.abc import Mapping
from datetime import timedelta
=======
from collections import defaultdict
from collections.abc import Callable, Mapping
from decimal import Decimal
>>>>>>> b1852df (Desk: offers within an agent's own limits, and beyond them with a second person)
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

<<<<<<< HEAD
from services.negotiator import desk_store, store
from services.negotiator.api.desk_words import NOTICES, in_words
from services.negotiator.api.visitors import Binding, form_fields
=======
from schemas.world import minor_units
from services.negotiator import account_store, offer_store, store
from services.negotiator.api.visitors import Binding, form_fields
from services.negotiator.handlers import desk_offers, people
from services.negotiator.handlers.deciding import Deciding
>>>>>>> b1852df (Desk: offers within an agent's own limits, and beyond them with a second person)
from services.negotiator.pages import HEADERS, render
from services.negotiator.rules import routing
from services.negotiator.rules.routing import Matter, Person
from services.negotiator.settings import NegotiatorSettings
<<<<<<< HEAD
from services.negotiator.staff import load_people
from services.negotiator.tables import HandoffRow
=======
from services.negotiator.tables import OfferRow
>>>>>>> b1852df (Desk: offers within an agent's own limits, and beyond them with a second person)
from services.runtime.context import Context
from services.runtime.security import Caller, find_caller
from services.runtime.unit_of_work import UnitOfWork

COOKIE = "desk"
<<<<<<< HEAD
SHOWN = 500
PRESENT = timedelta(minutes=2)
"""Real time after which somebody who looked does not count as looking any more."""

=======
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
    "offered": "The offer is on the customer's page.",
    "waiting": "That goes beyond your own limits: a second person must approve it.",
    "beyond_authority": "That goes beyond what the creditor allows anyone. Nothing was offered.",
    "own_offer": "Nobody approves their own offer.",
    "no_offer": "There is no authority for an offer here. Nothing was offered.",
    "agreed_already": "There is an agreement already. Nothing was offered.",
    "settled": "Nothing is owed any more. Nothing was offered.",
    "amount_changed": "The amount has changed since. Make the offer anew.",
    "expired": "That offer's time is over. Make it anew.",
    "unreadable_wish": "Fill in at least one field of the offer. Nothing was offered.",
    "wish_amount": "The amount must be above zero and not above what is owed.",
    "wish_date": "The first day must lie between today and a year from now.",
    "wish_count": "That number is not possible.",
    "wish_currency": "That currency does not fit the bill.",
}
>>>>>>> b1852df (Desk: offers within an agent's own limits, and beyond them with a second person)
Fields = Annotated[Mapping[str, str], Depends(form_fields)]


class Reception:
    """Who is signed in: a desk token is exchanged for a session."""

    def __init__(self, context: Context, settings: NegotiatorSettings) -> None:
<<<<<<< HEAD
        """Raises BadPeople."""
        self.context = context
=======
        self._context = context
        self._decide = Deciding.of(context.signer, settings)
>>>>>>> b1852df (Desk: offers within an agent's own limits, and beyond them with a second person)
        self._lasts = settings.desk_session
        self._people = load_people(settings.desk_people)
        secure = (context.settings.public_url or "").startswith("https:")
        self._binding = Binding(context.signer, "desk", settings.desk_session, secure)

    def routes(self) -> APIRouter:
        """Signing in and out."""
        router = APIRouter(prefix="/desk", include_in_schema=False)
        router.post("/sign-in")(self.sign_in)
        router.post("/sign-out")(self.sign_out)
<<<<<<< HEAD
=======
        router.post("/handoffs/{handoff_id}/assign")(self.assign)
        router.post("/handoffs/{handoff_id}/resolve")(self.resolve)
        router.post("/handoffs/{handoff_id}/offer")(self.offer)
        router.post("/offers/{offer_id}/approve")(self.approve)
>>>>>>> b1852df (Desk: offers within an agent's own limits, and beyond them with a second person)
        return router

    def sign_in(self, fields: Fields) -> Response:
        """Exchange a token with the scope `desk` for a session."""
        now = self.context.clock.now()
        if not self._binding.is_own_form(fields, "sign-in", now):
            return self.way_in("form", 403)
        caller = find_caller(dict(self.context.callers), f"Bearer {fields.get('token', '')}")
        if caller is None or "desk" not in caller.scopes:
            return self.way_in("sign_in", 403)
        answer = see()
        self._binding.set_cookie(answer, COOKIE, {"n": caller.name}, now + self._lasts)
        return answer

    def sign_out(self, request: Request, fields: Fields) -> Response:
        """End the session of this browser."""
        caller = self.caller(request)
        if caller is None or not self.is_own_form(fields, caller):
            return self.way_in(None, 403)
        answer = see()
        self._binding.drop_cookie(answer, COOKIE)
        return answer

<<<<<<< HEAD
    def caller(self, request: Request) -> Caller | None:
=======
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

    def offer(self, request: Request, handoff_id: str, fields: Fields) -> Response:
        """Offer terms in the case of a hand-off one holds; beyond one's limits a second approves."""

        def do(work: UnitOfWork, who: Caller) -> str:
            found = desk_offers.offer(work, self._decide, handoff_id, who.name, who.tenant, fields)
            return found.name.lower() if isinstance(found, desk_offers.Outcome) else found.value

        return self._act(request, fields, do)

    def approve(self, request: Request, offer_id: str, fields: Fields) -> Response:
        """Let another's offer beyond an agent's limits go out."""

        def do(work: UnitOfWork, who: Caller) -> str:
            why = desk_offers.approve(work, self._decide, offer_id, who.name, who.tenant)
            return why.value if why else desk_offers.Outcome.OFFERED.name.lower()

        return self._act(request, fields, do)

    def _act(
        self, request: Request, fields: Fields, do: Callable[[UnitOfWork, Caller], str | None]
    ) -> Response:
        with self._context.unit() as work:
            caller = self._caller(request, work)
            if caller is None:
                return self._way_in(None, 403)
            if not self._binding.is_own_form(fields, caller.name, work.now):
                return _see("form")
            try:
                notice = do(work, caller)
            except people.Taken:
                return _see("taken")
            except LookupError:
                return _see("unknown")
        return _see(notice)

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
            waiting=[
                _waiting(row)
                for row in offer_store.waiting_offers(work.session, caller.tenant, SHOWN)
            ],
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
>>>>>>> b1852df (Desk: offers within an agent's own limits, and beyond them with a second person)
        """Who is signed in, if their token still opens the desk."""
        name = self._binding.read_cookie(request, COOKIE, self.context.clock.now()).get("n")
        held = (one for one in self.context.callers.values() if one.name == name)
        return next((one for one in held if "desk" in one.scopes), None)

    def person(self, caller: Caller) -> Person:
        """What is known of whoever is signed in; one who is not listed is an agent for all."""
        return self._people.get(caller.name) or Person(caller.name)

    def token_of(self, caller: Caller) -> str:
        """The token under which other services are asked in this person's name."""
        return next((t for t, one in self.context.callers.items() if one.name == caller.name), "")

    def form(self, caller: Caller) -> str:
        """What this person's forms must carry."""
        return self._binding.form_token(caller.name, self.context.clock.now())

    def is_own_form(self, fields: Mapping[str, str], caller: Caller) -> bool:
        """Whether a form came from this person's own page."""
        return self._binding.is_own_form(fields, caller.name, self.context.clock.now())

    def way_in(self, notice: str | None, status: int) -> Response:
        """The page to sign in."""
        form = self._binding.form_token("sign-in", self.context.clock.now())
        return render(
            "desk_sign_in.html", "en", status=status, switch=False,
            said=NOTICES.get(notice or ""), form=form,
        )  # fmt: skip


<<<<<<< HEAD
class Queue:
    """`GET /desk`."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    def routes(self) -> APIRouter:
        """The router; its page is for people and stays out of the schema."""
        router = APIRouter(include_in_schema=False)
        router.get("/desk")(self.queue)
        return router

    def queue(self, request: Request, notice: str | None = None) -> Response:
        """What waits: mine, what suits me, the rest; or the way in."""
        caller = self._reception.caller(request)
        if caller is None:
            return self._reception.way_in(notice, 200)
        with self._reception.context.unit() as work:
            return self._page(work, caller, notice)

    def _page(self, work: UnitOfWork, caller: Caller, notice: str | None) -> Response:
        person = self._reception.person(caller)
        rows = store.unresolved_handoffs(work.session, caller.tenant, SHOWN)
        about = {(row.tenant, row.obligation_id) for row, _ in rows}
        values = desk_store.values_of(work.session, about)
        ids = [row.handoff_id for row, _ in rows]
        looking = desk_store.present(work.session, ids, work.real_now - PRESENT)
        known = [
            (row, matter_of(row, locale, values.get(row.obligation_id, 0))) for row, locale in rows
        ]
        known.sort(key=lambda one: routing.place(one[1], work.now))
        groups: dict[str, list[dict[str, object]]] = {"mine": [], "suits": [], "others": []}
        for row, matter in known:
            others = [name for name in looking.get(row.handoff_id, ()) if name != caller.name]
            line = _line(row, matter, work, others)
            if row.assigned_to == caller.name:
                groups["mine"].append(line)
            elif row.assigned_to is None and routing.suits(person, matter):
                groups["suits"].append(line)
            else:
                groups["others"].append(line)
        return render(
            "desk.html", "en", switch=False, said=NOTICES.get(notice or ""), me=caller.name,
            role=person.role.value, form=self._reception.form(caller), groups=groups,
            waiting=len(rows),
        )  # fmt: skip
=======
def _waiting(row: OfferRow) -> dict[str, str]:
    """An offer that waits for a second person, for the desk's list."""
    digits = minor_units(row.currency)
    total = Decimal(row.total_minor).scaleb(-digits)
    return {
        "id": row.offer_id,
        "terms": f"{total} {row.currency} in {len(row.instalments)}, until "
        f"{row.instalments[-1]['due_date']}",
        "obligation": row.obligation_id,
        "actor": row.actor or "",
    }


def _in_words(code: str) -> str:
    """A name out of a playbook, such as `adviser_calls`."""
    return code.replace("_", " ").replace("-", " ").capitalize()
>>>>>>> b1852df (Desk: offers within an agent's own limits, and beyond them with a second person)


def matter_of(row: HandoffRow, locale: str | None, value_minor: int) -> Matter:
    """What routing goes by."""
    needs = row.needs or {}
    return Matter(
        reason=row.reason,
        since=row.requested_at,
        due_by=row.due_by,
        language=locale or needs.get("language"),
        product=needs.get("product"),
        seniority=needs.get("seniority"),
        tier=needs.get("tier"),
        value_minor=value_minor,
    )


def see(notice: str | None = None, path: str = "/desk") -> Response:
    """Lead on to a page of the desk, which says what `notice` names."""
    where = f"{path}?notice={notice}" if notice else path
    return RedirectResponse(where, 303, headers=dict(HEADERS))


def _line(
    row: HandoffRow, matter: Matter, work: UnitOfWork, looking: list[str]
) -> dict[str, object]:
    due = routing.due(matter)
    return {
        "id": row.handoff_id,
        "reason": in_words(row.reason),
        "customer": row.customer,
        "tenant": row.tenant,
        "obligation": row.obligation_id,
        "language": matter.language or "not known",
        "product": matter.product,
        "valued": routing.is_very_important(matter),
        "urgent": routing.is_urgent(matter),
        "late": work.now >= due,
        "due": due.strftime("%d %b %H:%M UTC"),
        "holder": row.assigned_to,
        "looking": looking,
    }
