"""Any system that takes signed webhooks, by Standard Webhooks 1.0.0 (standardwebhooks.com)."""

import json
from datetime import datetime

from standardwebhooks.webhooks import Webhook

from services.messenger.model import Accepted, Letter, Outcome, Rejected
from services.messenger.providers.adapters import Answer, OpenDoor, Request
from services.messenger.providers.endpoint import Endpoint
from services.messenger.rules.http_answers import refusal

_GONE = 410
"""By that standard: whoever listens there wants no more."""


class SignedWebhook(OpenDoor):
    """`webhook+https://:whsec_BASE64@HOST/PATH`.

    A customer's address that is itself a URL is posted to, where its host is allowed
    (PROVIDER_HOSTS). `webhook-id` is the message's id, by which the receiver knows it again.
    """

    name = "webhook"
    honours_key = True

    def __init__(self, endpoint: Endpoint) -> None:
        """Raises ValueError."""
        if not endpoint.secret.startswith("whsec_"):
            raise ValueError("webhook wants :whsec_BASE64@ before the host")
        self._url = endpoint.url
        self._signer = Webhook(endpoint.secret)

    def request(self, letter: Letter, now: datetime) -> Request:
        """One event."""
        own = letter.recipient.startswith(("https://", "http://"))
        event = {
            "type": "message.requested",
            "timestamp": now.isoformat(),
            "data": {
                "message_id": letter.message_id,
                "from": letter.sender,
                "to": letter.recipient,
                "text": letter.copy.decode(),
            },
        }
        body = json.dumps(event, ensure_ascii=False)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": letter.message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(letter.message_id, now, body),
        }
        return Request(letter.recipient if own else self._url, body.encode(), headers)

    def judge(self, letter: Letter, answer: Answer) -> Outcome:
        """By status alone."""
        refused = refusal(answer.status)
        if isinstance(refused, Rejected) and answer.status == _GONE:
            return Rejected("provider_refused", str(_GONE), retryable=False, dead_address=True)
        return refused or Accepted(letter.message_id)
