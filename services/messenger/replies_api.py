"""Answers over HTTP: taken from whoever receives them, and shown to the people at the desk."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.messenger import message_store
from services.messenger.customers import Customers, Gone
from services.messenger.handlers import answers, replies
from services.messenger.links import LinkKind
from services.messenger.tables import MessageRow, ReplyRow
from services.runtime.security import Caller, require
from services.runtime.web import Problem

Publisher = Annotated[Caller, Depends(require("publish"))]
AtDesk = Annotated[Caller, Depends(require("desk"))]

LARGEST_REPLY = 100_000
"""Characters of one answer."""
LARGEST_BODY = 1 << 20
SHOWN = 200


class Reply(BaseModel):
    """What a person answered to a message."""

    model_config = ConfigDict(extra="forbid")

    message_id: str | None = Field(None, max_length=200)
    token: str | None = Field(None, max_length=1000, description="Of the preferences link.")
    text: str = Field(min_length=1, max_length=LARGEST_REPLY)

    @model_validator(mode="after")
    def _names_its_message(self) -> "Reply":
        if (self.message_id is None) == (self.token is None):
            raise ValueError("give message_id or token")
        return self


class Said(BaseModel):
    """One answer as the desk sees it."""

    reply_id: str
    message_id: str
    obligation_ids: tuple[str, ...]
    at: datetime
    via: str
    intent: str
    also: tuple[str, ...]
    attachments: int
    text: str


def add_to(api: FastAPI, customers: Customers, listening: replies.Listening) -> None:
    """Add the routes."""

    @api.post(
        "/replies",
        status_code=202,
        tags=["internal"],
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": Reply.model_json_schema()}},
            }
        },
    )
    async def reply(caller: Publisher, request: Request) -> dict[str, Any]:
        """Take a person's answer: STOP at once, all else as docs/answers.md says."""
        answer = _answer(await body_of(request, LARGEST_BODY))
        return await run_in_threadpool(take, caller, answer)

    def take(caller: Caller, answer: Reply) -> dict[str, Any]:
        try:
            message_id = (
                answer.message_id
                or customers.token(LinkKind.PREFERENCES, answer.token or "").message_id
            )
            may_touch(caller, answers.find(customers.context, message_id))
            understood = replies.take(customers.context, message_id, answer.text, listening)
        except (answers.NotKnown, Gone):
            raise Problem(404, "Not known", "No such message, or the token is not good.") from None
        return {
            "message_id": message_id,
            "intent": understood.intent.value,
            "also": [one.value for one in understood.also],
        }

    @api.get("/conversations/{customer}", tags=["internal"])
    def conversation(
        caller: AtDesk, customer: str, tenant: str = "default"
    ) -> dict[str, list[Said]]:
        """What a customer has written, newest first; their words rest nowhere else."""
        if not caller.may_see(tenant):
            raise Problem(403, "Refused", f"This token is bound to tenant {caller.tenant}.")
        with customers.context.unit() as work:
            found = message_store.replies(work.session, tenant, customer, SHOWN)
        return {"replies": [_said(reply, obligations) for reply, obligations in found]}


def may_touch(caller: Caller, message: MessageRow) -> None:
    """Raise Problem unless the caller may see the message's tenant."""
    if not caller.may_see(message.tenant):
        raise Problem(403, "Refused", f"This token is bound to tenant {caller.tenant}.")


async def body_of(request: Request, largest: int) -> bytes:
    """The request's body. Raises Problem where it has more bytes than that."""
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > largest:
            raise Problem(413, "Too large", f"It may have {largest} bytes at the most.")
    return bytes(received)


def _answer(content: bytes) -> Reply:
    try:
        return Reply.model_validate_json(content)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in fault["loc"]) or "body"
        raise Problem(422, "Invalid request", f"{where}: {fault['msg']}") from None


def _said(reply: ReplyRow, obligations: Sequence[str]) -> Said:
    return Said(
        reply_id=reply.reply_id,
        message_id=reply.message_id,
        obligation_ids=tuple(obligations),
        at=reply.at,
        via=reply.via,
        intent=reply.intent,
        also=tuple(reply.also),
        attachments=reply.attachments,
        text=reply.words,
    )
