"""The bank's, the shop's and the video site's own pages, to which the letters' links lead.

Simulated: no sign-in, and money is only written down. What is done here, the publishers tell
Rapport as real ones would, by an event.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Annotated

import uvicorn
from fastapi import FastAPI, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from rapport.demo.books import UnknownBill
from rapport.demo.publishers import Publishers
from schemas.world import minor_units

_STYLE = (
    "body{font:17px/1.6 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1.5rem;"
    "color:#24302c;background:#faf9f6}button{font:inherit;padding:.6rem 1.4rem;margin:.4rem 0;"
    "border:1px solid #17604f;border-radius:9px;background:#17604f;color:#fff;cursor:pointer}"
    "small{color:#59645f}"
)


def application(publishers: Publishers) -> FastAPI:
    """All pages. A GET changes nothing."""
    app = FastAPI(title="Harbour Lane (simulated)", docs_url=None, redoc_url=None)

    @app.exception_handler(UnknownBill)
    async def unknown(request: Request, error: Exception) -> Response:
        del request, error
        return _page("Nothing here", "<p>There is no such bill or plan.</p>", 404)

    @app.get("/")
    def front() -> Response:
        return _page("Harbour Lane", "<p>The bank, the shop and the films of this demo.</p>")

    @app.get("/accounts/{customer}")
    def account(customer: str) -> Response:
        found = publishers.bills_of(customer)
        shown = "".join(_bill(*bill) for bill in found)
        return _page("Your bills", shown or "<p>Nothing is open.</p>")

    @app.get("/bills/{bill_id}")
    def bill(bill_id: str) -> Response:
        creditor, asked, currency = publishers.asked(bill_id)
        if not asked:
            return _page("Paid", "<p>This bill is paid. Thank you.</p>")
        return _page("Your bill", _bill(bill_id, creditor, asked, currency))

    @app.post("/bills/{bill_id}/pay")
    def pay(bill_id: str, amount_minor: Annotated[int, Form(gt=0)]) -> Response:
        try:
            publishers.pay(bill_id, amount_minor)
        except ValueError:
            raise HTTPException(409, "This bill is paid.") from None
        return _done(f"/bills/{bill_id}")

    @app.get("/bills/{bill_id}/automatic")
    def automatic(bill_id: str) -> Response:
        publishers.asked(bill_id)
        return _page("Automatic payment", _button("", "Pay this bill automatically"))

    @app.post("/bills/{bill_id}/automatic")
    def set_up(bill_id: str) -> Response:
        publishers.pay_automatically(bill_id)
        return _done(f"/bills/{bill_id}")

    @app.get("/renew/{subscription_id}")
    def offer(subscription_id: str) -> Response:
        plan, until = publishers.plan_of(subscription_id)
        text = f"<p>{escape(plan)}, until {until}</p>"
        return _page("Keep your plan", text + _button("", "Keep it"))

    @app.post("/renew/{subscription_id}")
    def renew(subscription_id: str) -> Response:
        publishers.renew(subscription_id)
        return _done("/browse")

    @app.get("/plans/{subscription_id}")
    def plans(subscription_id: str) -> Response:
        plan, until = publishers.plan_of(subscription_id)
        smaller = _button(f"/renew/{escape(subscription_id)}", "Take the small plan")
        leave = _button("", "End it")
        return _page("Plans", f"<p>{escape(plan)}, until {until}</p>{smaller}{leave}")

    @app.post("/plans/{subscription_id}")
    def leave(subscription_id: str) -> Response:
        publishers.cancel(subscription_id)
        return _done("/browse")

    @app.get("/browse")
    def browse() -> Response:
        return _page("Films", "<p>The Salt Marsh. Low Tide. The Lighthouse Choir.</p>")

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: Exception) -> Response:
        del request
        assert isinstance(error, HTTPException)
        return JSONResponse({"detail": error.detail}, error.status_code)

    return app


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Serve on a free loopback port, in a thread, until the block ends; gives the base address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(
            target=server.run, args=([listening],), name="website", daemon=True
        )
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(5)


def _bill(bill_id: str, creditor: str, asked_minor: int, currency: str) -> str:
    places = minor_units(currency)
    amount = f"{asked_minor / 10**places:,.{places}f} {currency}"
    hidden = f'<input type="hidden" name="amount_minor" value="{asked_minor}">'
    text = f"<p>{escape(creditor)}: <strong>{amount}</strong></p>"
    return text + _button(f"/bills/{escape(bill_id)}/pay", "Pay", hidden)


def _button(action: str, text: str, hidden: str = "") -> str:
    return f'<form method="post" action="{action}">{hidden}<button>{text}</button></form>'


def _done(path: str) -> Response:
    return RedirectResponse(path, 303)


def _page(title: str, body: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style><h1>{title}</h1>{body}"
        "<p><small>A simulated page of the demo: no money moves.</small></p></html>",
        status,
    )
