"""The exact copy of a message, for the desk: what the customer read, and that it is unchanged."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Annotated, Any

from fastapi import Depends, FastAPI

from services.messenger.handlers import answers
from services.messenger.mail import content_hash
from services.playbooks.model import IN_FULL
from services.runtime.context import Context
from services.runtime.security import Caller, require
from services.runtime.web import Problem

Desk = Annotated[Caller, Depends(require("desk"))]


def add_to(api: FastAPI, context: Context) -> None:
    """Add the route."""

    @api.get("/messages/{message_id}/copy", tags=["internal"])
    def copy(caller: Desk, message_id: str) -> dict[str, Any]:
        """Subject, text and HTML as they were rendered; of what is no mail, the text.

        intact: the copy has the hash that `message.intended` told.
        """
        try:
            found = answers.find(context, message_id)
        except answers.NotKnown:
            raise Problem(404, "Not known", "No such message.") from None
        if not caller.may_see(found.tenant):
            raise Problem(403, "Refused", f"This token is bound to tenant {caller.tenant}.")
        if not found.copy_:
            raise Problem(410, "Erased", "The customer is forgotten; the copy's hash is kept.")
        told = {
            "message_id": message_id,
            "tenant": found.tenant,
            "customer": found.customer,
            "checked_at": found.checked_at.isoformat(),
            "content_sha256": found.content_sha256,
            "intact": content_hash(found.copy_) == found.content_sha256,
        }
        if found.channel not in IN_FULL:
            return {**told, "subject": None, "text": found.copy_.decode(), "html": None}
        mail = message_from_bytes(found.copy_, _class=EmailMessage, policy=default)
        return {
            **told,
            "subject": mail["Subject"],
            "text": _part(mail, "plain"),
            "html": _part(mail, "html"),
        }


def _part(mail: EmailMessage, kind: str) -> str | None:
    part = mail.get_body((kind,))
    return part.get_content() if part else None
