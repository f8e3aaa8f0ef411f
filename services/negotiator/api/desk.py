"""The desk's way in, and its queue: what waits for a person, in the order it should be seen to."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from services.negotiator import desk_store, store
from services.negotiator.api.desk_words import NOTICES, in_words
from services.negotiator.api.visitors import Binding, form_fields
from services.negotiator.pages import HEADERS, render
from services.negotiator.rules import routing
from services.negotiator.rules.routing import Matter, Person
from services.negotiator.settings import NegotiatorSettings
from services.negotiator.staff import load_people
from services.negotiator.tables import HandoffRow
from services.runtime.context import Context
from services.runtime.security import Caller, find_caller
from services.runtime.unit_of_work import UnitOfWork

COOKIE = "desk"
SHOWN = 500
PRESENT = timedelta(minutes=2)
"""Real time after which somebody who looked does not count as looking any more."""

Fields = Annotated[Mapping[str, str], Depends(form_fields)]


class Reception:
    """Who is signed in: a desk token is exchanged for a session."""

    def __init__(self, context: Context, settings: NegotiatorSettings) -> None:
        """Raises BadPeople."""
        self.context = context
        self._lasts = settings.desk_session
        self._people = load_people(settings.desk_people)
        secure = (context.settings.public_url or "").startswith("https:")
        self._binding = Binding(context.signer, "desk", settings.desk_session, secure)

    def routes(self) -> APIRouter:
        """Signing in and out."""
        router = APIRouter(prefix="/desk", include_in_schema=False)
        router.post("/sign-in")(self.sign_in)
        router.post("/sign-out")(self.sign_out)
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

    def caller(self, request: Request) -> Caller | None:
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
