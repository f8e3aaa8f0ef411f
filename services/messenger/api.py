"""The messenger over HTTP: links, opt-out and preferences for customers; reports and replies."""

import base64
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Form, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import ValidationError

from services.messenger import (
    choice_page,
    feedback_page,
    inbound_api,
    preferences_page,
    replies_api,
    suppressions_api,
)
from services.messenger.customers import Customers, Gone, UserAgent
from services.messenger.handlers import answers, webhooks
from services.messenger.handlers.replies import Listening
from services.messenger.handlers.returns import Patience
from services.messenger.links import LinkKind, Links
from services.messenger.pages import gone, render, said
from services.messenger.replies_api import body_of, may_touch
from services.messenger.tenants import Tenant
from services.runtime.context import Context
from services.runtime.security import Caller, require
from services.runtime.web import Problem, create_api

Reader = Annotated[Caller, Depends(require("read"))]

DESCRIPTION = "Which words, in which language; what was sent, and what came back."
PIXEL: Final = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
LARGEST_WEBHOOK = 256 << 10


def create(
    context: Context,
    links: Links,
    tenants: dict[str, Tenant],
    secrets: dict[str, bytes],
    not_now_days: int,
    listening: Listening,
    patience: Patience,
) -> FastAPI:
    """The messenger's routes."""
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

    _tracking(api, customers)
    feedback_page.add_to(api, customers)
    choice_page.add_to(api, customers)
    _opting_out(api, customers)
    preferences_page.add_to(api, customers, not_now_days)
    replies_api.add_to(api, customers, listening)
    inbound_api.add_to(api, context)
    suppressions_api.add_to(api, context)
    _internal(api, customers, secrets, patience)
    return api


def _tracking(api: FastAPI, customers: Customers) -> None:
    @api.get("/t/c/{token}", tags=["customers"])
    def click(token: str, user_agent: UserAgent = "") -> Response:
        """Follow a tracked link: 302 to an allow-listed target; 404 or 410 as a plain page."""
        found = customers.token(LinkKind.CLICK, token)
        link = found.link or ""
        target = customers.target(customers.read(found, LinkKind.CLICK), link)
        answers.note_click(customers.context, found.message_id, link, user_agent)
        headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        return RedirectResponse(target, 302, headers)

    @api.get("/t/n/{token}", tags=["customers"])
    def nobody(token: str) -> Response:
        """A link that no reader is shown: it tells programs from people, and leads nowhere."""
        message = answers.note_scan(
            customers.context, customers.token(LinkKind.HONEYPOT, token).message_id
        )
        return render(
            "message.html",
            message.locale,
            title=said("nobody_title", message.locale),
            text=said("nobody_text", message.locale),
        )

    @api.get("/t/o/{token}.gif", tags=["customers"])
    def pixel(token: str, user_agent: UserAgent = "") -> Response:
        """One transparent pixel; fetching it is an open."""
        found = customers.token(LinkKind.OPEN, token)
        answers.note_open(customers.context, found.message_id, user_agent)
        return Response(PIXEL, media_type="image/gif", headers={"Cache-Control": "no-store"})


def _opting_out(api: FastAPI, customers: Customers) -> None:
    @api.get("/u/{token}", tags=["customers"])
    def ask(token: str) -> Response:
        """A page with a button; looking at it changes nothing."""
        message = customers.message(LinkKind.UNSUBSCRIBE, token)
        return render("unsubscribe.html", message.locale, brand=customers.brand(message))

    @api.post("/u/{token}", tags=["customers"])
    def stop(
        token: str,
        origin: Annotated[str, Form(alias="from")] = "",
        everything: Annotated[str, Form(alias="all")] = "",
    ) -> Response:
        """Opt out, by mail program (RFC 8058, one click) or by the page's button; idempotent.

        Any POST with a genuine token is honoured, whatever its body says.
        """
        found = customers.token(LinkKind.UNSUBSCRIBE, token)
        message = answers.unsubscribe(
            customers.context,
            found.message_id,
            "page" if origin == "page" else "one_click",
            all_purposes=everything == "yes",
        )
        text = "stopped_all_text" if everything == "yes" else "stopped_text"
        return render(
            "message.html",
            message.locale,
            title=said("stopped_title", message.locale),
            text=said(text, message.locale, brand=customers.brand(message)),
        )


def _internal(
    api: FastAPI, customers: Customers, secrets: dict[str, bytes], patience: Patience
) -> None:
    context = customers.context

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

    @api.post("/webhooks/{provider}", tags=["providers"])
    async def webhook(provider: str, request: Request) -> JSONResponse:
        """Take a provider's report, signed by Standard Webhooks; each id once."""
        body = await body_of(request, LARGEST_WEBHOOK)
        secret = secrets.get(provider)
        try:
            if secret is None:
                raise webhooks.Forged
            call_id = webhooks.verify(secret, request.headers, body, context.clock.real())
        except webhooks.Forged:
            raise Problem(401, "Not signed", "The signature or its time is wrong.") from None
        try:
            report = webhooks.Report.model_validate_json(body)
        except ValidationError:
            raise Problem(
                422, "Invalid request", "Send message.delivered, .bounced or .complained."
            ) from None
        known = await run_in_threadpool(webhooks.take, context, provider, call_id, report, patience)
        return JSONResponse({"status": "accepted" if known else "no such message"})
