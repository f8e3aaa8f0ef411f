"""Where providers tell of deliveries and answers, each in its own form."""

from collections.abc import Mapping, Sequence

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, PlainTextResponse

from services.messenger.handlers import webhooks
from services.messenger.handlers.intake import Letterbox
from services.messenger.providers.doors import Call, Door, Forged, Receipt, Told, Unreadable
from services.messenger.replies_api import body_of
from services.runtime.context import Context
from services.runtime.web import Problem

LARGEST_WEBHOOK = 256 << 10


def add_to(
    api: FastAPI, context: Context, here: str, doors: Mapping[str, Door], letterbox: Letterbox
) -> None:
    """Add the routes. here: base of the addresses by which providers know us."""

    def door_of(provider: str) -> Door:
        if provider not in doors:
            raise Problem(401, "Not signed", "No such provider may tell anything here.")
        return doors[provider]

    @api.get("/webhooks/{provider}", tags=["providers"])
    def challenge(provider: str, request: Request) -> Response:
        """Say that the address is ours, to a provider who asks with our token."""
        try:
            return PlainTextResponse(door_of(provider).challenged(request.query_params))
        except Forged:
            raise Problem(403, "Refused", "The token is not ours.") from None

    @api.post("/webhooks/{provider}", tags=["providers"])
    async def webhook(provider: str, request: Request) -> Response:
        """Take what a provider tells, signed as it signs; each report and answer once."""
        door, query = door_of(provider), request.url.query
        call = Call(
            f"{here}{request.url.path}{'?' if query else ''}{query}",
            request.headers,
            await body_of(request, LARGEST_WEBHOOK),
        )
        try:
            door.verify(call, context.clock.real())
            told = door.read(call)
        except Forged:
            raise Problem(401, "Not signed", "The signature or its time is wrong.") from None
        except Unreadable as error:
            raise Problem(422, "Invalid request", str(error)) from None
        known = await run_in_threadpool(take, provider, told)
        if door.thanks is not None:
            return Response(door.thanks.body, media_type=door.thanks.media_type)
        return JSONResponse({"status": "accepted" if known else "no such message"})

    def take(provider: str, told: Sequence[Told]) -> bool:
        known = True
        for one in told:
            if isinstance(one, Receipt):
                known &= webhooks.take(context, provider, one, letterbox.patience)
            else:
                letterbox.keep_text(provider, one)
        return known
