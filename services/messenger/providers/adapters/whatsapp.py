"""Chat by WhatsApp's Cloud API."""

import json
from datetime import datetime
from typing import Any

from services.messenger.model import Accepted, Doubtful, Letter, Outcome, Rejected
from services.messenger.providers.adapters import Answer, OpenDoor, Request, Unsendable
from services.messenger.providers.endpoint import NUMBER, Endpoint
from services.messenger.rules.http_answers import refusal


class WhatsApp(OpenDoor):
    """`whatsapp+https://:TOKEN@graph.facebook.com/v23.0/NUMBER_ID/messages?template=NAME`.

    template: one that Meta has approved, whose body is a single blank for the text: without one,
    only customers who wrote within the last day can be reached. language: the template's, `en`.
    """

    name = "whatsapp"
    honours_key = False

    def __init__(self, endpoint: Endpoint) -> None:
        """Raises ValueError."""
        if not endpoint.secret:
            raise ValueError("whatsapp wants :TOKEN@ before the host")
        self._url = endpoint.url
        self._template = endpoint.options.get("template")
        self._language = endpoint.options.get("language", "en")
        self._headers = {
            "Authorization": f"Bearer {endpoint.secret}",
            "Content-Type": "application/json",
        }

    def request(self, letter: Letter, now: datetime) -> Request:
        """A text, or the template with the text in its blank."""
        del now
        if not NUMBER.fullmatch(letter.recipient):
            raise Unsendable("address_not_usable")
        body = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": letter.recipient.removeprefix("+"),
            # Comes back with each report on the message.
            "biz_opaque_callback_data": letter.message_id,
            **self._content(letter.copy.decode()),
        }
        return Request(self._url, json.dumps(body).encode(), self._headers)

    def _content(self, text: str) -> dict[str, Any]:
        if self._template is None:
            return {"type": "text", "text": {"preview_url": False, "body": text}}
        # A template's blank takes one line.
        blank = {"type": "text", "text": " ".join(text.split())}
        return {
            "type": "template",
            "template": {
                "name": self._template,
                "language": {"code": self._language},
                "components": [{"type": "body", "parameters": [blank]}],
            },
        }

    def judge(self, letter: Letter, answer: Answer) -> Outcome:
        """By status; what was taken has an id."""
        del letter
        content = answer.content or {}
        if (refused := refusal(answer.status)) is None:
            taken = content.get("messages")
            first = taken[0] if isinstance(taken, list) and taken else None
            known = first.get("id") if isinstance(first, dict) else None
            return Accepted(known) if isinstance(known, str) else Doubtful("answer_unreadable")
        error = content.get("error")
        code = error.get("code") if isinstance(error, dict) else None
        if isinstance(refused, Rejected) and isinstance(code, int):
            return Rejected(refused.reason, f"{answer.status} {code}", refused.retryable)
        return refused
