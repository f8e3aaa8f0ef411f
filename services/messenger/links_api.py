"""What the links of a message lead to, signed ones and short ones alike."""

import base64
from typing import Annotated, Final

from fastapi import FastAPI, Form, Response
from fastapi.responses import RedirectResponse

from services.messenger.customers import Customers, Gone, UserAgent
from services.messenger.handlers import answers
from services.messenger.links import LinkKind, Token
from services.messenger.pages import render, said

PIXEL: Final = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")

From = Annotated[str, Form(alias="from")]
All = Annotated[str, Form(alias="all")]


def add_to(api: FastAPI, customers: Customers) -> None:
    """Add the routes."""
    _tracked(api, customers)
    _opting_out(api, customers)
    _short(api, customers)


def _tracked(api: FastAPI, customers: Customers) -> None:
    @api.get("/t/c/{token}", tags=["customers"])
    def click(token: str, user_agent: UserAgent = "") -> Response:
        """Follow a tracked link: 302 to an allow-listed target; 404 or 410 as a plain page."""
        return _follow(customers, customers.token(LinkKind.CLICK, token), user_agent)

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
        return _ask(customers, customers.token(LinkKind.UNSUBSCRIBE, token))

    @api.post("/u/{token}", tags=["customers"])
    def stop(token: str, origin: From = "", everything: All = "") -> Response:
        """Opt out, by mail program (RFC 8058, one click) or by the page's button; idempotent.

        Any POST with a genuine token is honoured, whatever its body says.
        """
        found = customers.token(LinkKind.UNSUBSCRIBE, token)
        return _stop(customers, found, origin, everything)


def _short(api: FastAPI, customers: Customers) -> None:
    @api.get("/s/{name}", tags=["customers"])
    def short(name: str, user_agent: UserAgent = "") -> Response:
        """A link of a text, by its short name: as `/t/c/` or `/u/`, whichever it stands for."""
        kind, found = customers.shortened(name)
        if kind is LinkKind.UNSUBSCRIBE:
            return _ask(customers, found)
        return _follow(customers, found, user_agent)

    @api.post("/s/{name}", tags=["customers"])
    def stop(name: str, origin: From = "", everything: All = "") -> Response:
        """Opt out, as by POST to `/u/`."""
        kind, found = customers.shortened(name)
        if kind is not LinkKind.UNSUBSCRIBE:
            raise Gone(404)
        return _stop(customers, found, origin, everything)


def _follow(customers: Customers, found: Token, user_agent: str) -> Response:
    link = found.link or ""
    target = customers.target(customers.read(found, LinkKind.CLICK), link)
    answers.note_click(customers.context, found.message_id, link, user_agent)
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return RedirectResponse(target, 302, headers)


def _ask(customers: Customers, found: Token) -> Response:
    message = customers.read(found, LinkKind.UNSUBSCRIBE)
    return render("unsubscribe.html", message.locale, brand=customers.brand(message))


def _stop(customers: Customers, found: Token, origin: str, everything: str) -> Response:
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
