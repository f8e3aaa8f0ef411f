"""A customer's own messages over HTTP, for the portal alone.

Who asks shows no token of an operator but a pass: the portal signs one for a visitor who has just
proved who they are. It names one customer, holds for a moment, and opens nothing else.
"""

from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.messenger.handlers import inbox
from services.messenger.handlers.answers import NotKnown
from services.messenger.handlers.inbox import Holder
from services.messenger.handlers.replies import Listening
from services.runtime.context import Context
from services.runtime.security import InvalidToken
from services.runtime.web import Problem

PASS = "inbox"
"""Purpose of the signed pass: {t: tenant, c: [customer ids]}, by real time."""


def holder(request: Request) -> Holder:
    """Whose messages may be seen; 401 without a pass that is genuine and in force."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    context: Context = request.app.state.context
    try:
        if kind.lower() != "bearer":
            raise InvalidToken
        found = context.signer.verify(PASS, token.strip(), context.clock.real())
        return Holder(str(found["t"]), tuple(map(str, found["c"])))
    except (InvalidToken, KeyError, TypeError):
        raise HTTPException(
            401, "Send Authorization: Bearer PASS.", {"WWW-Authenticate": "Bearer"}
        ) from None


LONGEST_ANSWER = 4000
"""Characters."""
Visitor = Annotated[Holder, Depends(holder)]


class Words(BaseModel):
    """What they answer to a message."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=LONGEST_ANSWER)


def add_to(api: FastAPI, context: Context, listening: Listening) -> None:
    """Add the routes."""

    @api.get("/inbox", tags=["internal"])
    def messages(who: Visitor, response: Response, before: str | None = None) -> dict[str, Any]:
        """Their messages, newest first, a page at a time."""
        response.headers["Cache-Control"] = "no-store"
        return inbox.page(context, who, before)

    @api.get("/inbox/{message_id}", tags=["internal"])
    def message(who: Visitor, response: Response, message_id: str) -> dict[str, Any]:
        """One of them, word for word. Looking at it changes nothing."""
        response.headers["Cache-Control"] = "no-store"
        try:
            return inbox.one(context, who, message_id)
        except NotKnown:
            raise _unknown() from None

    @api.post("/inbox/{message_id}/read", status_code=204, tags=["internal"])
    def read(who: Visitor, message_id: str) -> None:
        """They say that they have read it."""
        try:
            inbox.mark_read(context, who, message_id)
        except NotKnown:
            raise _unknown() from None

    @api.post("/inbox/{message_id}/reply", status_code=202, tags=["internal"])
    def reply(who: Visitor, message_id: str, said: Words) -> dict[str, str]:
        """They answer it: heard as any answer is, STOP before anything else."""
        try:
            inbox.reply(context, who, message_id, said.text, listening)
        except NotKnown:
            raise _unknown() from None
        return {"status": "heard"}


def _unknown() -> Problem:
    return Problem(404, "Not known", "No such message of theirs.")
