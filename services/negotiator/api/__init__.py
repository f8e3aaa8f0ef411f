"""The negotiator over HTTP: the customer's portal, the desk, and cases for those inside."""

from typing import Annotated, Any

from fastapi import Depends, FastAPI
from sqlalchemy.exc import SQLAlchemyError

from services.negotiator import store
from services.negotiator.api.bills import Bills
from services.negotiator.api.colleagues import Colleagues
from services.negotiator.api.desk import Queue, Reception
from services.negotiator.api.desk_case import DeskCase
from services.negotiator.api.desk_offers import DeskOffers
from services.negotiator.api.entrance import Entrance
from services.negotiator.api.inbox import Inbox
from services.negotiator.api.payments import Webhooks, paying
from services.negotiator.api.portal import Portal
from services.negotiator.api.postbox import Postbox
from services.negotiator.handlers import cases
from services.negotiator.settings import NegotiatorSettings
from services.runtime.context import Context
from services.runtime.security import Caller, InvalidToken, require
from services.runtime.web import Problem, create_api

DESCRIPTION = "On which terms, within which authority, or which person takes over."
Reader = Annotated[Caller, Depends(require("read"))]


def create(context: Context, settings: NegotiatorSettings | None = None) -> FastAPI:
    """The negotiator's routes; `settings` are read from the environment where not given."""
    api = create_api(context, "Rapport negotiator", DESCRIPTION)
    settings = settings or NegotiatorSettings()
    entrance = Entrance(context, settings)
    taking = paying(settings)
    portal = Portal(context, settings, entrance, taking)
    api.include_router(portal.routes())
    api.include_router(Bills(context, settings, entrance, taking).routes())
    api.include_router(
        Inbox(entrance, Postbox(context, settings), context.clock.monotonic).routes()
    )
    if taking is not None:
        api.include_router(Webhooks(context, taking).routes())
    reception = Reception(context, settings)
    api.include_router(reception.routes())
    api.include_router(Queue(reception).routes())
    api.include_router(DeskCase(reception, Colleagues(context.settings, settings)).routes())
    api.include_router(DeskOffers(reception, portal.decide).routes())
    api.add_exception_handler(InvalidToken, portal.invalid)
    api.add_exception_handler(SQLAlchemyError, portal.unreachable)

    @api.get("/cases/{case_id}", tags=["internal"])
    def case(caller: Reader, case_id: str) -> dict[str, Any]:
        """A case: its obligation, offers, agreements, hand-offs, and what happened in order."""
        with context.unit() as work:
            row = store.case_by_id(work.session, case_id)
            if row is None or not caller.may_see(row.tenant):
                raise Problem(404, "Not known", "There is no such case.")
            return cases.story(work.session, row)

    return api
