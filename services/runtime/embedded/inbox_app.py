"""The mail catcher's HTTP side: the inbox as pages for people and as JSON for programs."""

import hashlib
from email.message import EmailMessage
from pathlib import Path
from smtplib import SMTP, SMTPException
from typing import Annotated, Any

from fastapi import FastAPI, Form, HTTPException, Query, Response
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader

from services.runtime.embedded.inbox import URL, Inbox, Message
from services.runtime.embedded.smtp import Fault, Relay

_PAGE = 50
_PREVIEW = 140
_SECONDS = 10
_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "pages"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_NO_STORE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
# The message may show itself and its pictures; it may run nothing and reach nothing else.
_MESSAGE_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "img-src * data:; style-src 'unsafe-inline'; font-src data:"
)
_PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; frame-src 'self'; img-src data:"
)


def application(inbox: Inbox, relay: Relay, replies_port: int = 0) -> FastAPI:
    """The pages and the API over `inbox`; faults are set on `relay`.

    replies_port: of this machine, where answers to messages go by SMTP; 0: none can be given.
    """
    app = FastAPI(title="Rapport mail catcher", redoc_url=None)

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def listing(q: str = "", to: str = "", page: int = Query(1, ge=1)) -> Response:
        found = list(inbox.find(to=to, search=q))
        shown = found[(page - 1) * _PAGE : page * _PAGE]
        return _page(
            "inbox.html",
            rows=[_row(message) for message in shown],
            found=len(found),
            count=inbox.count,
            q=q,
            to=to,
            page=page,
            pages=max(1, -(-len(found) // _PAGE)),
        )

    @app.get("/messages/{number}", response_class=HTMLResponse, include_in_schema=False)
    async def reading(number: int, answered: str = "") -> Response:
        message = _found(number)
        return _page(
            "message.html",
            message=message,
            row=_row(message),
            headers=message.full()["headers"].items(),
            source=message.raw.decode("utf-8", "replace"),
            older=inbox.get(number - 1),
            newer=inbox.get(number + 1),
            answerable=bool(replies_port),
            answered=answered,
        )

    @app.post("/messages/{number}/reply", include_in_schema=False)
    def reply(number: int, words: Annotated[str, Form(max_length=20_000)]) -> Response:
        """Answer as the one who got the message would, from their mail program."""
        message = _found(number)
        if not replies_port:
            raise HTTPException(404, "No mail is taken here.")
        try:
            with SMTP("127.0.0.1", replies_port, timeout=_SECONDS) as client:
                client.send_message(answer(message, words))
            outcome = "yes"
        except (OSError, SMTPException):
            outcome = "no"
        return RedirectResponse(f"/messages/{number}?answered={outcome}", 303, _NO_STORE)

    @app.get("/messages/{number}/html", response_class=HTMLResponse, include_in_schema=False)
    async def html_part(number: int) -> Response:
        # Links open beside the inbox, as in a mail program.
        content = '<base target="_blank">' + (_found(number).html or "")
        policy = {"Content-Security-Policy": _MESSAGE_POLICY}
        return HTMLResponse(content, headers=_NO_STORE | policy)

    @app.get("/messages/{number}/source", include_in_schema=False)
    async def source(number: int) -> Response:
        return PlainTextResponse(_found(number).raw, headers=_NO_STORE)

    @app.get("/api/messages")
    async def messages(
        to: str = "", q: str = "", since: int = 0, limit: int = Query(500, ge=1), full: bool = False
    ) -> dict[str, Any]:
        """Oldest first: messages above number `since`, at most `limit`, with bodies if `full`.

        `count` is the number of the newest message ever taken: pass it as the next `since` where
        fewer than `limit` came.
        """
        found = list(inbox.find(to=to, search=q, since=since))[::-1][:limit]
        return {
            "count": inbox.count,
            "messages": [one.full() if full else one.summary() for one in found],
        }

    @app.get("/api/messages/{number}")
    async def message(number: int) -> dict[str, Any]:
        """One message with headers, text, html and links."""
        return _found(number).full()

    @app.delete("/api/messages", status_code=204)
    async def clear() -> None:
        """Forget the messages; numbers go on."""
        inbox.clear()

    @app.get("/api/faults")
    async def faults() -> dict[str, Any]:
        """The fault in force and how often it struck."""
        return relay.fault.model_dump() | {"hits": relay.hits}

    @app.post("/api/faults")
    async def misbehave(fault: Fault) -> dict[str, Any]:
        """Fail like that from now on; mode `none` mends all."""
        await relay.misbehave(fault)
        return await faults()

    def _found(number: int) -> Message:
        message = inbox.get(number)
        if message is None:
            raise HTTPException(404, "No such message is kept.")
        return message

    return app


def answer(message: Message, words: str) -> EmailMessage:
    """What a mail program writes when its owner answers a message."""
    made = EmailMessage()
    made["From"] = message.recipients[0] if message.recipients else "nobody@localhost"
    made["To"] = str(message.parsed["reply-to"] or message.parsed["from"] or message.sender)
    made["Subject"] = "Re: " + " ".join(message.subject.split())
    if reference := message.parsed["message-id"]:
        made["In-Reply-To"] = made["References"] = " ".join(str(reference).split())
    quoted = "".join(f"> {line}\n" for line in (message.text or "").splitlines())
    made.set_content(f"{words}\n\n{quoted}")
    return made


def _page(name: str, **values: Any) -> Response:
    return HTMLResponse(
        _PAGES.get_template(name).render(**values),
        headers=_NO_STORE | {"Content-Security-Policy": _PAGE_POLICY},
    )


def _row(message: Message) -> dict[str, Any]:
    """A message as the list shows it."""
    first = message.recipients[0] if message.recipients else ""
    preview = " ".join(URL.sub("", message.text or "").split())
    when = message.date or message.received_at
    return {
        "number": message.number,
        "to": ", ".join(message.recipients),
        "first": first,
        "initial": (first[:1] or "?").upper(),
        "hue": int.from_bytes(hashlib.sha256(first.encode()).digest()[:2]) % 360,
        "sender": str(message.parsed["from"] or message.sender),
        "subject": message.subject or "(no subject)",
        "preview": preview[:_PREVIEW],
        "day": f"{when:%a %d %b %Y}",
        "time": f"{when:%H:%M}",
        "zone": f"{when:%z}",
        "received": f"{message.received_at:%Y-%m-%d %H:%M:%S} UTC",
        "size": f"{len(message.raw) / 1024:.1f} KiB",
    }
