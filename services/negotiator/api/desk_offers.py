"""Offers by people at the desk: made by whoever holds the case, approved by a second person."""

from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from services.negotiator.api.desk import Reception, see
from services.negotiator.api.visitors import form_fields
from services.negotiator.handlers import desk_offers, people
from services.negotiator.handlers.deciding import Deciding
from services.negotiator.rules.routing import Role
from services.runtime.security import Caller
from services.runtime.unit_of_work import UnitOfWork

Fields = Annotated[Mapping[str, str], Depends(form_fields)]


class DeskOffers:
    """The routes under /desk/handoffs/{id} that make and approve offers."""

    def __init__(self, reception: Reception, decide: Deciding) -> None:
        self._reception = reception
        self._decide = decide

    def routes(self) -> APIRouter:
        """The router; its forms are for people and stay out of the schema."""
        router = APIRouter(prefix="/desk/handoffs/{handoff_id}", include_in_schema=False)
        router.post("/offer")(self.offer)
        router.post("/offers/{offer_id}/approve")(self.approve)
        return router

    def offer(self, request: Request, handoff_id: str, fields: Fields) -> Response:
        """Offer terms in the case of a hand-off one holds."""

        def do(work: UnitOfWork, who: Caller) -> str:
            found = desk_offers.offer(work, self._decide, handoff_id, who.name, who.tenant, fields)
            return found.name.lower() if isinstance(found, desk_offers.Outcome) else found.value

        return self._act(request, handoff_id, fields, do, (Role.AGENT, Role.SUPERVISOR))

    def approve(self, request: Request, handoff_id: str, offer_id: str, fields: Fields) -> Response:
        """Let another's offer beyond an agent's limits go out; a supervisor's to do."""

        def do(work: UnitOfWork, who: Caller) -> str:
            why = desk_offers.approve(work, self._decide, offer_id, who.name, who.tenant)
            return why.value if why else desk_offers.Outcome.OFFERED.name.lower()

        return self._act(request, handoff_id, fields, do, (Role.SUPERVISOR,))

    def _act(
        self,
        request: Request,
        handoff_id: str,
        fields: Fields,
        do: Callable[[UnitOfWork, Caller], str],
        roles: tuple[Role, ...],
    ) -> Response:
        here = f"/desk/handoffs/{handoff_id}"
        caller = self._reception.caller(request)
        if caller is None:
            return self._reception.way_in(None, 403)
        if not self._reception.is_own_form(fields, caller):
            return see("form", here)
        if self._reception.person(caller).role not in roles:
            return see("role", here)
        try:
            with self._reception.context.unit() as work:
                notice = do(work, caller)
        except people.Taken:
            return see("taken", here)
        except LookupError:
            return see("unknown")
        return see(notice, here)
