"""The messenger over HTTP: links, opt-out and preferences for customers; reports and replies."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request, Response

from services.messenger import (
    choice_page,
    feedback_page,
    inbound_api,
    links_api,
    preferences_page,
    replies_api,
    suppressions_api,
    webhooks_api,
)
from services.messenger.customers import Customers, Gone
from services.messenger.handlers import answers
from services.messenger.handlers.intake import Letterbox
from services.messenger.links import Links
from services.messenger.pages import gone
from services.messenger.providers.doors import Door
from services.messenger.replies_api import may_touch
from services.messenger.tenants import Tenant
from services.runtime.context import Context
from services.runtime.security import Caller, require
from services.runtime.web import Problem, create_api

Reader = Annotated[Caller, Depends(require("read"))]

DESCRIPTION = "Which words, in which language; what was sent, and what came back."


def create(
    context: Context,
    links: Links,
    tenants: dict[str, Tenant],
    doors: Mapping[str, Door],
    letterbox: Letterbox,
    not_now_days: int,
) -> FastAPI:
    """The messenger's routes. doors: of providers who may tell of deliveries and answers."""
    api = create_api(context, "Rapport messenger", DESCRIPTION)
    customers = Customers(context, links, tenants)

    @api.exception_handler(Gone)
    async def plain_page(request: Request, error: Gone) -> Response:
        del request
        return gone(error.status)

    @api.exception_handler(answers.NotKnown)
    async def not_known(request: Request, error: answers.NotKnown) -> Response:
        del request, error
        return gone(404)

    links_api.add_to(api, customers)
    feedback_page.add_to(api, customers)
    choice_page.add_to(api, customers)
    preferences_page.add_to(api, customers, not_now_days)
    replies_api.add_to(api, customers, letterbox.listening)
    inbound_api.add_to(api, context)
    suppressions_api.add_to(api, context)
    webhooks_api.add_to(api, context, links.here, doors, letterbox)
    _internal(api, context)
    return api


def _internal(api: FastAPI, context: Context) -> None:
    @api.get("/messages/{message_id}", tags=["internal"])
    def message(caller: Reader, message_id: str) -> dict[str, Any]:
        """What was decided about a message and how it ended; neither address nor words."""
        try:
            found = answers.find(context, message_id)
        except answers.NotKnown:
            raise Problem(404, "Not known", "No such message.") from None
        may_touch(caller, found)
        hidden = {"copy_", "cause", "links", "choices", "lane", "epoch"}
        names = {"links": sorted(found.links), "choices": sorted(found.choices)}
        return found.model_dump(mode="json", exclude=hidden) | names
